package wire

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// ReadXML reads an XML document with the given root element into shape, a pointer
// to a struct, which is emptied first. Unknown elements and attributes, order,
// comments and namespaces are passed over. Whatever is wrong with the body is an
// [*Error], and shape is then in no defined state.
func ReadXML(body io.Reader, root string, shape any, limits Limits) error {
	limits = limits.withDefaults()
	v, p := intoShape(shape)
	data, err := readAll(body, limits)
	if err != nil {
		return err
	}
	r := &xmlReader{
		decoder: xml.NewDecoder(bytes.NewReader(data)),
		budget:  limits.budget(),
	}
	r.decoder.CharsetReader = r.charset
	return r.document(root, p, v)
}

type xmlReader struct {
	decoder *xml.Decoder
	budget  budget
}

// token reads the next piece; io.EOF comes outside of the root element only. A tag
// is read as a whole, however many attributes it has: the decoder cannot be stopped
// within one.
func (r *xmlReader) token() (xml.Token, error) {
	token, err := r.decoder.Token()
	if errors.Is(err, io.EOF) {
		return nil, err
	}
	if err != nil {
		return nil, r.malformed(err)
	}
	pieces := 1
	if start, begins := token.(xml.StartElement); begins {
		pieces += len(start.Attr)
	}
	return token, r.budget.take(pieces)
}

// document reads the one root element and makes sure that nothing else is there.
func (r *xmlReader) document(root string, p *plan, v reflect.Value) error {
	found := false
	for {
		token, err := r.token()
		if errors.Is(err, io.EOF) && found {
			return nil
		}
		if errors.Is(err, io.EOF) {
			return problem(Malformed, "The XML body has no root element.")
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if found {
				return problem(Malformed, "The XML body has a second root element <%s>.", shorten(token.Name.Local))
			}
			if token.Name.Local != root {
				return problem(WrongRoot, "The root element of the XML body is <%s>, it should be <%s>.", shorten(token.Name.Local), root)
			}
			found = true
			if err := r.structure(token, p, v, 1); err != nil {
				return at(root, err)
			}
		case xml.CharData:
			if len(bytes.TrimSpace(token)) > 0 {
				return problem(Malformed, "The XML body has text outside of its root element.")
			}
		case xml.Directive:
			return refuseDirective()
		}
	}
}

func refuseDirective() error {
	return problem(Malformed, "Document type definitions and entities are not accepted in an XML body.")
}

// malformed turns the decoder's error into one of ours.
func (r *xmlReader) malformed(err error) error {
	if fault, ok := errors.AsType[*Error](err); ok {
		return fault // from charset
	}
	if syntax, ok := errors.AsType[*xml.SyntaxError](err); ok {
		return problem(Malformed, "The XML body is malformed at line %d: %s.", syntax.Line, withoutQuotes(syntax.Msg))
	}
	return problem(Malformed, "The XML body is malformed at byte %d.", r.decoder.InputOffset())
}

// quoting are the beginnings of the decoder's errors that go on with a piece of the
// body. It may be one of a password in which a character was not escaped, and errors
// are logged; so something else is said.
var quoting = map[string]string{
	"invalid character entity":   "invalid character entity; & is written &amp;",
	"invalid XML name":           "invalid XML name",
	"element <":                  "an element is closed by another name",
	"unexpected end element":     "an element ends that has not begun",
	"invalid characters between": "invalid characters in the end of an element",
}

func withoutQuotes(text string) string {
	for beginning, instead := range quoting {
		if strings.HasPrefix(text, beginning) {
			return instead
		}
	}
	return text
}

// charset serves the declared encodings that clients with old XML libraries use.
// UTF-8 does not come here.
func (r *xmlReader) charset(name string, input io.Reader) (io.Reader, error) {
	var highest byte
	switch strings.ToLower(name) {
	case "us-ascii", "ascii":
		highest = 0x7f
	case "iso-8859-1", "latin1":
		highest = 0xff
	default:
		return nil, problem(Malformed, "The XML body is in the encoding %q, it should be in UTF-8.", shorten(name))
	}
	data, err := io.ReadAll(input)
	if err != nil {
		return nil, fmt.Errorf("reading XML in %s: %w", name, err)
	}
	text := make([]byte, 0, len(data)+len(data)/8)
	for _, c := range data {
		if c > highest {
			return nil, problem(Malformed, "The XML body is not valid %s.", name)
		}
		text = utf8.AppendRune(text, rune(c))
	}
	return bytes.NewReader(text), nil
}

// structure reads the element that start began into the struct v.
func (r *xmlReader) structure(start xml.StartElement, p *plan, v reflect.Value, depth int) error {
	if err := r.budget.checkDepth(depth); err != nil {
		return err
	}
	for _, attribute := range start.Attr {
		if f := p.attributeNamed[attribute.Name.Local]; f != nil && attribute.Name.Space == "" {
			if err := r.scalar(f, v, attribute.Value); err != nil {
				return at("@"+f.name, err)
			}
		}
	}
	if p.value != nil {
		text, err := r.text(depth)
		if err != nil || text == "" && p.value.kind != textKind {
			return err
		}
		return r.scalar(p.value, v, text)
	}
	for {
		token, err := r.token()
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case xml.StartElement:
			if err := r.child(token, p, v, depth+1); err != nil {
				return err
			}
		case xml.EndElement:
			return nil
		case xml.Directive:
			return refuseDirective()
		}
	}
}

func (r *xmlReader) child(start xml.StartElement, p *plan, v reflect.Value, depth int) error {
	f := p.elementNamed[start.Name.Local]
	if f == nil {
		return r.skip(depth)
	}
	if f.kind == structKind {
		target, err := r.budget.place(f, v)
		if err == nil {
			err = r.structure(start, f.plan, target, depth)
		}
		return at(f.name, err)
	}
	text, err := r.text(depth)
	if err == nil {
		err = r.scalar(f, v, text)
	}
	return at(f.name, err)
}

func (r *xmlReader) scalar(f *field, v reflect.Value, text string) error {
	target, err := r.budget.place(f, v)
	if err != nil {
		return err
	}
	return f.set(target, text)
}

// text returns the text directly inside the element just begun, to its end.
// Elements in between are unknown ones.
func (r *xmlReader) text(depth int) (string, error) {
	if err := r.budget.checkDepth(depth); err != nil {
		return "", err
	}
	var text []byte
	for {
		token, err := r.token()
		if err != nil {
			return "", err
		}
		switch token := token.(type) {
		case xml.CharData:
			text = append(text, token...)
		case xml.StartElement:
			if err := r.skip(depth + 1); err != nil {
				return "", err
			}
		case xml.EndElement:
			return string(text), nil
		case xml.Directive:
			return "", refuseDirective()
		}
	}
}

// skip passes over the element just begun, which lies at the given depth.
func (r *xmlReader) skip(depth int) error {
	for outside := depth - 1; depth > outside; {
		if err := r.budget.checkDepth(depth); err != nil {
			return err
		}
		token, err := r.token()
		if err != nil {
			return err
		}
		switch token.(type) {
		case xml.StartElement:
			depth++
		case xml.EndElement:
			depth--
		case xml.Directive:
			return refuseDirective()
		}
	}
	return nil
}
