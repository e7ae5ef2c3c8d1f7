package auth

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/model"
)

// quick makes a directory that compares texts in place of hashing, and counts
// how often it does.
func quick(t testing.TB, options DirectoryOptions) (*Directory, *book, *atomic.Int64) {
	t.Helper()
	records := newBook(t)
	directory := NewDirectory(records, options)
	calls := new(atomic.Int64)
	for _, id := range []model.ID{adminID, plainID} {
		records.change(id, func(user *model.User) { user.PasswordHash = "hash of " + password })
	}
	directory.verify = func(hash, password string) (bool, error) {
		calls.Add(1)
		return hash == "hash of "+password, nil
	}
	return directory, records, calls
}

func TestAuthenticate(t *testing.T) {
	records := newBook(t)
	records.users["u3"] = &model.User{ID: "u3", Name: "blank", Domain: Internal}
	records.users["u4"] = &model.User{ID: "u4", Name: "off", Domain: Internal, PasswordHash: hashed(), Disabled: true}
	records.users["u5"] = &model.User{ID: "u5", Name: "far", Domain: "ldap", PasswordHash: hashed()}
	records.users["u6"] = &model.User{ID: "u6", Name: "a@b", Domain: Internal, PasswordHash: hashed()}
	directory := NewDirectory(records, DirectoryOptions{})
	for _, test := range []struct {
		login, password string
		want            error
		user            model.ID
	}{
		{"admin@internal", password, nil, adminID},
		{`internal\admin`, password, nil, adminID},
		{"a@b@internal", password, nil, "u6"},
		{"plain@internal", password, nil, plainID},
		{"admin@internal", "wrong", ErrDenied, ""},
		{"admin@internal", "", ErrDenied, ""},
		{"admin@internal", strings.Repeat("x", 1025), ErrDenied, ""},
		{"admin", password, ErrDenied, ""},
		{"admin@INTERNAL", password, ErrDenied, ""},
		{"admin@elsewhere", password, ErrDenied, ""},
		{"far@ldap", password, ErrDenied, ""},
		{"nobody@internal", password, ErrDenied, ""},
		{"blank@internal", password, ErrDenied, ""},
		{"blank@internal", "", ErrDenied, ""},
		{"off@internal", password, ErrDisabled, ""},
		{"off@internal", "wrong", ErrDenied, ""},
		{strings.Repeat("x", 600) + "@internal", password, ErrDenied, ""},
		{"", password, ErrDenied, ""},
		{"\x00@internal", password, ErrDenied, ""},
	} {
		caller, err := directory.Authenticate(t.Context(), test.login, test.password, here)
		if !errors.Is(err, test.want) || caller.User != test.user {
			t.Errorf("%.40q with %.20q: %v, %v", test.login, test.password, caller.User, err)
		}
	}
	caller, err := directory.Authenticate(t.Context(), "admin@internal", password, here)
	if err != nil || caller.Name != "admin@internal" || !caller.Admin || caller.Filtered || caller.Session != "" {
		t.Errorf("the caller is %+v, %v", caller, err)
	}
	caller, err = directory.Authenticate(t.Context(), "plain@internal", password, here)
	if err != nil || caller.Admin {
		t.Errorf("the caller is %+v, %v", caller, err)
	}
}

func TestUnknownUsersCostTheSame(t *testing.T) {
	directory, _, calls := quick(t, DirectoryOptions{})
	for i, login := range []string{"admin@internal", "nobody@internal", "admin@elsewhere", "admin"} {
		if _, err := directory.Authenticate(t.Context(), login, "wrong", here); !errors.Is(err, ErrDenied) {
			t.Errorf("%s: %v", login, err)
		}
		if got := calls.Load(); got != int64(i+1) {
			t.Errorf("after %s there were %d verifications", login, got)
		}
	}
}

func TestRememberedForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory, _, calls := quick(t, DirectoryOptions{Remember: time.Hour})
		login := func(wantCalls int64) {
			t.Helper()
			if _, err := directory.Authenticate(t.Context(), "admin@internal", password, here); err != nil {
				t.Fatal(err)
			}
			if got := calls.Load(); got != wantCalls {
				t.Errorf("%d verifications, want %d", got, wantCalls)
			}
		}
		login(1)
		time.Sleep(30 * time.Second)
		login(1)
		time.Sleep(29 * time.Second)
		login(1)
		time.Sleep(time.Second) // use does not lengthen it
		login(2)
		// From elsewhere it is the same credential.
		if _, err := directory.Authenticate(t.Context(), "admin@internal", password, "198.51.100.1:1"); err != nil || calls.Load() != 2 {
			t.Errorf("%v, %d verifications", err, calls.Load())
		}
	})
}

func TestNothingIsRememberedWhenToldSo(t *testing.T) {
	directory, _, calls := quick(t, DirectoryOptions{Remember: -1})
	for range 2 {
		if _, err := directory.Authenticate(t.Context(), "admin@internal", password, here); err != nil {
			t.Fatal(err)
		}
	}
	if calls.Load() != 2 {
		t.Errorf("%d verifications", calls.Load())
	}
}

func TestRememberedIsDroppedWhenTheUserChanges(t *testing.T) {
	directory, records, calls := quick(t, DirectoryOptions{})
	login := func(password string) error {
		_, err := directory.Authenticate(t.Context(), "admin@internal", password, here)
		return err
	}
	if err := login(password); err != nil {
		t.Fatal(err)
	}
	records.change(adminID, func(user *model.User) { user.Disabled = true })
	if err := login(password); !errors.Is(err, ErrDisabled) {
		t.Errorf("disabled: %v", err)
	}
	records.change(adminID, func(user *model.User) { user.Disabled = false })
	if err := login(password); err != nil || calls.Load() != 1 {
		t.Errorf("enabled again: %v, %d verifications", err, calls.Load())
	}
	records.change(adminID, func(user *model.User) { user.PasswordHash = "hash of another" })
	if err := login(password); !errors.Is(err, ErrDenied) {
		t.Errorf("the old password: %v", err)
	}
	if err := login("another"); err != nil {
		t.Errorf("the new password: %v", err)
	}
	records.mu.Lock()
	delete(records.users, adminID)
	records.mu.Unlock()
	if err := login("another"); !errors.Is(err, ErrDenied) {
		t.Errorf("removed: %v", err)
	}
}

func TestAPasswordThatChangesWhileItIsVerified(t *testing.T) {
	directory, records, _ := quick(t, DirectoryOptions{})
	directory.verify = func(string, string) (bool, error) {
		records.change(adminID, func(user *model.User) { user.PasswordHash = "hash of another" })
		return true, nil
	}
	if _, err := directory.Authenticate(t.Context(), "admin@internal", password, here); !errors.Is(err, ErrDenied) {
		t.Errorf("the old password was taken: %v", err)
	}
}

func TestRememberedIsBounded(t *testing.T) {
	directory, _, _ := quick(t, DirectoryOptions{Remembered: 3})
	directory.verify = func(string, string) (bool, error) { return true, nil }
	for i := range 10 {
		if _, err := directory.Authenticate(t.Context(), "admin@internal", fmt.Sprint("password ", i), here); err != nil {
			t.Fatal(err)
		}
	}
	if kept := directory.remembered.entries.len(); kept != 3 {
		t.Errorf("%d credentials are remembered", kept)
	}
}

func TestEqualRequestsAreVerifiedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory, _, calls := quick(t, DirectoryOptions{Waiting: 1})
		count := directory.verify
		release := make(chan struct{})
		directory.verify = func(hash, password string) (bool, error) {
			<-release
			return count(hash, password)
		}
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				if _, err := directory.Authenticate(t.Context(), "admin@internal", password, here); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(release)
		all.Wait()
		if calls.Load() != 1 {
			t.Errorf("%d verifications", calls.Load())
		}
	})
}

