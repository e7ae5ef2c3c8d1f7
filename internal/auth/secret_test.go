package auth

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/model"
)

func TestCallerHasItsPassword(t *testing.T) {
	records := newBook(t)
	directory := NewDirectory(records, DirectoryOptions{})
	for range 2 { // the second is remembered, and not verified anew
		caller, err := directory.Authenticate(t.Context(), "admin@internal", password, "192.0.2.1")
		if err != nil {
			t.Fatal(err)
		}
		if got, has := caller.Password(); !has || got != password {
			t.Errorf("the caller has the password %q, %v", got, has)
		}
		without := caller.Without()
		if got, has := without.Password(); has || without.User != caller.User {
			t.Errorf("without it the caller has the password %q", got)
		}
		sessions := NewSessions(records, SessionOptions{})
		token, opened, err := sessions.Start(caller, SessionWish{})
		if err != nil {
			t.Fatal(err)
		}
		resumed, err := sessions.Resume(token, "")
		if err != nil {
			t.Fatal(err)
		}
		for name, caller := range map[string]*Caller{"opened": &opened, "resumed": &resumed} {
			if got, has := caller.Password(); !has || got != password {
				t.Errorf("a session that was %s has the password %q, %v", name, got, has)
			}
		}
	}
	other := records.caller(t, adminID)
	if got, has := other.Password(); has || got != "" {
		t.Errorf("a caller that was never asked has the password %q", got)
	}
}

func TestPasswordShowsItselfNowhere(t *testing.T) {
	const secret = "correct horse battery staple"
	caller := &Caller{User: adminID, Name: "admin@internal", password: keep(secret)}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		fmt.Fprintf(&out, verb+"\n"+verb+"\n"+verb+"\n", caller, *caller, caller.password)
	}
	log := slog.New(slog.NewTextHandler(&out, nil))
	log.Info("said", "caller", caller, "value", *caller, "password", caller.password)
	log = slog.New(slog.NewJSONHandler(&out, nil))
	log.Info("said", "caller", caller, "value", *caller, "password", caller.password)
	text, err := json.Marshal(caller)
	if err != nil {
		t.Fatal(err)
	}
	out.Write(text)
	if bytes.Contains(caller.password.sealed, []byte(secret)) {
		t.Error("it is kept as it is")
	}
	if shown := out.String(); strings.Contains(shown, secret) || strings.Contains(shown, fmt.Sprintf("%x", secret)) {
		t.Errorf("it is shown: %s", shown)
	}
}

// TestPasswordEndsWithItsSession: what nobody asks for any more is not kept until somebody
// does.
func TestPasswordEndsWithItsSession(t *testing.T) {
	for name, end := range map[string]func(*book, *Sessions, string){
		"logout":   func(_ *book, sessions *Sessions, token string) { sessions.End(token) },
		"idleness": func(*book, *Sessions, string) { time.Sleep(31 * time.Minute) },
		"another password": func(records *book, _ *Sessions, _ string) {
			records.change(adminID, func(user *model.User) { user.PasswordHash = "another" })
			time.Sleep(2 * time.Minute)
		},
		"a disabled account": func(records *book, _ *Sessions, _ string) {
			records.change(adminID, func(user *model.User) { user.Disabled = true })
			time.Sleep(2 * time.Minute)
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				records := newBook(t)
				sessions := NewSessions(records, SessionOptions{})
				caller := records.caller(t, adminID)
				caller.password = keep("s3cret")
				token, _, err := sessions.Start(caller, SessionWish{})
				if err != nil {
					t.Fatal(err)
				}
				end(records, sessions, token)
				synctest.Wait()
				if sessions.Len() != 0 {
					t.Error("the session is kept, and its password with it")
				}
			})
		})
	}
}
