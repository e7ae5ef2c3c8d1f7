package rest

import (
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// write sends an answer and returns its code. A short answer is made as a whole
// before it is sent, so that a failure on the way is still answered as one; a
// long one that fails on the way is cut off.
func (s *Server) write(w http.ResponseWriter, in *request, out *answer) int {
	made := &body{}
	defer func() { made.release() }()
	code := 0
	made.begin = func() io.Writer {
		code = s.begin(w, in, out, nil)
		if in.http.Method == http.MethodHead {
			return io.Discard
		}
		return w
	}
	if err := out.render(made, in.format, in.dialect.json); err != nil {
		if made.to != nil {
			s.log.Error("an answer could not be finished", "path", plainPath(in.http), "err", err)
			panic(http.ErrAbortHandler)
		}
		made.release()
		out = in.refuse(err)
		_ = out.render(made, in.format, in.dialect.json) // a refusal always renders
	}
	if made.to != nil {
		made.send(made.to)
		return code
	}
	if codeOfAnswer(out) == http.StatusUnauthorized {
		made.release()
		made.add(func(dst []byte) []byte { return append(dst, unauthorizedPage(out.reason)...) })
	}
	code = s.begin(w, in, out, &made.length)
	if in.http.Method != http.MethodHead {
		made.send(w)
	}
	return code
}

func codeOfAnswer(out *answer) int {
	if out.code == 0 {
		return http.StatusOK
	}
	return out.code
}

// begin sends code and header; the length may not be known yet.
func (s *Server) begin(w http.ResponseWriter, in *request, out *answer, length *int) int {
	code := codeOfAnswer(out)
	header := w.Header()
	switch {
	case code == http.StatusUnauthorized:
		header.Set("WWW-Authenticate", `Basic realm="RESTAPI"`)
		header.Set("Content-Type", "text/html; charset=UTF-8")
	case out.text != nil:
		header.Set("Content-Type", out.media)
		header.Set("Cache-Control", "no-store")
	case length == nil || *length > 0:
		header.Set("Content-Type", in.format.contentType())
	}
	if out.location != "" {
		header.Set("Location", out.location)
	}
	if out.links != "" {
		header.Set("Link", out.links)
	}
	if length != nil {
		header.Set("Content-Length", strconv.Itoa(*length))
	}
	w.WriteHeader(code)
	return code
}

// plainPath is the path for the log, without matrix parameters: like the query
// they may be secret, as a session that is named there in a servlet's manner is.
func plainPath(r *http.Request) string {
	segments := strings.Split(r.URL.Path, "/")
	for i, segment := range segments {
		segments[i], _, _ = strings.Cut(segment, ";")
	}
	return strings.Join(segments, "/")
}

// record logs and counts a request that was answered. What clients put into the
// query may be secret, so only the path is logged.
func (s *Server) record(in *request, out *answer, id string, code int, took time.Duration) {
	pattern := "none"
	if in.route != nil {
		pattern = "/" + in.route.path
	}
	s.metrics.observe(in.http.Method, pattern, code, took)
	level := slog.LevelDebug
	switch {
	case out.reason != nil && code >= http.StatusInternalServerError:
		level = slog.LevelError
	case out.reason != nil, in.http.Method != http.MethodGet && in.http.Method != http.MethodHead && in.http.Method != http.MethodOptions:
		level = slog.LevelInfo
	}
	if !s.log.Enabled(in.context(), level) {
		return
	}
	attributes := []any{
		"request", id, "correlation", in.correlation, "method", in.http.Method, "path", plainPath(in.http),
		"code", code, "duration", took, "remote", in.http.RemoteAddr,
	}
	if in.caller != nil {
		attributes = append(attributes, "user", in.caller.Name)
	}
	if out.reason != nil {
		f := fault.Of(out.reason)
		attributes = append(attributes, "refusal", f.Code, "message", f.Message())
		if f.Cause != nil {
			attributes = append(attributes, "cause", f.Cause)
		}
	}
	s.log.Log(in.context(), level, "request", attributes...)
}

// checkIDs refuses an id in the URL that is no UUID, and brings the others into
// lower case.
func (r *request) checkIDs() error {
	for name, text := range r.ids {
		free := false
		for _, other := range r.route.free {
			free = free || other == name
		}
		if free {
			continue
		}
		id, err := model.ParseID(text)
		if err != nil {
			return badID(text)
		}
		r.ids[name] = string(id)
	}
	return nil
}
