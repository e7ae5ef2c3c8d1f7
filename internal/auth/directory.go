package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
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
	// Locked is told of each lock, after it began: of which login, from where and
	// for how long; nil tells nobody.
	Locked func(ctx context.Context, login, remote string, wait time.Duration)
	// Sources finds directories outside; nil knows none.
	Sources Sources
	// Admit makes the user that an entry of such a directory is, when one has
	// logged in; [ErrNoLogin] if nothing was given to the user or its groups. It
	// is needed with Sources.
	Admit func(ctx context.Context, entry *Entry) (*model.User, error)
}

// askedAtOnce is how many logins wait for a directory outside at the same time.
const askedAtOnce = 8

// Directory verifies passwords: of the users of the domain internal by their
// hashes, of others by asking their directory. Clients send them with every
// request, so a verified one is remembered for a moment, as a keyed hash that is
// of no use after the password has changed. It is safe for concurrent use.
type Directory struct {
	records    Records
	options    DirectoryOptions
	marker     *marker
	remembered *remembered
	counts     *counts
	gate       *gate // for hashing
	outside    *gate // for asking
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
	if options.Sources == nil {
		options.Sources = noSources{}
	}
	waiting := orDefault(options.Waiting, 64)
	return &Directory{
		records:    records,
		options:    options,
		marker:     newMarker(),
		remembered: newRemembered(life, orDefault(options.Remembered, 1024)),
		counts:     newCounts(options.Lock.withDefaults()),
		gate:       newGate(hashesAtOnce, waiting),
		outside:    newGate(askedAtOnce, waiting),
		nobody:     unmatchable(),
		verify:     VerifyPassword,
	}
}

// attempt is one login, looked up.
type attempt struct {
	name, domain string
	password     string
	remote       string
	source       Source // asked in place of comparing with hash
	hash         string // the user's, or that of nobody
	spot         spot   // for counting wrong passwords
}

// Authenticate verifies a password. The login names a domain, in one of the
// forms of [SplitName]; remote is the client's address, with or without a port.
//
// The errors are [ErrDenied], [ErrDisabled], [ErrNoLogin], [*LockedError],
// [ErrBusy], [ErrUnavailable], the context's when it ends first, and others for
// records that are damaged. A user
// who does not exist is denied as slowly as one whose password is wrong. While
// a user is locked for an address the right password is refused too, also a
// remembered one: else guesses could be tried against the memory.
func (d *Directory) Authenticate(ctx context.Context, login, password, remote string) (Caller, error) {
	if password == "" || len(password) > maxPassword || len(login) > maxLogin {
		return Caller{}, ErrDenied
	}
	try := d.lookUp(login, password, remote)
	if knownWrong, err := d.counts.check(try.spot); err != nil {
		return Caller{}, err
	} else if knownWrong {
		return Caller{}, ErrDenied
	}
	if !d.remembered.has(try.spot.credential) {
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

// Unlock lets a user try again at once, from everywhere.
func (d *Directory) Unlock(name, domain string) {
	d.counts.forget(d.marker.of("user", name, domain))
}

func (d *Directory) lookUp(login, password, remote string) attempt {
	name, domain := SplitName(login)
	try := attempt{name: name, domain: domain, password: password, remote: remote, hash: d.nobody}
	if source, known := d.options.Sources.Source(model.DomainName(domain)); known && domain != Internal {
		// Names in directories are the same in any case.
		try.name, try.domain = strings.ToLower(name), model.DomainName(domain)
		try.source, try.hash = source, ""
	} else if user, known := d.user(try); known && user.PasswordHash != "" {
		try.hash = user.PasswordHash
	}
	from := origin(remote)
	try.spot = spot{
		pair:       d.marker.of("place", try.name, try.domain, from),
		address:    d.marker.of("address", from),
		user:       d.marker.of("user", try.name, try.domain),
		credential: d.marker.of("credential", try.name, try.domain, password, try.hash),
	}
	return try
}

func (d *Directory) user(try attempt) (*model.User, bool) {
	if try.domain != Internal && try.source == nil {
		return nil, false
	}
	return d.records.UserNamed(try.name, try.domain)
}

// verifyOnce verifies an attempt; equal ones at the same time share the work.
// The work goes on when the caller who began it has left, since others may wait
// for it; the gate bounds how long.
func (d *Directory) verifyOnce(ctx context.Context, try attempt) error {
	lasting := context.WithoutCancel(ctx)
	done := d.flights.DoChan(string(try.spot.pair[:])+string(try.spot.credential[:]), func() (any, error) {
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
	through := d.gate
	if try.source != nil {
		through = d.outside
	}
	leave, err := through.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	if d.remembered.has(try.spot.credential) { // verified while this one waited
		return nil
	}
	end, knownWrong, err := d.counts.begin(try.spot)
	if err != nil {
		return err
	}
	if knownWrong {
		return ErrDenied
	}
	result := unverified
	defer func() {
		if locked := end(result); locked > 0 && d.options.Locked != nil {
			d.options.Locked(ctx, try.name+"@"+try.domain, try.remote, locked)
		}
	}()
	matches, err := d.matches(ctx, try)
	if err != nil {
		return err
	}
	if !matches {
		result = wrong
		return ErrDenied
	}
	result = right
	d.remembered.add(try.spot.credential)
	return nil
}

// matches says whether the password is right. A user of a directory outside who
// has given the right one is known afterwards, as the directory tells it now.
func (d *Directory) matches(ctx context.Context, try attempt) (bool, error) {
	if try.source == nil {
		matches, err := d.verify(try.hash, try.password)
		if err != nil {
			return false, fmt.Errorf("verifying the password of %s@%s: %w", try.name, try.domain, err)
		}
		return matches, nil
	}
	entry, err := try.source.Authenticate(ctx, try.name, try.password)
	switch {
	case errors.Is(err, ErrDenied):
		return false, nil
	case err != nil:
		return false, err
	}
	_, err = d.options.Admit(ctx, entry)
	return err == nil, err
}

// admit looks the user up again, who may have changed while the password was
// verified, and makes the caller.
func (d *Directory) admit(try attempt) (Caller, error) {
	user, known := d.user(try)
	switch {
	case !known || user.PasswordHash != try.hash:
		return Caller{}, ErrDenied
	case user.Disabled:
		return Caller{}, ErrDisabled
	case !MayLogin(d.records, user.ID):
		return Caller{}, ErrNoLogin
	}
	return CallerOf(d.records, user).With(try.password), nil
}
