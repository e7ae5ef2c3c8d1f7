package images

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vireo/internal/engine/transfers"
	"vireo/internal/image"
	"vireo/internal/model"
)

// Prefix is the path that tickets are below.
const Prefix = "/images/"

// patience is how long a client may take to send, or to take, one buffer.
const patience = time.Minute

// bufferSize is the size of that buffer in bytes; it is a whole number of the blocks
// in which holes are kept.
const bufferSize = 256 << 10

// Sessions finds the session of a ticket; [*transfers.Room] does.
type Sessions interface {
	Find(ticket string) (*transfers.Session, bool)
}

// Server answers the requests for the content of disks. It is safe for concurrent use.
type Server struct {
	Sessions Sessions
	Log      *slog.Logger
}

// failure is a refusal: a code and one line of text.
type failure struct {
	code  int
	text  string
	allow string
	// bound is what Content-Range says of a range that is not there; negative: nothing.
	bound int64
	// cut says that the connection is of no more use.
	cut bool
}

func (f *failure) Error() string { return f.text }

func refused(code int, text string) error { return &failure{code: code, text: text, bound: -1} }

// outside is the refusal of a range that does not lie in so many bytes.
func outside(bound int64) error {
	return &failure{code: http.StatusRequestedRangeNotSatisfiable, text: "The requested range is outside of the image.", bound: bound}
}

// unknownTicket is the refusal of a ticket that is none, or none any more, or none for
// what was asked. The connection is closed.
func unknownTicket() error {
	return &failure{code: http.StatusForbidden, text: "There is no such ticket, or it is not for this.", bound: -1, cut: true}
}

// request is a request with its session. during ends with the request, and with the
// session.
type request struct {
	*http.Request
	w       http.ResponseWriter
	during  context.Context
	session *transfers.Session
	content image.Content
	control *http.ResponseController
	begun   bool
}

// verb is what is done at one path with one method.
type verb struct {
	do     func(*request) error
	writes bool
}

// verbs are the table of all that can be asked, by what follows the ticket.
var verbs = map[string]map[string]verb{
	"": {
		http.MethodGet: {do: (*request).get}, http.MethodPut: {do: (*request).put, writes: true},
		http.MethodPatch: {do: (*request).patch, writes: true}, http.MethodOptions: {do: (*request).options},
	},
	"extents":             {http.MethodGet: {do: (*request).extents}},
	"checksum":            {http.MethodGet: {do: (*request).checksum}},
	"checksum/algorithms": {http.MethodGet: {do: (*request).algorithms}},
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	allowOrigins(w.Header(), r)
	in := &request{Request: r, w: w, control: http.NewResponseController(w)}
	err := s.serve(in)
	if err == nil {
		return
	}
	if in.begun {
		s.Log.WarnContext(r.Context(), "a transfer's answer could not be finished", "transfer", in.transfer(), "err", err)
		panic(http.ErrAbortHandler)
	}
	s.refuse(in, err)
}

func (s *Server) serve(in *request) error {
	ticket, rest, _ := strings.Cut(strings.TrimPrefix(in.URL.Path, Prefix), "/")
	methods, known := verbs[rest]
	if !known || ticket == "" {
		return refused(http.StatusNotFound, "There is nothing here.")
	}
	asked, known := methods[in.Method]
	if !known {
		return &failure{code: http.StatusMethodNotAllowed, text: "This method is not allowed here.", allow: allowed(methods), bound: -1}
	}
	if ticket == "*" && in.Method == http.MethodOptions {
		return in.optionsOfAll()
	}
	session, found := s.Sessions.Find(ticket)
	if !found || asked.writes && session.Transfer.Direction != model.TransferUpload {
		return unknownTicket()
	}
	during, done, ok := session.Begin(in.Context())
	if !ok {
		return unknownTicket()
	}
	defer done()
	// Whoever waits for the client is woken when the session ends.
	defer context.AfterFunc(during, func() { _ = in.control.SetReadDeadline(time.Now()) })()
	in.during, in.session, in.content = during, session, session.Content
	return asked.do(in)
}

func allowed(methods map[string]verb) string {
	var names []string
	for _, name := range []string{http.MethodOptions, http.MethodGet, http.MethodPut, http.MethodPatch} {
		if _, has := methods[name]; has {
			names = append(names, name)
		}
	}
	return strings.Join(names, ",")
}

func (r *request) transfer() model.ID {
	if r.session == nil {
		return ""
	}
	return r.session.Transfer.ID
}

// refuse answers with one line of text. What is no refusal is an I/O error, of which
// nothing is told but that.
func (s *Server) refuse(in *request, err error) {
	said, known := errors.AsType[*failure](err)
	switch {
	case known:
	case errors.Is(err, image.ErrOutside):
		said = &failure{code: http.StatusRequestedRangeNotSatisfiable, text: "The requested range is outside of the image.", bound: in.content.Limit()}
	case in.Context().Err() != nil:
		said = &failure{code: http.StatusServiceUnavailable, text: "The engine is stopping, or the client has gone.", bound: -1, cut: true}
	case in.during != nil && in.during.Err() != nil:
		said = &failure{code: http.StatusForbidden, text: "The ticket is not valid any more.", bound: -1, cut: true}
	case errors.Is(err, image.ErrNoSpace):
		said = &failure{code: http.StatusInternalServerError, text: "No space is left in the storage domain.", bound: -1, cut: true}
	default:
		said = &failure{code: http.StatusInternalServerError, text: "The data could not be moved; what was written since the last flush has to be sent again.", bound: -1, cut: true}
	}
	s.Log.InfoContext(in.Context(), "a transfer's request was refused", "transfer", in.transfer(), "method", in.Method,
		"code", said.code, "message", said.text, "err", err)
	header := in.w.Header()
	if said.allow != "" {
		header.Set("Allow", said.allow)
	}
	if said.bound >= 0 {
		header.Set("Content-Range", "bytes */"+strconv.FormatInt(said.bound, 10))
	}
	if said.cut {
		header.Set("Connection", "close")
	}
	header.Set("Content-Type", "text/plain; charset=UTF-8")
	header.Set("Content-Length", strconv.Itoa(len(said.text)+1))
	_ = in.control.SetReadDeadline(time.Now().Add(patience)) // the next request is read anew
	in.w.WriteHeader(said.code)
	_, _ = in.w.Write([]byte(said.text + "\n"))
}

// allowOrigins lets pages of other origins upload, as the reference's server does: the
// ticket is the right.
func allowOrigins(header http.Header, r *http.Request) {
	if r.Header.Get("Origin") == "" {
		return
	}
	header.Set("Access-Control-Allow-Origin", "*")
	if r.Header.Get("Access-Control-Request-Headers") != "" {
		header.Set("Access-Control-Allow-Headers", "*")
	}
	if r.Header.Get("Access-Control-Request-Method") != "" {
		header.Set("Access-Control-Allow-Methods", "OPTIONS,GET,PUT")
	}
	if r.Method == http.MethodOptions {
		header.Set("Access-Control-Max-Age", "86400")
	}
}

func (r *request) json(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	r.w.Header().Set("Content-Type", "application/json")
	r.w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	_, _ = r.w.Write(text)
	return nil
}
