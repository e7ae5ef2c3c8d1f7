package rest

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
	"vireo/internal/rest/v4"
	"vireo/internal/vault"
)

// Engine is what the edge needs of the engine; [*engine.Engine] has it.
type Engine interface {
	Act(ctx context.Context, call *engine.Call) (*engine.Result, error)
	Commands() []*engine.Command
	View(caller *auth.Caller) *engine.View
	// What became of logins, for the audit log.
	LoggedIn(ctx context.Context, user model.ID, remote, correlation string)
	LoggedOut(ctx context.Context, user model.ID, remote, correlation string)
	LoginFailed(ctx context.Context, login, remote, correlation string)
	// QueryDenied is told of a query that the caller may not ask.
	QueryDenied(ctx context.Context, caller *auth.Caller, correlation, what string)
}

// Options are what a [Server] is made of. Log, Registry, BodyLimit and the
// functions may be left out.
type Options struct {
	Engine   Engine
	Logins   Logins
	Sessions *auth.Sessions
	// Vault seals what only guests are to learn.
	Vault *vault.Vault
	Log   *slog.Logger
	// Registry gets the metrics of requests.
	Registry prometheus.Registerer
	// CSRFProtection says whether clients may ask for it (engine option).
	CSRFProtection func() bool
	// CustomProperties gives the custom properties that VMs may have, as
	// name=regular expression, separated by semicolons (engine option).
	CustomProperties func() string
	// Transfers knows of image transfers what is not kept.
	Transfers Transfers
	// Screens looks at displays.
	Screens Screens
	// Authority gives the certificate of the engine's CA in PEM; nil is none.
	Authority func() ([]byte, error)
	// Instance is the id of the engine.
	Instance model.ID
	// Release is this program's own version, shown behind that of the API.
	Release string
	// BodyLimit is the longest body in bytes; 0 means 1 MiB.
	BodyLimit int64
}

// Server answers the requests of the API. It is safe for concurrent use.
type Server struct {
	options  Options
	engine   Engine
	logins   Logins
	sessions *auth.Sessions
	log      *slog.Logger
	dialects map[string]*dialect
	services map[string]http.HandlerFunc
	metrics  *metrics
	pages    map[pageKey]*v3.Page
	pages4   map[pageKey]*v4.Page
	shown    fragments
}

// pageKey is what pages differ by.
type pageKey struct {
	prefix               string
	allContent, filtered bool
}

// New makes a server. It panics at once if a shape cannot be represented or two
// routes collide, which are mistakes of the program.
func New(options Options) *Server {
	if options.Log == nil {
		options.Log = slog.New(slog.DiscardHandler)
	}
	if options.CSRFProtection == nil {
		options.CSRFProtection = func() bool { return false }
	}
	if options.CustomProperties == nil {
		options.CustomProperties = func() string { return "" }
	}
	s := &Server{
		options: options, engine: options.Engine, logins: options.Logins,
		sessions: options.Sessions, log: options.Log, metrics: newMetrics(options.Registry),
	}
	s.shown.kept = make(map[fragmentKey]fragment)
	v3.Prepare()
	v4.Prepare()
	s.dialects = s.makeDialects()
	s.services = s.makeServices()
	s.makePages()
	s.makePages4()
	return s
}

// makePages prepares what representations know of the API, per way to ask.
func (s *Server) makePages() {
	s.pages = map[pageKey]*v3.Page{}
	table := s.dialects[version3].table
	links, actions := table.rels(false), table.rels(true)
	for _, prefix := range []string{oldRoot, newRoot, newRoot + "/v3"} {
		for _, all := range []bool{false, true} {
			for _, filtered := range []bool{false, true} {
				page := &v3.Page{
					Prefix: prefix, Links: links, Actions: actions, AllContent: all, Filtered: filtered,
				}
				if all && !filtered {
					page.Reveal = s.options.Vault.Reveal
				}
				s.pages[pageKey{prefix, all, filtered}] = page
			}
		}
	}
}

func (s *Server) bodyLimit() int64 {
	if s.options.BodyLimit == 0 {
		return 1 << 20
	}
	return s.options.BodyLimit
}

// ServeHTTP answers one request: it finds out who asks for what in which format,
// lets the route's handler answer, and writes the answer.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if serve, known := s.services[r.URL.Path]; known {
		serve(w, r)
		return
	}
	began := time.Now()
	id := uuid.NewString()
	in := &request{server: s, http: r, address: &address{}}
	in.minimal()
	w.Header().Set("X-Request-Id", id) // as the log has it
	out, after := s.answer(in, w.Header(), id)
	code := s.write(w, in, out)
	after()
	if r.ProtoMajor >= 2 {
		// Over HTTP/2 a body that was not read resets the stream under clients
		// that did not expect it (clients 1.3).
		_, _ = io.Copy(io.Discard, io.LimitReader(r.Body, s.bodyLimit()))
	}
	s.record(in, out, id, code, time.Since(began))
}

// minimal fills what a refusal needs before the request has been looked at.
func (r *request) minimal() {
	r.prefix, r.root = oldRoot, oldRoot
	r.dialect = r.server.dialects[version3]
}

// answer makes the answer; a panic becomes an internal failure.
func (s *Server) answer(in *request, header http.Header, id string) (out *answer, after func()) {
	after = func() {}
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if err, isError := cause.(error); isError && errors.Is(err, http.ErrAbortHandler) {
			panic(cause)
		}
		s.log.Error("a request panicked", "request", id, "method", in.http.Method, "path", plainPath(in.http),
			"panic", cause, "stack", string(debug.Stack()))
		out = in.refuse(&fault.Fault{Kind: fault.Internal, Code: "PANIC", Messages: []string{"Internal Engine Error"}})
	}()
	var err error
	out, after, err = s.handle(in, header)
	if err != nil {
		out = in.refuse(err)
	}
	return out, after
}

