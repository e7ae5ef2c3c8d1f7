package rest

import (
	"context"
	"net/http"
	"strconv"
	"strings"
	"time"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
	"vireo/internal/rest/v4"
	"vireo/internal/rest/wire"
)

// request is what the edge knows of one request.
type request struct {
	*address
	acceptance

	server  *Server
	http    *http.Request
	dialect *dialect
	route   *route
	// ids are the values of the path's placeholders.
	ids map[string]string
	// correlation is the client's id for what it causes, or one made for it.
	correlation string
	caller      *auth.Caller
	page        *v3.Page
	page4       *v4.Page
	view        *engine.View
	related     related
}

func (r *request) context() context.Context { return r.http.Context() }

// id gives the value of a placeholder, which was checked to be a UUID where the
// route says so.
func (r *request) id(name string) model.ID { return model.ID(r.ids[name]) }

// parameter finds a matrix parameter, or a query parameter of the same name.
func (r *request) parameter(name string) (string, bool) {
	if values, found := r.matrix[name]; found {
		return values[len(values)-1], true
	}
	if values, found := r.http.URL.Query()[name]; found {
		return values[len(values)-1], true
	}
	return "", false
}

// flag reads a switch: absent is false, a bare name is true, other words than
// true and false, in any case, are refused (api-v3 1.6).
func (r *request) flag(name string) (value, given bool, err error) {
	text, found := r.parameter(name)
	switch {
	case !found:
		return false, false, nil
	case text == "" || strings.EqualFold(text, "true"):
		return true, true, nil
	case strings.EqualFold(text, "false"):
		return false, true, nil
	case r.dialect.lenient:
		value, given = switchWord(text)
		return value, given, nil
	}
	return false, false, fault.Bad("", "Illegal value '"+shorten(text)+"' for matrix param: '"+name+
		"'. Acceptable values are 'true' or 'false'")
}

// max reads how many items are wanted at most; negative is no limit.
func (r *request) max() (int, error) {
	text, found := r.parameter("max")
	if !found {
		return -1, nil
	}
	number, err := strconv.Atoi(strings.TrimSpace(text))
	if err != nil && r.dialect.lenient {
		return -1, nil
	}
	if err != nil {
		return 0, fault.Bad("", "Max number of results is not a valid number: "+shorten(text))
	}
	return number, nil
}

// expects says whether either header asks for this way of answering (api-v3 1.4).
func (r *request) expects(what string) bool {
	for _, name := range []string{"Expect", "X-Ovirt-Expect"} {
		for _, value := range r.http.Header.Values(name) {
			if strings.Contains(strings.ToLower(value), what) {
				return true
			}
		}
	}
	return false
}

// headerFlag reads a header that is true or not, in any case (clients 1.2).
func headerFlag(header http.Header, name string) bool {
	return strings.EqualFold(strings.TrimSpace(header.Get(name)), "true")
}

// read reads the body into a shape. Errors are refusals: what cannot be read at
// all is answered with a usage message (api-v3 5.1).
func (r *request) read(root string, shape any) error {
	format, err := bodyFormat(r.http)
	if err != nil {
		return err
	}
	if format == jsonFormat {
		err = wire.ReadJSON(r.http.Body, shape, wire.Limits{Bytes: r.server.bodyLimit()})
	} else {
		err = wire.ReadXML(r.http.Body, root, shape, wire.Limits{Bytes: r.server.bodyLimit()})
	}
	if err != nil {
		return r.unreadable(err)
	}
	return nil
}

// readOptional is read for bodies that may be missing.
func (r *request) readOptional(root string, shape any) error {
	if r.http.Body == nil || r.http.Body == http.NoBody || r.http.ContentLength == 0 {
		return nil
	}
	return r.read(root, shape)
}

// asynchrony is what the client said about waiting: in the body of an action, as
// a matrix parameter, or by a header (api-v3 1.4, 1.6). Nil: nothing.
func (r *request) asynchrony(body *bool) (*bool, error) {
	if body != nil {
		return body, nil
	}
	value, given, err := r.flag("async")
	switch {
	case err != nil:
		return nil, err
	case given:
		return &value, nil
	case r.expects("201-created"):
		return new(false), nil
	case r.expects("202-accepted"):
		return new(true), nil
	}
	return nil, nil
}

// longestGrace bounds how long a client can make a request wait before it begins.
const longestGrace = 10 * time.Minute

func grace(period *v3.GracePeriod) time.Duration {
	if period == nil || period.Expiry <= 0 {
		return 0
	}
	if period.Expiry > longestGrace.Milliseconds() {
		return longestGrace
	}
	return time.Duration(period.Expiry) * time.Millisecond
}

// shorten keeps what a sender wrote from filling a refusal or a log line.
func shorten(text string) string {
	runes := []rune(text)
	if len(runes) > 64 {
		return string(runes[:64]) + "…"
	}
	return text
}
