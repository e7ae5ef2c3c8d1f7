package rest

import (
	"math"
	"strings"

	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
	"vireo/internal/search"
	"vireo/internal/store"
)

// sortable is how many events can be put into an order other than their own.
const sortable = 10_000

// batch is how many events are read from the store at once.
const batch = 500

// events answers with events, newest first. They are read from the store, which
// narrows them down as far as it can, in batches; what the rest of the search
// text says is compared here. So an answer costs what it selects, and not all
// that ever happened (api-v3 1.8, 6.4).
func (s *Server) events(show func(*request, *model.Event) any) handler {
	return func(r *request) (*answer, error) { return r.listEvents(show) }
}

func (r *request) listEvents(show func(*request, *model.Event) any) (*answer, error) {
	query, options, err := r.query(eventKind)
	if err != nil {
		return nil, err
	}
	limit, err := r.max()
	if err != nil {
		return nil, err
	}
	scan := &eventScan{in: r, query: query, limit: limit}
	if scan.filter, err = search.Compile(query, eventKind, options); err != nil {
		return nil, refuseSearch(err)
	}
	narrow(r, query.Where, options, &scan.selection)
	if text, given := r.parameter("from"); given {
		scan.selection.After, _ = eventNumber(text)
	}
	head := v3.Collection{}
	if r.details.has("size") {
		size := uint32(0)
		if err := scan.run(func(*model.Event) { size++ }); err != nil {
			return nil, err
		}
		head.Size = &size
	}
	return &answer{root: "events", list: &list{head: head, item: "event", each: func(emit func(any)) error {
		if !r.details.main() {
			return nil
		}
		return scan.run(func(event *model.Event) { emit(show(r, event)) })
	}}}, nil
}

// eventScan is what a request selects of the events.
type eventScan struct {
	in        *request
	query     *search.Query
	filter    *search.Filter
	selection store.EventQuery
	limit     int // negative: none
}

// run calls each for every event selected, in the order that was asked for.
func (s *eventScan) run(each func(*model.Event)) error {
	if s.query.Sort != nil && s.query.Sort.Field != "id" {
		return s.sorted(each)
	}
	selection, skip, left := s.selection, 0, s.limit
	if s.query.Sort != nil {
		selection.Ascending = !s.query.Sort.Descending
	}
	if s.query.Page > 0 {
		size := s.in.view.SearchLimit()
		if s.query.Page > math.MaxInt32/size {
			return nil // nobody has so many
		}
		skip = (s.query.Page - 1) * size
		if left < 0 || left > size {
			left = size
		}
	}
	selection.Limit = batch
	for left != 0 {
		events, err := s.read(selection)
		if err != nil {
			return err
		}
		for _, event := range events {
			switch {
			case left == 0 || !s.matches(event):
			case skip > 0:
				skip--
			default:
				left--
				each(event)
			}
		}
		if len(events) < batch {
			return nil
		}
		if last := events[batch-1].ID; selection.Ascending {
			selection.After = last
		} else {
			selection.Before = last
		}
	}
	return nil
}

// sorted is run for another order than that of the ids.
func (s *eventScan) sorted(each func(*model.Event)) error {
	var found []*row[*model.Event]
	err := s.in.view.Events(s.in.context(), s.selection, func(event *model.Event) bool {
		if s.matches(event) {
			found = append(found, &row[*model.Event]{s.in, event})
		}
		return len(found) <= sortable
	})
	if err != nil {
		return err
	}
	if len(found) > sortable {
		return fault.Bad("", "The search text selects too many events to be sorted; narrow it down, or sort by id.")
	}
	found = search.Page(search.Select(s.filter, found), s.query.Page, s.in.view.SearchLimit())
	if s.limit >= 0 && s.limit < len(found) {
		found = found[:s.limit]
	}
	for _, event := range found {
		each(event.it)
	}
	return nil
}

func (s *eventScan) matches(event *model.Event) bool {
	return s.query.Where == nil || s.filter.Match(&row[*model.Event]{s.in, event})
}

func (s *eventScan) read(selection store.EventQuery) ([]*model.Event, error) {
	var events []*model.Event
	err := s.in.view.Events(s.in.context(), selection, func(event *model.Event) bool {
		events = append(events, event)
		return true
	})
	return events, err
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
func (s *Server) event(show func(*request, *model.Event) any) handler {
	return func(r *request) (*answer, error) { return r.oneEvent(show) }
}

func showEvent(r *request, event *model.Event) any { return r.page.ShowEvent(event) }

func (r *request) oneEvent(show func(*request, *model.Event) any) (*answer, error) {
	number, valid := eventNumber(r.ids["event"])
	if !valid {
		return nil, badID(r.ids["event"])
	}
	event, err := r.view.Event(r.context(), number)
	if err != nil {
		return nil, err
	}
	return &answer{root: "event", shape: show(r, event)}, nil
}
