package auth

import (
	"errors"
	"fmt"
	"time"
)

// Why somebody is not let in. The texts are fit for the caller: none says
// whether a user exists.
var (
	// ErrDenied is an unknown user, an unknown domain or a wrong password.
	ErrDenied = errors.New("the user name or password is incorrect")
	// ErrDisabled is the right password of a user who may not log in. Clients
	// look for these words (api-v4 1.3).
	ErrDisabled = errors.New("the user account is disabled or locked")
	// ErrNoLogin is the right password of a user who holds no role that lets users
	// log in.
	ErrNoLogin = errors.New("the user has no role that permits to log in")
	// ErrUnavailable is a directory outside of which no server answers.
	ErrUnavailable = errors.New("the directory of the user does not answer, try again later")
	// ErrBusy is too many passwords waiting to be verified: try again soon.
	ErrBusy = errors.New("too many logins at the same time, try again in a few seconds")
	// ErrNoSession is a token that names no session, or one that has ended.
	ErrNoSession = errors.New("the session does not exist or has ended")
	// ErrCrossSite is a request of a protected session that did not repeat the
	// token (api-v3 1.4, csrf-protection).
	ErrCrossSite = errors.New("the session is protected and the request does not repeat its id")
	// ErrPassword is a new password that cannot be used.
	ErrPassword = errors.New("a password has 1 to 1024 bytes")
)

// LockedError says that a user cannot log in from an address for a time, because
// of too many wrong passwords from there.
type LockedError struct {
	// For is how long to wait before trying again.
	For time.Duration
}

// Error says how long it lasts, in the words clients look for (api-v4 1.3).
func (e *LockedError) Error() string {
	return fmt.Sprintf("the user account is disabled or locked: too many wrong passwords, try again in %v",
		e.For.Round(time.Second))
}
