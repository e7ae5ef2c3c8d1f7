package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"sync"
	"time"

	"vireo/internal/model"
)

// SessionOptions are the limits of [Sessions]; zero values mean the defaults.
type SessionOptions struct {
	// Idle is how long a session lasts without a request; 0 means 30 minutes
	// (api-v3 1.4). A session may ask for another time.
	Idle time.Duration
	// Longest is how long a session lasts at most, however busy; 0 means 100
	// hours (api-v4 1.3).
	Longest time.Duration
	// AtMost is how many sessions there are at once, and PerUser how many of one
	// user. Beyond that the session unused for the longest time ends: scripts
	// that ask for a session with every request and drop it would fill any
	// limit. 0 means 10,000 and 1,000.
	AtMost  int
	PerUser int
}

// SessionWish is what a client asks of a new session.
type SessionWish struct {
	// Idle is the header Session-TTL; 0 is the default. It is brought between a
	// minute and the longest life of a session.
	Idle time.Duration
	// Protected asks that each request repeats the token (csrf-protection).
	Protected bool
}

// Sessions are the logins that last longer than a request. They are named by a
// random token that only the client keeps, end when they were idle for too long,
// and with the password or the account they were opened with. They are in memory
// only. It is safe for concurrent use.
type Sessions struct {
	records Records
	options SessionOptions

	mu      sync.Mutex
	open    *bounded[sessionKey, *session] // the least recently used first
	perUser map[model.ID]int
	// sweeping says that sessions which have ended will be dropped soon.
	sweeping bool
}

// sessionKey is what a session is found by: not the token itself, so that how
// long a search takes says nothing about tokens.
type sessionKey [sha256.Size]byte

type session struct {
	user      model.ID
	version   version
	protected bool
	idle      time.Duration
	used      time.Time
	ends      time.Time // at the latest
	// password ends with the session.
	password *keptPassword
}

func (s *session) overAt(now time.Time) bool {
	return !now.Before(s.ends) || now.Sub(s.used) >= s.idle
}

// NewSessions makes the keeper of sessions, without any.
func NewSessions(records Records, options SessionOptions) *Sessions {
	options.Idle = orDefault(options.Idle, 30*time.Minute)
	options.Longest = orDefault(options.Longest, 100*time.Hour)
	options.AtMost = orDefault(options.AtMost, 10_000)
	options.PerUser = orDefault(options.PerUser, 1_000)
	return &Sessions{
		records: records,
		options: options,
		open:    newBounded[sessionKey, *session](options.AtMost),
		perUser: make(map[model.ID]int),
	}
}

// Start opens a session for a caller that was just verified. The token is for
// the client alone, 43 characters fit for a cookie; the caller returned names
// the session. The error is [ErrNoSession] when the user has been disabled or
// given another password meanwhile.
func (s *Sessions) Start(caller Caller, wish SessionWish) (token string, in Caller, err error) {
	if user, known := s.records.User(caller.User); !known || !stands(user, caller.version) {
		return "", Caller{}, ErrNoSession
	}
	var secret [32]byte
	_, _ = rand.Read(secret[:]) // never fails
	token = base64.RawURLEncoding.EncodeToString(secret[:])
	key := keyOf(token)
	now := time.Now()
	idle := s.options.Idle
	if wish.Idle != 0 {
		idle = max(wish.Idle, time.Minute)
	}

	s.mu.Lock()
	defer s.mu.Unlock()
	s.makeRoom(caller.User)
	s.open.put(key, &session{
		user: caller.User, version: caller.version, protected: wish.Protected,
		idle: min(idle, s.options.Longest), used: now, ends: now.Add(s.options.Longest),
		password: caller.password,
	})
	s.sweepLater()
	s.perUser[caller.User]++
	caller.Session, caller.key = key.name(), key
	return token, caller, nil
}

