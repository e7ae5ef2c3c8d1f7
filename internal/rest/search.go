package rest

import (
	"errors"
	"net/url"
	"strings"
	"time"

	"vireo/internal/fault"
	"vireo/internal/search"
)

// query reads the search text and how to compare (api-v3 1.7, 1.8). A blank in
// front, as some clients send, does not matter.
func (r *request) query(kind *search.Kind) (*search.Query, search.Options, error) {
	options := search.Options{CaseSensitive: !r.dialect.lenient, Now: time.Now()}
	sensitive, given, err := r.flag("case_sensitive")
	if err != nil {
		return nil, options, err
	}
	if given {
		options.CaseSensitive = sensitive
	}
	query, err := search.Parse(strings.TrimSpace(searchText(r.http.URL.Query())), kind)
	if err != nil {
		return nil, options, refuseSearch(err)
	}
	return query, options, nil
}

func searchText(query url.Values) string { return query.Get("search") }

func refuseSearch(err error) error {
	if wrong, isSyntax := errors.AsType[*search.SyntaxError](err); isSyntax {
		return fault.Bad("", wrong.Error())
	}
	return fault.Bad("", err.Error())
}

// row is what the fields of a kind look at: an object, and the request that asks,
// through which related objects are found.
type row[T any] struct {
	in *request
	it T
}

// search keeps the rows that the request's search text describes, in its order.
func (c collection[T]) search(r *request, values []T) ([]T, error) {
	query, options, err := r.query(c.kind)
	if err != nil {
		return nil, err
	}
	if query.Where != nil || query.Sort != nil {
		filter, err := search.Compile(query, c.kind, options)
		if err != nil {
			return nil, refuseSearch(err)
		}
		rows := make([]row[T], len(values))
		places := make([]*row[T], len(values))
		for i, value := range values {
			rows[i] = row[T]{r, value}
			places[i] = &rows[i]
		}
		selected := search.Select(filter, places)
		values = make([]T, len(selected))
		for i, found := range selected {
			values[i] = found.it
		}
	}
	return search.Page(values, query.Page, r.view.SearchLimit()), nil
}
