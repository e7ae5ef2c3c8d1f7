package server

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"vireo/internal/model"
	"vireo/internal/store"
)

// WriteEvents writes the events since a time, the oldest first, each as a line of
// JSON with all that is kept of it: the address of who caused it too, which the API
// has no element for. The zero time is the beginning.
func (s *Server) WriteEvents(ctx context.Context, since time.Time, to io.Writer) error {
	lines := json.NewEncoder(to)
	var failed error
	err := s.Store.Events(ctx, store.EventQuery{Since: since, Ascending: true}, func(event *model.Event) bool {
		failed = lines.Encode(event)
		return failed == nil
	})
	if err == nil {
		err = failed
	}
	if err != nil {
		return fmt.Errorf("writing events: %w", err)
	}
	return nil
}

// controlEvents answers with events. What fails on the way cuts the answer off.
func (s *Server) controlEvents(mux *http.ServeMux) {
	mux.HandleFunc("GET /events", func(w http.ResponseWriter, r *http.Request) {
		since, err := time.Parse(time.RFC3339, r.URL.Query().Get("since"))
		if err != nil {
			reply(w, nil, err)
			return
		}
		if err := s.WriteEvents(r.Context(), since, w); err != nil {
			panic(http.ErrAbortHandler)
		}
	})
}

func (r *remote) WriteEvents(ctx context.Context, since time.Time, to io.Writer) error {
	at := "http://engine/events?since=" + url.QueryEscape(since.UTC().Format(time.RFC3339))
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return err
	}
	response, err := r.client.Do(request)
	if err != nil {
		return fmt.Errorf("speaking to the running engine: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("the engine answered %s", response.Status)
	}
	if _, err := io.Copy(to, response.Body); err != nil {
		return fmt.Errorf("reading events: %w", err)
	}
	return nil
}
