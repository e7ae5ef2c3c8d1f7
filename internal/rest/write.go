package rest

import (
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// write sends an answer and returns its code.
func (s *Server) write(w http.ResponseWriter, in *request, out *answer) int {
	made := body{}
	defer func() { made.release() }()
	if err := out.render(&made, in.format); err != nil {
		made.release()
		out = in.refuse(err)
		_ = out.render(&made, in.format) // a refusal always renders
	}
	code := out.code
	if code == 0 {
		code = http.StatusOK
	}
	header := w.Header()
	if code == http.StatusUnauthorized {
		made.release()
		made.add(func(dst []byte) []byte { return append(dst, unauthorized...) })
		header.Set("WWW-Authenticate", `Basic realm="RESTAPI"`)
		header.Set("Content-Type", "text/html; charset=UTF-8")
	} else if made.length > 0 {
		header.Set("Content-Type", in.format.contentType())
	}
	if out.location != "" {
		header.Set("Location", out.location)
	}
	if out.links != "" {
		header.Set("Link", out.links)
	}
	header.Set("Content-Length", strconv.Itoa(made.length))
	w.WriteHeader(code)
	if in.http.Method != http.MethodHead {
		made.send(w)
	}
	return code
}

// record logs and counts a request that was answered. What clients put into the
// query may be secret, so only the path is logged.
func (s *Server) record(in *request, out *answer, id string, code int, took time.Duration) {
	pattern := "none"
	if in.route != nil {
		pattern = "/" + in.route.path
	}
	s.metrics.observe(in.http.Method, pattern, code, took)
	level, attributes := slog.LevelDebug, []any{
		"request", id, "correlation", in.correlation, "method", in.http.Method, "path", in.http.URL.Path,
		"code", code, "duration", took, "remote", in.http.RemoteAddr,
	}
	if in.caller != nil {
		attributes = append(attributes, "user", in.caller.Name)
	}
	if in.http.Method != http.MethodGet && in.http.Method != http.MethodHead && in.http.Method != http.MethodOptions {
		level = slog.LevelInfo
	}
	if out.reason != nil {
		f := fault.Of(out.reason)
		level = slog.LevelInfo
		attributes = append(attributes, "refusal", f.Code, "message", f.Message())
		if f.Cause != nil {
			attributes = append(attributes, "cause", f.Cause)
		}
		if code >= http.StatusInternalServerError {
			level = slog.LevelError
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
