package rest

import (
	"errors"
	"net/http"
	"strings"

	"vireo/internal/fault"
	"vireo/internal/rest/v3"
	"vireo/internal/rest/wire"
)

// The kinds of refusal that only the edge knows.
const (
	notAcceptable    fault.Kind = "not_acceptable"
	unsupportedMedia fault.Kind = "unsupported_media_type"
	methodNotAllowed fault.Kind = "method_not_allowed"
	tooLarge         fault.Kind = "too_large"
	unreadable       fault.Kind = "unreadable"
)

// codes is the only table from kinds of refusal to HTTP (api-v3 5.3). A missing
// permit is 400 in version 3.
var codes = map[fault.Kind]int{
	fault.BadRequest:      http.StatusBadRequest,
	fault.Untyped:         http.StatusBadRequest,
	fault.Denied:          http.StatusBadRequest,
	fault.Host:            http.StatusBadRequest,
	fault.Conflict:        http.StatusConflict,
	fault.NotFound:        http.StatusNotFound,
	fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden:       http.StatusForbidden,
	fault.Internal:        http.StatusInternalServerError,
	fault.Unavailable:     http.StatusServiceUnavailable,
	notAcceptable:         http.StatusNotAcceptable,
	unsupportedMedia:      http.StatusUnsupportedMediaType,
	methodNotAllowed:      http.StatusMethodNotAllowed,
	tooLarge:              http.StatusRequestEntityTooLarge,
	unreadable:            http.StatusBadRequest,
}

func (d *dialect) codeOf(f *fault.Fault) int {
	if code, other := d.codes[f.Kind]; other {
		return code
	}
	if code, known := codes[f.Kind]; known {
		return code
	}
	return http.StatusInternalServerError
}

// syntaxMessage is the sentence that clients know (api-v3 5.1).
const syntaxMessage = "Request syntactically incorrect. See the description below for the correct usage:"

// refuse makes the answer of a refusal or failure.
func (r *request) refuse(err error) *answer {
	f := fault.Of(err)
	root, shape := r.dialect.refusal(r, f)
	return &answer{code: r.dialect.codeOf(f), root: root, shape: shape, reason: err}
}

// refusal is the body of a refusal in version 3.
func refusal(r *request, f *fault.Fault) (root string, shape any) {
	if f.Kind != unreadable {
		return "fault", faultShape(f)
	}
	return "usage_message", &v3.UsageMessage{Message: syntaxMessage, DetailedLink: &v3.DetailedLink{
		Href: r.href(), Rel: r.rel(), Description: new(f.Message()),
	}}
}

// refuseAction makes the answer of a command that was refused or failed, inside
// the action that the client sent (api-v3 3.1).
func (r *request) refuseAction(action *v3.Action, err error) *answer {
	f := fault.Of(err)
	if !f.Command && f.Kind != fault.Internal && f.Kind != fault.Unavailable {
		return r.refuse(err)
	}
	action.Status = &v3.Status{State: "failed"}
	action.Fault = faultShape(f)
	return &answer{code: r.dialect.codeOf(f), root: "action", shape: action, reason: err}
}

func faultShape(f *fault.Fault) *v3.Fault {
	out := &v3.Fault{Reason: f.Reason}
	if out.Reason == "" {
		out.Reason = "Operation Failed"
	}
	if detail := f.Detail(); detail != "" && detail != "[]" {
		out.Detail = &detail
	}
	return out
}

// unreadable turns what is wrong with a body into a refusal: a value that does
// not fit is named in a fault, what is not even readable gets a usage message.
func (r *request) unreadable(err error) error {
	problem, known := errors.AsType[*wire.Error](err)
	if !known {
		return &fault.Fault{Kind: unreadable, Code: "UNREADABLE", Messages: []string{"The request body could not be read to its end."}, Cause: err}
	}
	detail := problem.Detail
	switch problem.Problem {
	case wire.InvalidValue:
		return fault.Bad(problem.Reason, detail)
	case wire.TooLarge:
		return &fault.Fault{Kind: tooLarge, Code: "TOO_LARGE", Reason: problem.Reason, Messages: []string{detail}}
	}
	return &fault.Fault{Kind: unreadable, Code: "UNREADABLE", Messages: []string{detail}}
}

// href is the address of the request without parameters.
func (r *request) href() string {
	if len(r.segments) == 0 {
		return r.prefix
	}
	return r.prefix + "/" + strings.Join(r.segments, "/")
}

// rel is what a usage message calls the request: the action, or what is done to
// a collection or an object.
func (r *request) rel() string {
	switch r.http.Method {
	case http.MethodPost:
		if r.route != nil && r.route.action != nil {
			return r.segments[len(r.segments)-1]
		}
		return "add"
	case http.MethodPut:
		return "update"
	case http.MethodDelete:
		return "delete"
	}
	return "get"
}

// noRoute is the refusal of a path that nothing is under.
func noRoute() error {
	return &fault.Fault{Kind: fault.NotFound, Code: "NO_RESOURCE", Messages: []string{"There is no such resource."}}
}

// badID is the refusal of an id in a URL that is none (api-v3 5.3).
func badID(text string) error {
	return &fault.Fault{Kind: fault.NotFound, Code: "BAD_ID", Messages: []string{"Entity not found: " + shorten(text) + " is not a valid id"}}
}

// unsupportedVersion is the answer to a version that is not served (api-v3 1.1).
func unsupportedVersion(version string) error {
	return fault.Bad("Unsupported version", "Version "+shorten(version)+" of the API is not supported: ask for "+
		newRoot+"/v3 or "+newRoot+"/v4, or send the header Version with 3 or 4.")
}
