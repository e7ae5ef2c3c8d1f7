package rest

import (
	"net/http"
	"slices"
	"strings"

	"vireo/internal/engine"
	"vireo/internal/model"
)

// handler answers one method of a route. The error becomes a refusal.
type handler func(*request) (*answer, error)

// route is one row of the table: a path and what can be done there.
type route struct {
	// path is relative to the root; {name} stands for an id.
	path string
	// noun is what the route shows one of, if links or actions belong to it.
	noun string
	// get, post, put and delete answer the methods; nil is not allowed. Those
	// that write name their command instead, and exist if the engine has it.
	get    handler
	post   *write
	put    *write
	delete *write
	// search says that the collection can be searched.
	search bool
	// hidden routes are not linked to.
	hidden bool
	// viewer says that it can be had as a file for remote-viewer.
	viewer bool
	// free ids are no UUIDs.
	free []string
	// action is the command of an action's route.
	action *engine.Command

	segments []string
}

// write is a method that is a command of the engine.
type write struct {
	on   model.Kind
	name string
	do   handler
}

// table is all routes, found by their segments.
type table struct {
	routes []*route
	tree   *branch
}

// branch is a segment of the paths in a table: more specific words first.
type branch struct {
	words       map[string]*branch
	placeholder *branch
	name        string
	route       *route
}

func newTable(routes []*route) *table {
	t := &table{routes: routes, tree: &branch{}}
	for _, r := range routes {
		r.segments = nil
		if r.path != "" {
			r.segments = strings.Split(r.path, "/")
		}
		at := t.tree
		for _, segment := range r.segments {
			at = at.grow(segment)
		}
		if at.route != nil {
			panic("rest: the route " + r.path + " is there twice")
		}
		at.route = r
	}
	return t
}

func (b *branch) grow(segment string) *branch {
	if name, isPlaceholder := placeholder(segment); isPlaceholder {
		if b.placeholder == nil {
			b.placeholder = &branch{}
			b.name = name
		}
		if b.name != name {
			panic("rest: routes name the same place {" + b.name + "} and {" + name + "}")
		}
		return b.placeholder
	}
	if b.words == nil {
		b.words = map[string]*branch{}
	}
	if b.words[segment] == nil {
		b.words[segment] = &branch{}
	}
	return b.words[segment]
}

func placeholder(segment string) (string, bool) {
	if strings.HasPrefix(segment, "{") {
		return strings.Trim(segment, "{}"), true
	}
	return "", false
}

// find finds the route of a path and what its placeholders stand for.
func (t *table) find(segments []string) (*route, map[string]string) {
	at := t.tree
	var ids map[string]string
	for _, segment := range segments {
		if next := at.words[segment]; next != nil {
			at = next
			continue
		}
		if at.placeholder == nil {
			return nil, nil
		}
		if ids == nil {
			ids = make(map[string]string, 2)
		}
		ids[at.name] = segment
		at = at.placeholder
	}
	return at.route, ids
}

// handler finds what answers a method.
func (r *route) handler(method string) handler {
	switch method {
	case http.MethodGet, http.MethodHead:
		return r.get
	case http.MethodPost:
		return r.post.handler()
	case http.MethodPut:
		return r.put.handler()
	case http.MethodDelete:
		return r.delete.handler()
	}
	return nil
}

func (w *write) handler() handler {
	if w == nil {
		return nil
	}
	return w.do
}

// allow is the header Allow.
func (r *route) allow() string {
	var methods []string
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodDelete} {
		if r.handler(method) != nil {
			methods = append(methods, method)
		}
	}
	return strings.Join(append(methods, http.MethodOptions), ", ")
}

// children are the routes one fixed segment below r, in the table's order.
func (t *table) children(r *route) []*route {
	var found []*route
	for _, other := range t.routes {
		if len(other.segments) != len(r.segments)+1 || !slices.Equal(other.segments[:len(r.segments)], r.segments) {
			continue
		}
		if _, variable := placeholder(other.segments[len(r.segments)]); !variable && !other.hidden {
			found = append(found, other)
		}
	}
	return found
}

// rels lists the sub-collections, or the actions, of each noun.
func (t *table) rels(actions bool) map[string][]string {
	rels := map[string][]string{}
	for _, r := range t.routes {
		if r.noun == "" {
			continue
		}
		for _, child := range t.children(r) {
			if (child.action != nil) == actions {
				rels[r.noun] = append(rels[r.noun], child.segments[len(child.segments)-1])
			}
		}
	}
	return rels
}
