package wire

import "fmt"

// Problem says what kind of fault a body that could not be read has.
type Problem uint8

// The problems that reading can end with.
const (
	// Empty: there is no body at all, or only blanks.
	Empty Problem = iota + 1
	// Malformed: the body is not well-formed, is not UTF-8, or goes on after its end.
	Malformed
	// TooLarge: the body exceeds [Limits.Bytes], or would fill more than [Limits.Memory].
	TooLarge
	// TooDeep: the body nests deeper than [Limits.Depth].
	TooDeep
	// WrongRoot: the root element (or the JSON root) is not what was asked for.
	WrongRoot
	// InvalidValue: a value does not fit its field; see [Error.Detail].
	InvalidValue
)

// Error is the only error that a body itself causes. Its texts are fit for users
// and never repeat more than a few characters of what was sent.
type Error struct {
	Problem Problem
	// Reason is "Invalid value" for [InvalidValue] (reference v3, 1.2 and 5.2)
	// and "Malformed request" for the rest.
	Reason string
	// Detail is a sentence saying what is wrong.
	Detail string
	// Path names the element at fault, as in "vm/cpu/topology/cores"; it may be empty.
	Path string
}

// Error returns reason, detail and the place of the fault.
func (e *Error) Error() string {
	if e.Path == "" {
		return e.Reason + ": " + e.Detail
	}
	return e.Reason + " at " + e.Path + ": " + e.Detail
}

func problem(p Problem, format string, args ...any) *Error {
	return &Error{Problem: p, Reason: "Malformed request", Detail: fmt.Sprintf(format, args...)}
}

func invalid(format string, args ...any) *Error {
	return &Error{Problem: InvalidValue, Reason: "Invalid value", Detail: fmt.Sprintf(format, args...)}
}

// at puts name in front of the path of a fault, on the way up from where it was found.
func at(name string, err error) error {
	fault, ok := err.(*Error) //nolint:errorlint // only this package's own errors, never wrapped, come up the recursion
	if !ok {
		return err
	}
	if fault.Path == "" {
		fault.Path = name
	} else {
		fault.Path = name + "/" + fault.Path
	}
	return fault
}

// shorten keeps what a sender wrote from filling a refusal or a log line.
func shorten(text string) string {
	const longest = 64
	count := 0
	for i := range text {
		if count == longest {
			return text[:i] + "…"
		}
		count++
	}
	return text
}
