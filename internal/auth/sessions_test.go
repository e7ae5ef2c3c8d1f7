package auth

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/model"
)

// begin opens a session for a user of the book.
func begin(t testing.TB, sessions *Sessions, records *book, user model.ID, wish SessionWish) string {
	t.Helper()
	token, _, err := sessions.Start(records.caller(t, user), wish)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func alive(sessions *Sessions, token string) bool {
	_, err := sessions.Resume(token, "")
	return err == nil
}

func TestSessionKnowsItsUser(t *testing.T) {
	records := newBook(t)
	sessions := NewSessions(records, SessionOptions{})
	token, opened, err := sessions.Start(records.caller(t, adminID), SessionWish{})
	if err != nil {
		t.Fatal(err)
	}
	if len(token) != 43 || opened.Session == "" || strings.Contains(token, opened.Session) {
		t.Errorf("the token is %q, the session %q", token, opened.Session)
	}
	caller, err := sessions.Resume(token, "")
	if err != nil || caller != opened || caller.User != adminID || caller.Name != "admin@internal" || !caller.Admin {
		t.Errorf("the caller is %+v, %v", caller, err)
	}
	for _, other := range []string{"", token[:42], token + "x", strings.ToUpper(token), opened.Session} {
		if _, err := sessions.Resume(other, other); !errors.Is(err, ErrNoSession) {
			t.Errorf("%q: %v", other, err)
		}
	}
	if again := begin(t, sessions, records, adminID, SessionWish{}); again == token {
		t.Error("two sessions have one token")
	}
	// What the user holds counts as it is now.
	records.mu.Lock()
	records.permissions = records.permissions[1:]
	records.mu.Unlock()
	if caller, err := sessions.Resume(token, ""); err != nil || caller.Admin {
		t.Errorf("after the role was taken away: %+v, %v", caller, err)
	}
	records.mu.Lock()
	records.permissions = nil
	records.mu.Unlock()
	if caller, err := sessions.Resume(token, ""); !errors.Is(err, ErrNoSession) {
		t.Errorf("after every role was taken away: %+v, %v", caller, err)
	}
}

func TestSessionEndsWhenIdle(t *testing.T) {
	for _, test := range []struct {
		name string
		wish time.Duration
		idle time.Duration
	}{
		{"by default", 0, 30 * time.Minute},
		{"shorter", 5 * time.Minute, 5 * time.Minute},
		{"longer", 3 * time.Hour, 3 * time.Hour},
		{"too short", time.Second, time.Minute},
		{"negative", -time.Hour, time.Minute},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				records := newBook(t)
				sessions := NewSessions(records, SessionOptions{})
				token := begin(t, sessions, records, adminID, SessionWish{Idle: test.wish})
				for range 3 { // use keeps it
					time.Sleep(test.idle - time.Second)
					if !alive(sessions, token) {
						t.Fatal("it ended too early")
					}
				}
				time.Sleep(test.idle)
				if alive(sessions, token) {
					t.Error("it did not end")
				}
				if sessions.Len() != 0 {
					t.Errorf("%d sessions are kept", sessions.Len())
				}
			})
		})
	}
}

func TestSessionEndsAtTheLatest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := newBook(t)
		sessions := NewSessions(records, SessionOptions{Longest: time.Hour})
		token := begin(t, sessions, records, adminID, SessionWish{Idle: 1 << 62})
		for range 59 {
			time.Sleep(time.Minute)
			if !alive(sessions, token) {
				t.Fatal("it ended too early")
			}
		}
		time.Sleep(time.Minute)
		if alive(sessions, token) {
			t.Error("it did not end")
		}
	})
}

func TestSessionEndsWithWhatItWasOpenedWith(t *testing.T) {
	for name, change := range map[string]func(*book, *Sessions, string){
		"logout": func(_ *book, sessions *Sessions, token string) { sessions.End(token) },
		"all":    func(_ *book, sessions *Sessions, _ string) { sessions.EndOf(adminID) },
		"password": func(records *book, _ *Sessions, _ string) {
			records.change(adminID, func(user *model.User) { user.PasswordHash = "another" })
		},
		"disabled": func(records *book, _ *Sessions, _ string) {
			records.change(adminID, func(user *model.User) { user.Disabled = true })
		},
		"removed": func(records *book, _ *Sessions, _ string) {
			records.mu.Lock()
			defer records.mu.Unlock()
			delete(records.users, adminID)
		},
	} {
		t.Run(name, func(t *testing.T) {
			records := newBook(t)
			sessions := NewSessions(records, SessionOptions{})
			before := records.caller(t, adminID)
			token := begin(t, sessions, records, adminID, SessionWish{})
			other := begin(t, sessions, records, plainID, SessionWish{})
			change(records, sessions, token)
			if alive(sessions, token) {
				t.Error("it goes on")
			}
			if !alive(sessions, other) {
				t.Error("another user's ended too")
			}
			if sessions.Len() != 1 || sessions.perUser[adminID] != 0 {
				t.Errorf("%d sessions are kept", sessions.Len())
			}
			sessions.End(token) // twice is no harm
			if name == "logout" || name == "all" {
				return
			}
			if _, _, err := sessions.Start(before, SessionWish{}); !errors.Is(err, ErrNoSession) {
				t.Errorf("a caller verified before could open one: %v", err)
			}
		})
	}
}

