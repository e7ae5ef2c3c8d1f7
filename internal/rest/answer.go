package rest

import (
	"strings"

	"vireo/internal/rest/wire"
)

// answer is what a handler returns.
type answer struct {
	// code is the HTTP code; 0 is 200.
	code int
	// root names the root element of shape; without a shape there is no body.
	root  string
	shape any
	// text, if set, is written instead of shape, as it is; media is what it is.
	text  []byte
	media string
	// list, if set, is written instead of shape: a collection in pieces.
	list *list
	// location is the address of what was created.
	location string
	// links become the header Link.
	links string
	// reason is for the log: why it was refused.
	reason error
}

// list is a collection whose items are shown and rendered one by one.
type list struct {
	// head is the shape of the collection without its items; item names those.
	head any
	item string
	// each calls emit with the shape of every item.
	each func(emit func(shape any)) error
}

// render writes the body of an answer.
func (a *answer) render(out *body, f format, json wire.JSON) error {
	switch {
	case a.text != nil:
		out.add(func(dst []byte) []byte { return append(dst, a.text...) })
	case a.list != nil:
		return a.list.render(out, a.root, f, json)
	case a.shape == nil:
	case f == jsonFormat:
		out.add(func(dst []byte) []byte { return wire.AppendJSON(dst, a.shape, json) })
	default:
		out.add(func(dst []byte) []byte { return wire.AppendXML(dst, a.root, a.shape) })
	}
	return nil
}

// render puts a collection together: what stands before the items, the items and
// what stands after them. A collection of nothing is <vms/>, or {}.
func (l *list) render(out *body, root string, f format, json wire.JSON) error {
	frame := l.frame(root, f, json)
	items := 0
	err := l.each(func(shape any) {
		between := frame.between
		if items == 0 {
			between = frame.before
		}
		items++
		out.add(func(dst []byte) []byte {
			dst = append(dst, between...)
			if text, done := shape.(rendered); done {
				return append(dst, text...)
			}
			if f == jsonFormat {
				return wire.AppendJSON(dst, shape, json)
			}
			return wire.AppendXMLElement(dst, l.item, shape, 1)
		})
	})
	if err != nil {
		return err
	}
	out.add(func(dst []byte) []byte {
		if items == 0 {
			return append(dst, frame.empty...)
		}
		return append(dst, frame.after...)
	})
	return nil
}

// frame is what a collection is besides its items, and all of it without any.
type frame struct {
	before, between, after, empty string
}

func (l *list) frame(root string, f format, json wire.JSON) frame {
	if f == jsonFormat {
		empty := string(wire.AppendJSON(nil, l.head, json))
		before := strings.TrimSuffix(empty, "}")
		if before != "{" {
			before += ","
		}
		return frame{before: before + `"` + l.item + `":[`, between: ",", after: "]}", empty: empty}
	}
	empty := string(wire.AppendXML(nil, root, l.head))
	after := "</" + root + ">\n"
	before, alone := strings.CutSuffix(empty, "/>\n")
	if alone = alone && strings.HasSuffix(before, "<"+root); alone {
		before += ">\n"
	} else {
		before = strings.TrimSuffix(empty, after)
	}
	return frame{before: before, after: after, empty: empty}
}
