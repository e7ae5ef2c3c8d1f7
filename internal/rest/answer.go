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

// list is a collection whose items are rendered one by one.
type list struct {
	// head is the shape of the collection without its items; item names those.
	head any
	item string
	// count is how many items there are; append renders one of them at the end.
	count  int
	append func(dst []byte, index int) ([]byte, error)
}

// render writes the body of an answer.
func (a *answer) render(out *body, f format) error {
	switch {
	case a.list != nil && f == jsonFormat:
		return a.list.renderJSON(out)
	case a.list != nil:
		return a.list.renderXML(out, a.root)
	case a.shape == nil:
	case f == jsonFormat:
		out.add(func(dst []byte) []byte { return wire.AppendJSON(dst, a.shape, wire.JSON{}) })
	default:
		out.add(func(dst []byte) []byte { return wire.AppendXML(dst, a.root, a.shape) })
	}
	return nil
}

// appendItem renders one item of a collection as it stands in it.
func appendItem(dst []byte, f format, name string, shape any) []byte {
	if f == jsonFormat {
		return wire.AppendJSON(dst, shape, wire.JSON{})
	}
	return wire.AppendXMLElement(dst, name, shape, 1)
}

// renderXML puts a collection together: the head without its end, the items, and
// the end. A collection of nothing is <vms/>.
func (l *list) renderXML(out *body, root string) error {
	head := wire.AppendXML(nil, root, l.head)
	alone := len(wire.Declaration) + len("<"+root+"/>\n")
	if l.count == 0 {
		out.add(func(dst []byte) []byte { return append(dst, head...) })
		return nil
	}
	end := "</" + root + ">\n"
	if len(head) == alone {
		head = append(head[:alone-len("/>\n")], ">\n"...)
	} else {
		head = head[:len(head)-len(end)]
	}
	out.add(func(dst []byte) []byte { return append(dst, head...) })
	if err := l.items(out, ""); err != nil {
		return err
	}
	out.add(func(dst []byte) []byte { return append(dst, end...) })
	return nil
}

// renderJSON does the same in JSON, where a collection of nothing is {}.
func (l *list) renderJSON(out *body) error {
	head := wire.AppendJSON(nil, l.head, wire.JSON{})
	if l.count == 0 {
		out.add(func(dst []byte) []byte { return append(dst, head...) })
		return nil
	}
	head = head[:len(head)-len("}")]
	if len(head) > len("{") {
		head = append(head, ',')
	}
	head = append(head, `"`+l.item+`":[`...)
	out.add(func(dst []byte) []byte { return append(dst, head...) })
	if err := l.items(out, ","); err != nil {
		return err
	}
	out.add(func(dst []byte) []byte { return append(dst, "]}"...) })
	return nil
}

func (l *list) items(out *body, separator string) (err error) {
	for i := range l.count {
		out.add(func(dst []byte) []byte {
			if i > 0 {
				dst = append(dst, separator...)
			}
			dst, err = l.append(dst, i)
			return dst
		})
		if err != nil {
			return err
		}
	}
	return nil
}
