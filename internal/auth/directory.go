package auth

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/singleflight"

	"vireo/internal/model"
)

// Internal is the domain of the users that the engine keeps itself.
const Internal = "internal"

// maxLogin is the longest login that is looked at, in bytes.
const maxLogin = 512

// DirectoryOptions are the limits of a [Directory]; zero values mean the
// defaults.
type DirectoryOptions struct {
	// Remember is how long a verified credential is taken without hashing it
	// again: at most a minute, which is the default. Negative is not at all.
	Remember time.Duration
	// Remembered is how many credentials are remembered at once; 0 means 1024.
	Remembered int
	// Waiting is how many passwords may wait to be hashed; 0 means 64.
	Waiting int
	// Lock says what wrong passwords lead to.
	Lock LockOptions
}

// Directory verifies the passwords of the users of the domain internal. Clients
// send them with every request, so a verified one is remembered for a moment,
// as a keyed hash that is of no use after the password has changed. It is safe
// for concurrent use.
type Directory struct {
	records    Records
	marker     *marker
	remembered *remembered
	guesses    *guesses
	gate       *gate
	flights    singleflight.Group
	nobody     string // the hash that unknown users are verified against

	// verify is VerifyPassword; tests count its calls.
	verify func(hash, password string) (bool, error)
}

// NewDirectory makes a directory of the users in records.
func NewDirectory(records Records, options DirectoryOptions) *Directory {
	life := min(options.Remember, time.Minute)
	if life == 0 {
		life = time.Minute
	}
	return &Directory{
		records:    records,
		marker:     newMarker(),
		remembered: newRemembered(life, orDefault(options.Remembered, 1024)),
		guesses:    newGuesses(options.Lock.withDefaults()),
		gate:       newGate(hashesAtOnce, orDefault(options.Waiting, 64)),
		nobody:     unmatchable(),
		verify:     VerifyPassword,
	}
}

// attempt is one login, looked up.
type attempt struct {
	name, domain string
	password     string
	hash         string // the user's, or that of nobody
	place        mark   // user and address, for counting wrong passwords
	credential   mark   // user, password and the hash it is compared with
}

// Authenticate verifies a password. The login names a domain, in one of the
// forms of [SplitName]; remote is the client's address, with or without a port.
//
// The errors are [ErrDenied], [ErrDisabled], [*LockedError], [ErrBusy], the
// context's when it ends first, and others for records that are damaged. A user
// who does not exist is denied as slowly as one whose password is wrong. While
// a user is locked for an address the right password is refused too, also a
// remembered one: else guesses could be tried against the memory.
func (d *Directory) Authenticate(ctx context.Context, login, password, remote string) (Caller, error) {
	if password == "" || len(password) > maxPassword || len(login) > maxLogin {
		return Caller{}, ErrDenied
	}
	try := d.lookUp(login, password, remote)
	if knownWrong, err := d.guesses.check(try.place, try.credential); err != nil {
		return Caller{}, err
	} else if knownWrong {
		return Caller{}, ErrDenied
	}
	if !d.remembered.has(try.credential) {
		if err := d.verifyOnce(ctx, try); err != nil {
			return Caller{}, err
		}
	}
	return d.admit(try)
}

// Hash makes the hash of a new password, waiting for its turn. The errors are
// [ErrPassword], [ErrBusy] and the context's.
func (d *Directory) Hash(ctx context.Context, password string) (string, error) {
	leave, err := d.gate.enter(ctx)
	if err != nil {
		return "", err
	}
	defer leave()
	return HashPassword(password)
}

func (d *Directory) lookUp(login, password, remote string) attempt {
	name, domain := SplitName(login)
	try := attempt{
		name: name, domain: domain, password: password,
		hash:  d.nobody,
		place: d.marker.of("place", name, domain, origin(remote)),
	}
	if user, known := d.user(name, domain); known && user.PasswordHash != "" {
		try.hash = user.PasswordHash
	}
	try.credential = d.marker.of("credential", name, domain, password, try.hash)
	return try
}

func (d *Directory) user(name, domain string) (*model.User, bool) {
	if domain != Internal {
		return nil, false
	}
	return d.records.UserNamed(name, domain)
}

// verifyOnce verifies an attempt; equal ones at the same time share the work.
// The work goes on when the caller who began it has left, since others may wait
// for it; the gate bounds how long.
func (d *Directory) verifyOnce(ctx context.Context, try attempt) error {
	lasting := context.WithoutCancel(ctx)
	done := d.flights.DoChan(string(try.place[:])+string(try.credential[:]), func() (any, error) {
		return nil, d.verifyNow(lasting, try)
	})
	select {
	case result := <-done:
		return result.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (d *Directory) verifyNow(ctx context.Context, try attempt) error {
	leave, err := d.gate.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if d.remembered.has(try.credential) { // verified while this one waited
		return nil
	}
	knownWrong, err := d.guesses.begin(try.place, try.credential)
	if err != nil {
		return err
	}
	if knownWrong {
		return ErrDenied
	}
	result := unverified
	defer func() { d.guesses.end(try.place, try.credential, result) }()
	matches, err := d.verify(try.hash, try.password)
	if err != nil {
		return fmt.Errorf("verifying the password of %s@%s: %w", try.name, try.domain, err)
	}
	if !matches {
		result = wrong
		return ErrDenied
	}
	result = right
	d.remembered.add(try.credential)
	return nil
}

// admit looks the user up again, who may have changed while the password was
// verified, and makes the caller.
func (d *Directory) admit(try attempt) (Caller, error) {
	user, known := d.user(try.name, try.domain)
	switch {
	case !known || user.PasswordHash != try.hash:
		return Caller{}, ErrDenied
	case user.Disabled:
		return Caller{}, ErrDisabled
	}
	return CallerOf(d.records, user), nil
}
