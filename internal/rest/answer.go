package rest

import (
	"vireo/internal/rest/wire"
)

// answer is what a handler returns.
type answer struct {
	// code is the HTTP code; 0 is 200.
	code int
	// root names the root element of shape; without a shape there is no body.
	root  string
	shape any
	// list, if set, is written instead of shape: a collection in pieces.
	list *list
	// location is the address of what was created.
	location string
	// links become the header Link.
	links string
	// reason is for the log: why it was refused.
	reason error
}

// list is a collection whose items are rendered one by one, some of them long ago.
type list struct {
	// head is the shape of the collection without its items; item names those.
	head any
	item string
	// each calls emit with every rendered item.
	each func(emit func([]byte)) error
}

// render makes the body of an answer.
func (a *answer) render(f format) ([]byte, error) {
	switch {
	case a.list != nil:
		return a.list.render(a.root, f)
	case a.shape == nil:
		return nil, nil
	case f == jsonFormat:
		return wire.AppendJSON(nil, a.shape, wire.JSON{}), nil
	default:
		return wire.AppendXML(nil, a.root, a.shape), nil
	}
}

// renderItem renders one item of a collection as it stands in it.
func renderItem(f format, name string, shape any) []byte {
	if f == jsonFormat {
		return wire.AppendJSON(nil, shape, wire.JSON{})
	}
	return wire.AppendXMLElement(nil, name, shape, 1)
}

// render puts a collection together.
func (l *list) render(root string, f format) ([]byte, error) {
	if f == jsonFormat {
		return l.renderJSON()
	}
	out := wire.AppendXML(nil, root, l.head)
	empty := len("<"+root+"/>\n") + len(wire.Declaration)
	// The head is closed again: items come before its end tag.
	end := "</" + root + ">\n"
	if len(out) == empty {
		out = append(out[:len(out)-len("/>\n")], ">\n"...)
	} else {
		out = out[:len(out)-len(end)]
	}
	opened := len(out)
	items := 0
	err := l.each(func(item []byte) {
		out = append(out, item...)
		items++
	})
	if err != nil {
		return nil, err
	}
	if items == 0 && opened == empty-1 {
		return append(out[:len(out)-len(">\n")], "/>\n"...), nil
	}
	return append(out, end...), nil
}

func (l *list) renderJSON() ([]byte, error) {
	out := wire.AppendJSON(nil, l.head, wire.JSON{})
	out = out[:len(out)-1] // the closing brace
	comma := ","
	if len(out) == 1 {
		comma = ""
	}
	start := len(out)
	out = append(out, comma+`"`+l.item+`":[`...)
	first := len(out)
	err := l.each(func(item []byte) {
		if len(out) > first {
			out = append(out, ',')
		}
		out = append(out, item...)
	})
	if err != nil {
		return nil, err
	}
	if len(out) == first {
		return append(out[:start], '}'), nil
	}
	return append(out, ']', '}'), nil
}
