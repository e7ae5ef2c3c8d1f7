package wire

import (
	"reflect"
	"unicode/utf8"
)

// Declaration is the first line of every XML document, to the letter: the
// version 3 SDK recognises a fault only behind it (reference clients, 1.4).
const Declaration = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"

// AppendXML appends the XML document of shape, a struct or a pointer to one, with
// the given root element: indented by four spaces, one element a line. It panics
// if shape cannot be represented; see [Prepare].
func AppendXML(dst []byte, root string, shape any) []byte {
	dst = append(dst, Declaration...)
	return AppendXMLElement(dst, root, shape, 0)
}

// AppendXMLElement appends one element without a declaration, indented for the
// given depth below the root. A document put together from such pieces equals the
// one that [AppendXML] writes.
func AppendXMLElement(dst []byte, name string, shape any, depth int) []byte {
	v := addressable(shape)
	return appendStruct(dst, name, planOf(v.Type()), v, depth)
}

// addressable returns the struct that shape is or points to. A nil pointer is an
// empty struct.
func addressable(shape any) reflect.Value {
	v := reflect.ValueOf(shape)
	switch {
	case v.Kind() != reflect.Pointer:
		copied := reflect.New(v.Type())
		copied.Elem().Set(v)
		return copied.Elem()
	case v.IsNil():
		return reflect.New(v.Type().Elem()).Elem()
	default:
		return v.Elem()
	}
}

const blanks = "                                                                " // 16 levels

func indent(dst []byte, depth int) []byte {
	for depth *= 4; depth > len(blanks); depth -= len(blanks) {
		dst = append(dst, blanks...)
	}
	return append(dst, blanks[:depth]...)
}

func appendStruct(dst []byte, name string, p *plan, v reflect.Value, depth int) []byte {
	dst = indent(dst, depth)
	dst = append(dst, '<')
	dst = append(dst, name...)
	for _, f := range p.attributes {
		dst = appendAttribute(dst, f, f.in(v))
	}
	if p.value != nil {
		return appendValue(dst, name, p.value, p.value.in(v))
	}
	opened := len(dst)
	dst = append(dst, '>', '\n')
	content := len(dst)
	for _, f := range p.elements {
		dst = appendElements(dst, f, f.in(v), depth+1)
	}
	if len(dst) == content {
		return append(dst[:opened], "/>\n"...)
	}
	dst = indent(dst, depth)
	dst = append(dst, '<', '/')
	dst = append(dst, name...)
	return append(dst, '>', '\n')
}

func appendAttribute(dst []byte, f *field, v reflect.Value) []byte {
	if f.pointer {
		if v.IsNil() {
			return dst
		}
		v = v.Elem()
	}
	if f.absent(v) {
		return dst
	}
	dst = append(dst, f.attribute...)
	if f.kind == textKind {
		dst = escapeXML(dst, v.String(), &attributeEscapes)
	} else {
		dst = f.appendPlain(dst, v)
	}
	return append(dst, '"')
}

// appendValue appends the text of an element that has attributes, and closes it.
func appendValue(dst []byte, name string, f *field, v reflect.Value) []byte {
	if f.pointer {
		if v.IsNil() {
			return append(dst, "/>\n"...)
		}
		v = v.Elem()
	}
	opened := len(dst)
	dst = append(dst, '>')
	content := len(dst)
	switch {
	case f.absent(v):
	case f.kind == textKind:
		dst = escapeXML(dst, v.String(), &textEscapes)
	default:
		dst = f.appendPlain(dst, v)
	}
	if len(dst) == content {
		return append(dst[:opened], "/>\n"...)
	}
	dst = append(dst, '<', '/')
	dst = append(dst, name...)
	return append(dst, '>', '\n')
}

func appendElements(dst []byte, f *field, v reflect.Value, depth int) []byte {
	if !f.slice {
		return appendElement(dst, f, v, depth)
	}
	for i := range v.Len() {
		dst = appendElement(dst, f, v.Index(i), depth)
	}
	return dst
}

func appendElement(dst []byte, f *field, v reflect.Value, depth int) []byte {
	if f.pointer {
		if v.IsNil() {
			return dst
		}
		v = v.Elem()
	}
	if f.absent(v) {
		return dst
	}
	if f.kind == structKind {
		return appendStruct(dst, f.name, f.plan, v, depth)
	}
	dst = indent(dst, depth)
	opened := len(dst)
	dst = append(dst, f.start...)
	if f.kind != textKind {
		dst = f.appendPlain(dst, v)
		return append(dst, f.end...)
	}
	if v.Len() == 0 {
		dst = append(dst[:opened], '<')
		dst = append(dst, f.name...)
		return append(dst, "/>\n"...)
	}
	dst = escapeXML(dst, v.String(), &textEscapes)
	return append(dst, f.end...)
}

// escapes holds, per ASCII character, what is written instead of it; "" keeps it.
type escapes [128]string

var textEscapes, attributeEscapes = makeEscapes()

// Line breaks in text stay readable; in attributes a parser would turn them into
// blanks, and a carriage return into a line feed anywhere.
func makeEscapes() (text, attribute escapes) {
	for c := range 0x20 {
		text[c] = "\uFFFD" // no such character in XML 1.0
	}
	text['\t'], text['\n'], text['\r'] = "", "", "&#xD;"
	text['&'], text['<'], text['>'] = "&amp;", "&lt;", "&gt;"
	attribute = text
	attribute['\t'], attribute['\n'], attribute['"'] = "&#x9;", "&#xA;", "&quot;"
	return text, attribute
}

func escapeXML(dst []byte, text string, table *escapes) []byte {
	written := 0
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c >= 0x80 {
			dst = append(dst, text[written:i]...)
			return escapeUnicode(dst, text[i:], table)
		}
		if escape := table[c]; escape != "" {
			dst = append(dst, text[written:i]...)
			dst = append(dst, escape...)
			written = i + 1
		}
	}
	return append(dst, text[written:]...)
}

// escapeUnicode is escapeXML for text that is not all ASCII. Ranging over the
// text already turns what is not UTF-8 into U+FFFD.
func escapeUnicode(dst []byte, text string, table *escapes) []byte {
	for _, r := range text {
		switch {
		case r < 0x80 && table[r] != "":
			dst = append(dst, table[r]...)
		case r == 0xFFFE || r == 0xFFFF:
			dst = append(dst, "\uFFFD"...)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return dst
}
