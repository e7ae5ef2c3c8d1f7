package rest

import (
	"context"
	"net/http"
	"strings"
	"unicode"

	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v4"
	"vireo/internal/rest/wire"
)

// The versions of the API.
const (
	version3 = "3"
	version4 = "4"
)

// dialect is all that differs between the versions besides their routes and shapes.
type dialect struct {
	table *table
	json  wire.JSON
	// refusal is the body of a refusal, and codes what differs of the table of codes.
	refusal func(*request, *fault.Fault) (root string, shape any)
	codes   map[fault.Kind]int
	// lenient takes wrong switches, numbers and correlation ids as far as they make
	// sense, and compares searches without case, unless it is told otherwise
	// (api-v4 1.7, 1.8).
	lenient bool
	// filters gives the filtered view to whoever is no administrator, unasked
	// (api-v4 1.8).
	filters bool
}

func (s *Server) makeDialects() map[string]*dialect {
	return map[string]*dialect{
		version3: {table: newTable(s.routes()), refusal: refusal},
		version4: {
			table: newTable(s.routes4()), json: wire.JSON{LongsAsText: true}, refusal: refusal4,
			codes: map[fault.Kind]int{fault.Denied: http.StatusForbidden}, lenient: true, filters: true,
		},
	}
}

// makePages4 prepares what representations of version 4 know of the API.
func (s *Server) makePages4() {
	s.pages4 = map[pageKey]*v4.Page{}
	table := s.dialects[version4].table
	links, actions := table.rels(false), table.rels(true)
	for _, prefix := range []string{newRoot, newRoot + "/v4"} {
		for _, all := range []bool{false, true} {
			s.pages4[pageKey{prefix, all, false}] = &v4.Page{Prefix: prefix, Links: links, Actions: actions, AllContent: all}
		}
	}
}

// Transfers is what the edge asks about image transfers; [*transfers.Room] knows it.
type Transfers interface {
	// Opened returns when a transfer has been opened, or cannot be, or the context ends.
	Opened(ctx context.Context, id model.ID)
	// Moved is how many bytes of it were moved.
	Moved(transfer *model.ImageTransfer) int64
	// Forgotten says whether it is not shown any more.
	Forgotten(transfer *model.ImageTransfer) bool
}

// switchWord reads the words for true and false that version 4 knows; others do not
// count.
func switchWord(text string) (value, given bool) {
	switch strings.ToLower(text) {
	case "true", "t", "yes", "y", "1":
		return true, true
	case "false", "f", "no", "n", "0":
		return false, true
	}
	return false, false
}

// shortCorrelation is the most characters a correlation id has in version 4.
const shortCorrelation = 36

// plainCorrelation leaves of a correlation id what version 4 takes (api-v4 1.7).
func plainCorrelation(id string) string {
	id = strings.Map(func(c rune) rune {
		if c < unicode.MaxASCII && (unicode.IsLetter(c) || unicode.IsDigit(c) || c == '_' || c == '-') {
			return c
		}
		return -1
	}, id)
	return id[:min(len(id), shortCorrelation)]
}