// Resume finds who a token belongs to, and counts as use of the session. Echo is
// the token as the request repeats it outside of the cookie (header JSESSIONID),
// which only protected sessions need. What the user may do is looked up anew.
// The errors are [ErrNoSession] and [ErrCrossSite].
func (s *Sessions) Resume(token, echo string) (Caller, error) {
	key := keyOf(token)
	s.mu.Lock()
	defer s.mu.Unlock()
	found, known := s.open.get(key)
	if !known {
		return Caller{}, ErrNoSession
	}
	now := time.Now()
	user, exists := s.records.User(found.user)
	if found.overAt(now) || !exists || !stands(user, found.version) || !MayLogin(s.records, found.user) {
		s.drop(key, found)
		return Caller{}, ErrNoSession
	}
	if found.protected && subtle.ConstantTimeCompare([]byte(token), []byte(echo)) != 1 {
		return Caller{}, ErrCrossSite
	}
	found.used = now
	s.open.put(key, found)
	caller := CallerOf(s.records, user)
	caller.Session, caller.key, caller.password = key.name(), key, found.password
	return caller, nil
}

// Stands says whether a caller may still be who it was, long after it was verified:
// whether its session is open, or for one without a session whether the user may log in
// with the password that was verified. used counts as use of the session.
func (s *Sessions) Stands(caller Caller, used bool) bool {
	user, exists := s.records.User(caller.User)
	if !exists || !stands(user, caller.version) || !MayLogin(s.records, caller.User) {
		return false
	}
	if caller.Session == "" {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	found, known := s.open.get(caller.key)
	now := time.Now()
	if !known || found.overAt(now) {
		return false
	}
	if used {
		found.used = now
		s.open.put(caller.key, found)
	}
	return true
}

// Protect makes a session ask for the repeated token from now on. The error is
// [ErrNoSession].
func (s *Sessions) Protect(token string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, known := s.open.get(keyOf(token))
	if !known {
		return ErrNoSession
	}
	found.protected = true
	return nil
}

// End ends a session and says whose it was; a token without one, or with one that
// was over already, is no error.
func (s *Sessions) End(token string) (user model.ID, ended bool) {
	key := keyOf(token)
	s.mu.Lock()
	defer s.mu.Unlock()
	found, known := s.open.get(key)
	if !known {
		return "", false
	}
	s.drop(key, found)
	return found.user, !found.overAt(time.Now())
}

// EndOf ends all sessions of a user. It is not needed after a change of the
// password or the account, which sessions notice by themselves.
func (s *Sessions) EndOf(user model.ID) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, found := range s.open.all() {
		if found.user == user {
			s.drop(key, found)
		}
	}
}

// Len is how many sessions are kept; some may have ended without being noticed.
func (s *Sessions) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open.len()
}

// stands says whether a user may still be logged in with the password that was
// verified.
func stands(user *model.User, verified version) bool {
	return !user.Disabled && versionOf(user) == verified
}

// makeRoom ends the least recently used sessions that would be one too many.
func (s *Sessions) makeRoom(user model.ID) {
	for key, found := range s.open.all() {
		tooMany := s.open.len() >= s.options.AtMost
		tooManyOfUser := s.perUser[user] >= s.options.PerUser
		if !tooMany && !tooManyOfUser {
			return
		}
		if tooMany || found.user == user {
			s.drop(key, found)
		}
	}
}

// sweepLater drops what has ended in a minute, and again as long as there are sessions:
// they keep passwords, which are not to stay until somebody comes.
func (s *Sessions) sweepLater() {
	if s.sweeping {
		return
	}
	s.sweeping = true
	time.AfterFunc(time.Minute, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.sweeping = false
		now := time.Now()
		for key, found := range s.open.all() {
			user, exists := s.records.User(found.user)
			if found.overAt(now) || !exists || !stands(user, found.version) || !MayLogin(s.records, found.user) {
				s.drop(key, found)
			}
		}
		if s.open.len() > 0 {
			s.sweepLater()
		}
	})
}

func (s *Sessions) drop(key sessionKey, dropped *session) {
	s.open.remove(key)
	if s.perUser[dropped.user]--; s.perUser[dropped.user] <= 0 {
		delete(s.perUser, dropped.user)
	}
}

func keyOf(token string) sessionKey { return sha256.Sum256([]byte(token)) }

// name is the part of the key that logs may show.
func (k sessionKey) name() string { return hex.EncodeToString(k[:8]) }
