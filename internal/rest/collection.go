package rest

import (
	"vireo/internal/rest/v3"
	"vireo/internal/search"
)

// collection describes a collection to the one handler of lists.
type collection[T any] struct {
	// root and item are the names of the elements.
	root, item string
	// rows gives everything that the caller may see, in the default order.
	rows func(*request) ([]T, error)
	// show makes the shape of one of them.
	show func(*request, T) (any, error)
	// kind is set if the collection can be searched.
	kind *search.Kind
}

// get answers with the list: searched, cut to max, and with its size if that was
// asked for (api-v3 1.3, 1.7).
func (c collection[T]) get(r *request) (*answer, error) {
	rows, err := c.rows(r)
	if err != nil {
		return nil, err
	}
	if c.kind != nil {
		if rows, err = c.search(r, rows); err != nil {
			return nil, err
		}
	}
	limit, err := r.max()
	if err != nil {
		return nil, err
	}
	if limit >= 0 && limit < len(rows) {
		rows = rows[:limit]
	}
	head := v3.Collection{}
	if r.details.has("size") {
		head.Size = new(uint32(len(rows)))
	}
	if !r.details.main() {
		rows = nil
	}
	return &answer{root: c.root, list: &list{head: head, item: c.item, each: func(emit func(any)) error {
		for _, row := range rows {
			shape, err := c.show(r, row)
			if err != nil {
				return err
			}
			emit(shape)
		}
		return nil
	}}}, nil
}

// object answers with one object.
func object[T any](root string, find func(*request) (T, error), shape func(*request, T) (any, error)) handler {
	return func(r *request) (*answer, error) {
		found, err := find(r)
		if err != nil {
			return nil, err
		}
		made, err := shape(r, found)
		if err != nil {
			return nil, err
		}
		return &answer{root: root, shape: made}, nil
	}
}
