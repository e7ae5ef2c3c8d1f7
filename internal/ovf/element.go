package ovf

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strings"
)

// element is one element of a text. Names have their prefix when they are to be
// written, and none when they were read: readers must not insist on prefixes.
type element struct {
	name       string
	attributes []attribute
	text       string
	children   []*element
}

type attribute struct{ name, value string }

func node(name string, children ...*element) *element {
	return &element{name: name, children: children}
}

func leaf(name, text string) *element { return &element{name: name, text: text} }

// with adds attributes, name and value in turn.
func (e *element) with(pairs ...string) *element {
	for i := 0; i < len(pairs); i += 2 {
		e.attributes = append(e.attributes, attribute{pairs[i], pairs[i+1]})
	}
	return e
}

func (e *element) add(children ...*element) { e.children = append(e.children, children...) }

// first is the first child of that name; nil when there is none.
func (e *element) first(name string) *element {
	if e == nil {
		return nil
	}
	for _, child := range e.children {
		if child.name == name {
			return child
		}
	}
	return nil
}

// word is the text of the first child of that name, without space around it.
func (e *element) word(name string) string {
	if child := e.first(name); child != nil {
		return strings.TrimSpace(child.text)
	}
	return ""
}

// attribute is the value of an attribute, without space around it.
func (e *element) attribute(name string) string {
	if e == nil {
		return ""
	}
	for _, each := range e.attributes {
		if each.name == name {
			return strings.TrimSpace(each.value)
		}
	}
	return ""
}

// section is a child that is named so, or that is a Section of that type.
func (e *element) section(name string) *element {
	for _, child := range e.children {
		kind := child.attribute("type")
		if child.name == name || child.name == "Section" && strings.HasSuffix(kind, ":"+name+"_Type") {
			return child
		}
	}
	return nil
}

// write puts the element out, one line each, so that texts can be compared by people.
func (e *element) write(out *bytes.Buffer, indent string) {
	out.WriteString(indent + "<" + e.name)
	for _, each := range e.attributes {
		out.WriteString(" " + each.name + `="`)
		escape(out, each.value)
		out.WriteString(`"`)
	}
	switch {
	case len(e.children) > 0:
		out.WriteString(">\n")
		for _, child := range e.children {
			child.write(out, indent+" ")
		}
		out.WriteString(indent)
	case e.text == "":
		out.WriteString("/>\n")
		return
	default:
		out.WriteString(">")
		escape(out, e.text)
	}
	out.WriteString("</" + e.name + ">\n")
}

func escape(out *bytes.Buffer, text string) {
	_ = xml.EscapeText(out, []byte(text)) // a buffer takes everything
}

// What a text may have at most. A VM with everything has some hundred elements.
const (
	longestText  = 8 << 20
	mostElements = 200_000
	mostInOne    = 256 // attributes
	deepest      = 32
)

// parse reads a text into elements. It refuses what could make a small text large or
// lead out of it, and counts everything else.
func parse(text []byte) (*element, error) {
	if len(text) > longestText {
		return nil, invalid("it is longer than %d bytes", longestText)
	}
	decoder := xml.NewDecoder(bytes.NewReader(text))
	top := &element{}
	open := []*unfinished{{element: top}}
	for count := 0; ; {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, invalid("it is not well formed: %.200s", err)
		}
		inner := open[len(open)-1]
		switch token := token.(type) {
		case xml.Directive:
			return nil, invalid("it has a document type or entities of its own")
		case xml.StartElement:
			count++
			if count > mostElements || len(open) > deepest || len(token.Attr) > mostInOne {
				return nil, invalid("it has too many elements, or too many inside each other")
			}
			child := &element{name: token.Name.Local}
			for _, each := range token.Attr {
				name := each.Name.Local
				if each.Name.Space == namespaceOvirt {
					name = "ovirt:" + name // one that may stand beside another of the name
				}
				child.attributes = append(child.attributes, attribute{name, each.Value})
			}
			inner.add(child)
			open = append(open, &unfinished{element: child})
		case xml.EndElement:
			if len(inner.children) == 0 {
				inner.element.text = string(inner.text)
			}
			open = open[:len(open)-1]
		case xml.CharData:
			inner.text = append(inner.text, token...)
		}
	}
	if len(top.children) != 1 || top.children[0].name != "Envelope" {
		return nil, invalid("it is no Envelope")
	}
	return top.children[0], nil
}

// unfinished is an element whose end has not been read, with its text so far: comments
// can cut it into many pieces.
type unfinished struct {
	*element
	text []byte
}
