package engine

import (
	"context"
	"fmt"
	"net"
	"sync"
	"time"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// LoggedIn tells of a session that was opened (event 30). Credentials that come
// with a request open none, and are not told.
func (e *Engine) LoggedIn(ctx context.Context, user model.ID, remote, correlation string) {
	e.tellOf(ctx, audit.Login, user, audit.About{CorrelationID: correlation, Address: remote})
}

// LoggedOut tells of a session that its user has ended (event 31).
func (e *Engine) LoggedOut(ctx context.Context, user model.ID, remote, correlation string) {
	e.tellOf(ctx, audit.Logout, user, audit.About{CorrelationID: correlation, Address: remote})
}

// LoginFailed tells of credentials that were refused (event 114): for each user
// who exists once a minute at most, and once for all others together. A name that
// nobody has is not repeated, since passwords are typed in the wrong place.
func (e *Engine) LoginFailed(ctx context.Context, login, remote, correlation string) {
	who, user := "an unknown user", model.ID("")
	name, domain := auth.SplitName(login)
	for _, known := range e.Inventory.Users.Named(name + "@" + domain) {
		who, user = known.ObjectName(), known.ID
	}
	missed, tell := e.refused.count(user, time.Now())
	if !tell {
		return
	}
	detail := fmt.Sprintf("as %s, from %s.", who, addressOf(remote))
	if missed > 0 {
		detail += fmt.Sprintf(" Since the last such event %d more have failed.", missed)
	}
	e.tellOf(ctx, audit.LoginFailed, "", audit.About{CorrelationID: correlation, Detail: detail, Address: remote})
}

// LoginLocked tells that wrong passwords have locked somebody out for a time
// (event 20241).
func (e *Engine) LoginLocked(ctx context.Context, login, remote string, wait time.Duration) {
	who := "an unknown user"
	for _, known := range e.Inventory.Users.Named(login) {
		who = known.ObjectName()
	}
	detail := fmt.Sprintf("%s from %s, for %v.", who, addressOf(remote), wait.Round(time.Second))
	e.tellOf(ctx, audit.LoginLocked, "", audit.About{Detail: detail, Address: remote})
}

// Unlocked tells that a user may try again at once (event 20242).
func (e *Engine) Unlocked(ctx context.Context, login string) {
	e.tellOf(ctx, audit.LoginUnlocked, "", audit.About{Detail: login})
}

func (e *Engine) tellOf(ctx context.Context, code audit.Code, user model.ID, about audit.About) {
	err := e.Inventory.Update(ctx, func(tx *inventory.Tx) error {
		if known, exists := tx.Users.Get(user); exists {
			about.User, about.UserName = known.ID, known.ObjectName()
		}
		tx.Event(audit.New(code, about))
		return nil
	})
	if err != nil {
		e.Log.WarnContext(ctx, "a login could not be told of", "code", int(code), "user", user, "err", err)
	}
}

func addressOf(remote string) string {
	if host, _, err := net.SplitHostPort(remote); err == nil {
		return host
	}
	return remote
}

// refusedPause is the time between two events about the same user.
const refusedPause = time.Minute

// refused counts failed logins, so that whoever guesses does not fill the audit
// log. It holds no more than there are users.
type refused struct {
	mu   sync.Mutex
	last map[model.ID]*refusals
}

type refusals struct {
	told   time.Time
	missed int
}

// count says whether one more is to be told, and how many were not since the last
// that was.
func (r *refused) count(user model.ID, now time.Time) (missed int, tell bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.last == nil {
		r.last = make(map[model.ID]*refusals)
	}
	seen, known := r.last[user]
	if known && now.Sub(seen.told) < refusedPause {
		seen.missed++
		return 0, false
	}
	if known {
		missed = seen.missed
	}
	r.last[user] = &refusals{told: now}
	return missed, true
}