func TestEqualCredentialsFromManyPlacesWaitForOneAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory, _, calls := quick(t, DirectoryOptions{})
		count := directory.verify
		release := make(chan struct{})
		directory.verify = func(hash, password string) (bool, error) {
			<-release
			return count(hash, password)
		}
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() {
				if _, err := directory.Authenticate(t.Context(), "admin@internal", password, fmt.Sprint("192.0.2.", i)); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(release)
		all.Wait()
		if got := calls.Load(); got > hashesAtOnce {
			t.Errorf("%d verifications", got)
		}
	})
}

func TestAFloodIsTurnedAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory, _, _ := quick(t, DirectoryOptions{Waiting: 4})
		release := make(chan struct{})
		var inside, most atomic.Int64
		directory.verify = func(string, string) (bool, error) {
			if now := inside.Add(1); now > most.Load() {
				most.Store(now)
			}
			<-release
			inside.Add(-1)
			return false, nil
		}
		var denied, busy atomic.Int64
		var all sync.WaitGroup
		for i := range 100 {
			all.Go(func() {
				_, err := directory.Authenticate(t.Context(), fmt.Sprint("user", i, "@internal"), "wrong", here)
				switch {
				case errors.Is(err, ErrDenied):
					denied.Add(1)
				case errors.Is(err, ErrBusy):
					busy.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if busy.Load() != 94 || inside.Load() != hashesAtOnce {
			t.Errorf("%d are turned away, %d verified", busy.Load(), inside.Load())
		}
		if _, err := directory.Hash(t.Context(), "new"); !errors.Is(err, ErrBusy) {
			t.Errorf("a new password: %v", err)
		}
		close(release)
		all.Wait()
		if denied.Load() != 6 || most.Load() != hashesAtOnce {
			t.Errorf("%d were verified, %d at once", denied.Load(), most.Load())
		}
	})
}

func TestACallerWhoLeavesDoesNotSpoilItForOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory, _, _ := quick(t, DirectoryOptions{})
		release := make(chan struct{})
		directory.verify = func(string, string) (bool, error) {
			<-release
			return true, nil
		}
		ctx, leave := context.WithCancel(t.Context())
		left, stayed := make(chan error, 1), make(chan error, 1)
		go func() {
			_, err := directory.Authenticate(ctx, "admin@internal", password, here)
			left <- err
		}()
		synctest.Wait()
		go func() {
			_, err := directory.Authenticate(t.Context(), "admin@internal", password, here)
			stayed <- err
		}()
		synctest.Wait()
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("who left got %v", err)
		}
		close(release)
		if err := <-stayed; err != nil {
			t.Errorf("who stayed got %v", err)
		}
	})
}

func TestADamagedHashIsNoWrongPassword(t *testing.T) {
	records := newBook(t)
	records.change(adminID, func(user *model.User) { user.PasswordHash = "rubbish" })
	directory := NewDirectory(records, DirectoryOptions{})
	for range 10 {
		_, err := directory.Authenticate(t.Context(), "admin@internal", password, here)
		if err == nil || errors.Is(err, ErrDenied) || strings.Contains(err.Error(), "rubbish") || strings.Contains(err.Error(), password) {
			t.Fatalf("the error is %v", err)
		}
		if _, locked := errors.AsType[*LockedError](err); locked {
			t.Fatal("it locked the user out")
		}
	}
}

func TestDirectoryHash(t *testing.T) {
	directory := NewDirectory(newBook(t), DirectoryOptions{})
	hash, err := directory.Hash(t.Context(), "new")
	if err != nil {
		t.Fatal(err)
	}
	if matches, err := VerifyPassword(hash, "new"); err != nil || !matches {
		t.Errorf("%v, %v", matches, err)
	}
	if _, err := directory.Hash(t.Context(), ""); !errors.Is(err, ErrPassword) {
		t.Errorf("an empty password: %v", err)
	}
}