func TestSessionDoesNotReviveWithAnAccountEnabledAgain(t *testing.T) {
	records := newBook(t)
	sessions := NewSessions(records, SessionOptions{})
	token := begin(t, sessions, records, adminID, SessionWish{})
	records.change(adminID, func(user *model.User) { user.Disabled = true })
	if alive(sessions, token) {
		t.Fatal("it goes on")
	}
	records.change(adminID, func(user *model.User) { user.Disabled = false })
	if alive(sessions, token) {
		t.Error("it is back")
	}
}

func TestProtectedSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := newBook(t)
		sessions := NewSessions(records, SessionOptions{})
		for _, later := range []bool{false, true} {
			token := begin(t, sessions, records, adminID, SessionWish{Protected: !later})
			if later {
				if !alive(sessions, token) {
					t.Error("it is protected before it was asked to be")
				}
				if err := sessions.Protect(token); err != nil {
					t.Fatal(err)
				}
			}
			for _, echo := range []string{"", "x", token[1:], token + "x"} {
				if _, err := sessions.Resume(token, echo); !errors.Is(err, ErrCrossSite) {
					t.Errorf("echo %q: %v", echo, err)
				}
			}
			if _, err := sessions.Resume(token, token); err != nil {
				t.Error(err)
			}
			// A forged request does not keep it alive.
			time.Sleep(29 * time.Minute)
			_, _ = sessions.Resume(token, "forged")
			time.Sleep(time.Minute)
			if _, err := sessions.Resume(token, token); !errors.Is(err, ErrNoSession) {
				t.Errorf("after a forged request: %v", err)
			}
		}
		if err := sessions.Protect("no token"); !errors.Is(err, ErrNoSession) {
			t.Errorf("no token: %v", err)
		}
	})
}

func TestSessionsAreBounded(t *testing.T) {
	records := newBook(t)
	sessions := NewSessions(records, SessionOptions{AtMost: 6, PerUser: 4})
	busy := begin(t, sessions, records, adminID, SessionWish{})
	others := begin(t, sessions, records, plainID, SessionWish{})
	var last string
	for range 20 {
		last = begin(t, sessions, records, adminID, SessionWish{})
		if !alive(sessions, busy) { // in use, so others make room
			t.Fatal("a session in use ended")
		}
	}
	if sessions.Len() != 5 || sessions.perUser[adminID] != 4 {
		t.Errorf("there are %d sessions, %d of admin", sessions.Len(), sessions.perUser[adminID])
	}
	if !alive(sessions, last) || !alive(sessions, others) {
		t.Error("the newest or another user's session ended")
	}
	for range 20 {
		begin(t, sessions, records, plainID, SessionWish{})
	}
	if sessions.Len() > 6 || sessions.perUser[plainID] != 4 || sessions.perUser[adminID]+sessions.perUser[plainID] != sessions.Len() {
		t.Errorf("there are %d sessions, of each %v", sessions.Len(), sessions.perUser)
	}
}

func TestAbandonedSessionsAreSwept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := newBook(t)
		sessions := NewSessions(records, SessionOptions{})
		for range 100 {
			begin(t, sessions, records, adminID, SessionWish{Idle: 2 * time.Minute})
		}
		long := begin(t, sessions, records, adminID, SessionWish{Idle: time.Hour})
		time.Sleep(3*time.Minute + time.Second) // they are swept within a minute
		begin(t, sessions, records, plainID, SessionWish{})
		if sessions.Len() != 2 || !alive(sessions, long) || len(sessions.perUser) != 2 {
			t.Errorf("%d sessions are kept, of %d users", sessions.Len(), len(sessions.perUser))
		}
	})
}

func TestSessionsAtOnce(t *testing.T) {
	records := newBook(t)
	sessions := NewSessions(records, SessionOptions{AtMost: 10, PerUser: 8})
	var all sync.WaitGroup
	for i := range 8 {
		user := adminID
		if i%2 == 0 {
			user = plainID
		}
		all.Go(func() {
			caller := records.caller(t, user)
			for range 200 {
				token, _, err := sessions.Start(caller, SessionWish{})
				if err != nil {
					t.Error(err)
					return
				}
				if caller, err := sessions.Resume(token, ""); err == nil && caller.User != user {
					t.Errorf("the session of %s is %s's", user, caller.User)
				}
				sessions.End(token)
			}
		})
	}
	all.Wait()
	if sessions.Len() != 0 || len(sessions.perUser) != 0 {
		t.Errorf("%d sessions are left", sessions.Len())
	}
}

// TestStands: whoever was verified stands as long as the session, or without one as
// long as the password; what is done meanwhile keeps a session from running out.
func TestStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		records := newBook(t)
		sessions := NewSessions(records, SessionOptions{Idle: 10 * time.Minute})
		basic := records.caller(t, adminID)
		token, caller, err := sessions.Start(basic, SessionWish{})
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			time.Sleep(9 * time.Minute)
			if !sessions.Stands(caller, true) {
				t.Fatal("a session in use does not stand")
			}
		}
		time.Sleep(9 * time.Minute)
		if !sessions.Stands(caller, false) {
			t.Error("a session that was used lately does not stand")
		}
		time.Sleep(time.Minute)
		if sessions.Stands(caller, true) || alive(sessions, token) {
			t.Error("a session that was unused for too long stands")
		}
		token, caller, _ = sessions.Start(basic, SessionWish{})
		sessions.End(token)
		if sessions.Stands(caller, false) {
			t.Error("a session that was ended stands")
		}
		if !sessions.Stands(basic, false) {
			t.Error("a caller without a session does not stand")
		}
		records.mu.Lock()
		records.permissions = nil
		records.mu.Unlock()
		if sessions.Stands(basic, false) {
			t.Error("a caller that may not log in any more stands")
		}
	})
}