// handle goes through the checks that come before the handler, in the order of
// api-v3 3.1.
func (s *Server) handle(in *request, header http.Header) (*answer, func(), error) {
	nothing := func() {}
	in.closeUnread(header)
	found, below := parseAddress(in.http)
	if found != nil {
		in.address = found
	}
	var formatErr error
	in.acceptance, formatErr = accept(in.http)
	if !below {
		return nil, nothing, noRoute()
	}
	spoken, known := s.dialects[in.version]
	if !known {
		return nil, nothing, unsupportedVersion(in.version)
	}
	in.dialect = spoken
	if err := in.correlate(header); err != nil {
		return nil, nothing, err
	}
	in.route, in.ids = in.dialect.table.find(in.segments)
	if in.http.Method == http.MethodOptions {
		return in.options(header), nothing, in.missingRoute()
	}
	caller, after, err := s.login(in, header)
	if err != nil {
		return nil, after, err
	}
	in.enter(caller)
	if formatErr == nil && in.viewer && (in.route == nil || !in.route.viewer) {
		formatErr = unacceptable()
	}
	if formatErr != nil {
		return nil, after, formatErr
	}
	handler, err := in.handler(header)
	if err != nil {
		return nil, after, err
	}
	if err := in.readDetails(); err != nil {
		return nil, after, err
	}
	out, err := handler(in)
	return out, after, err
}

// closeUnread keeps a body on GET, which some clients announce and never send,
// from holding up the answer: over HTTP/1.1 it is not read and the connection is
// closed (clients 1.3).
func (r *request) closeUnread(header http.Header) {
	reads := r.http.Method == http.MethodGet || r.http.Method == http.MethodHead || r.http.Method == http.MethodOptions
	if reads && r.http.ContentLength != 0 && r.http.ProtoMajor == 1 {
		header.Set("Connection", "close")
	}
}

// longestCorrelation is the most characters a Correlation-Id has (api-v3 1.4).
const longestCorrelation = 50

// correlate takes the client's Correlation-Id, or makes one.
func (r *request) correlate(header http.Header) error {
	id := strings.TrimSpace(r.http.Header.Get("Correlation-Id"))
	if id == "" {
		id = strings.TrimSpace(r.http.URL.Query().Get("correlation_id"))
	}
	if r.dialect.lenient {
		id = plainCorrelation(id)
	}
	if len([]rune(id)) > longestCorrelation {
		return fault.Bad("", "The Correlation-Id is longer than "+strconv.Itoa(longestCorrelation)+" characters.")
	}
	if strings.ContainsFunc(id, func(c rune) bool { return c < ' ' || c == 0x7f }) {
		return fault.Bad("", "The Correlation-Id contains control characters.")
	}
	if id == "" {
		id = uuid.NewString()
	}
	r.correlation = id
	header.Set("Correlation-Id", id)
	return nil
}

func (r *request) missingRoute() error {
	if r.route == nil {
		return noRoute()
	}
	return nil
}

// options answers OPTIONS, which needs no login.
func (r *request) options(header http.Header) *answer {
	if r.route == nil {
		return nil
	}
	header.Set("Allow", r.route.allow())
	return &answer{}
}

// enter fills what depends on the caller.
func (r *request) enter(caller *auth.Caller) {
	caller.Filtered = headerFlag(r.http.Header, "Filter") || r.dialect.filters && !caller.Admin
	caller.Address = r.http.RemoteAddr
	r.caller = caller
	all := headerFlag(r.http.Header, "All-Content") || strings.EqualFold(r.http.URL.Query().Get("all_content"), "true")
	// An administrator who asks for the filtered view sees everything, as
	// fence_rhevm does by default (clients 1.2).
	r.page = r.server.pages[pageKey{r.prefix, all, caller.Filtered && !caller.Admin}]
	r.page4 = r.server.pages4[pageKey{r.prefix, all, false}]
	r.view = r.server.engine.View(caller)
}

// handler finds what answers the request, after checking method and ids.
func (r *request) handler(header http.Header) (handler, error) {
	if r.route == nil {
		return nil, noRoute()
	}
	handler := r.route.handler(r.http.Method)
	if handler == nil {
		header.Set("Allow", r.route.allow())
		return nil, &fault.Fault{
			Kind: methodNotAllowed, Code: "METHOD_NOT_ALLOWED",
			Messages: []string{"The method " + shorten(r.http.Method) + " is not allowed here; allowed are " + r.route.allow() + "."},
		}
	}
	if err := r.checkIDs(); err != nil {
		return nil, err
	}
	reads := r.http.Method == http.MethodGet || r.http.Method == http.MethodHead
	if reads && !r.caller.Admin && !r.caller.Filtered && len(r.segments) > 0 {
		r.server.engine.QueryDenied(r.context(), r.caller, r.correlation, "without the header Filter")
		return nil, fault.Bad("", "Query execution failed due to insufficient permissions.")
	}
	return handler, nil
}

// readDetails adds the details given as matrix or query parameters (api-v3 1.3).
func (r *request) readDetails() error {
	for _, values := range [][]string{r.matrix["detail"], r.http.URL.Query()["detail"]} {
		for _, value := range values {
			r.details.add(value)
		}
	}
	return nil
}
