package fault

import (
	"errors"
	"strings"
)

// Kind says what sort of no it is. The HTTP code follows from it (api-v3 5.3).
type Kind string

// The kinds of refusal.
const (
	// BadRequest is wrong input: a parameter, a constraint, an unsupported wish.
	BadRequest Kind = "bad_request"
	// Conflict is a state that does not allow it, now.
	Conflict Kind = "conflict"
	// NotFound is an object that does not exist.
	NotFound Kind = "not_found"
	// Unauthenticated is no or wrong credentials.
	Unauthenticated Kind = "unauthenticated"
	// Forbidden is a session whose CSRF token is wrong.
	Forbidden Kind = "forbidden"
	// Denied is a missing permit: version 3 answers 400 (api-v3 1.5).
	Denied Kind = "denied"
	// Host is a host that refused or failed to do its part.
	Host Kind = "host"
	// Untyped is a message without a type, which counts as bad request unless
	// another message of the list decides (api-v3 5.3).
	Untyped Kind = "untyped"
	// Internal is our own failure; Message is fit for users, Cause is not.
	Internal Kind = "internal"
	// Unavailable is an engine that may not write now: it is stopping, or has
	// lost its lock.
	Unavailable Kind = "unavailable"
)

// Fault is a refusal or failure with a sentence fit for users.
type Fault struct {
	Kind Kind
	// Code is a key of the message catalogue (api-v3 appendix A) or one of ours.
	Code string
	// Reason is the heading of the REST layer's own refusals (api-v3 5.2);
	// empty means "Operation Failed".
	Reason string
	// Messages are one or more sentences.
	Messages []string
	// Command says that a command refused: its messages are shown in brackets,
	// inside the action when there is one.
	Command bool
	// Cause is for the log only.
	Cause error
}

// Error gives the messages and the cause, for the log.
func (f *Fault) Error() string {
	text := f.Code + ": " + f.Message()
	if f.Cause != nil {
		text += ": " + f.Cause.Error()
	}
	return text
}

// Unwrap gives the cause.
func (f *Fault) Unwrap() error { return f.Cause }

// Message is the sentences joined by ", ", without brackets.
func (f *Fault) Message() string { return strings.Join(f.Messages, ", ") }

// Detail is what the API shows: bracketed for commands (api-v3 5.2).
func (f *Fault) Detail() string {
	if f.Command {
		return "[" + f.Message() + "]"
	}
	return f.Message()
}

// Because returns f with a cause for the log.
func (f *Fault) Because(cause error) *Fault {
	copied := *f
	copied.Cause = cause
	return &copied
}

// Of finds the fault in err's chain. Anything else is internal, and nothing of
// its text is shown.
func Of(err error) *Fault {
	if f, ok := errors.AsType[*Fault](err); ok {
		return f
	}
	return &Fault{Kind: Internal, Code: "INTERNAL", Messages: []string{"Internal Engine Error"}, Cause: err}
}

// Is says whether err is a fault of the kind.
func Is(err error, kind Kind) bool {
	f, ok := errors.AsType[*Fault](err)
	return ok && f.Kind == kind
}
