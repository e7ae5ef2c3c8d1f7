package rest

import (
	"strings"

	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
	"vireo/internal/search"
	"vireo/internal/store"
)

// sortable is how many events can be put into an order other than their own.
const sortable = 10_000

// events answers with events, newest first. They are read from the store, which
// narrows them down as far as it can; what the rest of the search text says is
// compared here, so that an answer costs what it selects, and not all that ever
// happened (api-v3 1.8, 6.4).
func (s *Server) events(r *request) (*answer, error) {
	query, options, err := r.query(eventKind)
	if err != nil {
		return nil, err
	}
	limit, err := r.max()
	if err != nil {
		return nil, err
	}
	selection := store.EventQuery{}
	narrow(r, query.Where, options, &selection)
	if text, given := r.parameter("from"); given {
		selection.After, _ = eventNumber(text)
	}
	found, err := r.selectEvents(query, options, selection, limit)
	if err != nil {
		return nil, err
	}
	head := v3.Collection{}
	if r.details.has("size") {
		head.Size = new(uint32(len(found)))
	}
	if !r.details.main() {
		found = nil
	}
	return &answer{root: "events", list: &list{head: head, item: "event", count: len(found), append: func(dst []byte, i int) ([]byte, error) {
		return appendItem(dst, r.format, "event", r.page.ShowEvent(found[i])), nil
	}}}, nil
}

// selectEvents reads the events that a search text selects.
func (r *request) selectEvents(query *search.Query, options search.Options, selection store.EventQuery, limit int) ([]*model.Event, error) {
	filter, err := search.Compile(query, eventKind, options)
	if err != nil {
		return nil, refuseSearch(err)
	}
	size := r.view.SearchLimit()
	ordered := query.Sort == nil || query.Sort.Field == "id"
	if ordered && query.Sort != nil {
		selection.Ascending = !query.Sort.Descending
	}
	// The store can only stop early where nothing is sorted or skipped afterwards.
	most := -1
	switch {
	case !ordered:
	case query.Page > 0:
		most = query.Page * size
	case limit >= 0:
		most = limit
	}
	if most == 0 {
		return nil, nil
	}
	var found []*row[*model.Event]
	overflow := false
	err = r.view.Events(r.context(), selection, func(event *model.Event) bool {
		candidate := &row[*model.Event]{r, event}
		if query.Where == nil || filter.Match(candidate) {
			found = append(found, candidate)
		}
		overflow = !ordered && len(found) > sortable
		return !overflow && (most < 0 || len(found) < most)
	})
	if err != nil {
		return nil, err
	}
	if overflow {
		return nil, fault.Bad("", "The search text selects too many events to be sorted; narrow it down, or sort by id.")
	}
	if !ordered {
		found = search.Select(filter, found)
	}
	found = search.Page(found, query.Page, size)
	if limit >= 0 && limit < len(found) {
		found = found[:limit]
	}
	events := make([]*model.Event, len(found))
	for i := range found {
		events[i] = found[i].it
	}
	return events, nil
}

// narrow gives the store those conditions that it has columns for and that hold
// for every event selected.
func narrow(r *request, node search.Node, options search.Options, selection *store.EventQuery) {
	switch node := node.(type) {
	case search.And:
		for _, part := range node {
			narrow(r, part, options, selection)
		}
	case search.Comparison:
		narrowBy(r, node, options, selection)
	}
}

func narrowBy(r *request, c search.Comparison, options search.Options, selection *store.EventQuery) {
	if c.Field == "severity" && c.Op != search.NotEqual && len(selection.Severities) == 0 {
		if field, known := eventKind.Field("severity"); known {
			for _, word := range field.Matching(c.Op, c.Value) {
				selection.Severities = append(selection.Severities, model.Severity(word))
			}
		}
		return
	}
	if c.Op != search.Equal || strings.Contains(c.Value, "*") {
		return
	}
	switch c.Field {
	case "type":
		if code, valid := eventNumber(c.Value); valid && len(selection.Codes) == 0 {
			selection.Codes = []int{int(code)}
		}
	case "vms.id":
		selection.VM = model.ID(strings.ToLower(c.Value))
	case "correlation_id":
		if options.CaseSensitive {
			selection.CorrelationID = c.Value
		}
	case "vms.name":
		if named := r.view.VMsNamed(c.Value); options.CaseSensitive && len(named) == 1 {
			selection.VM = named[0].ID
		}
	}
}

// event answers with one event.
func (s *Server) event(r *request) (*answer, error) {
	number, valid := eventNumber(r.ids["event"])
	if !valid {
		return nil, badID(r.ids["event"])
	}
	event, err := r.view.Event(r.context(), number)
	if err != nil {
		return nil, err
	}
	return &answer{root: "event", shape: r.page.ShowEvent(event)}, nil
}
