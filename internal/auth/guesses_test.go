package auth

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/model"
)

var testLock = LockOptions{After: 3, For: time.Minute, AtMost: 5 * time.Minute}

// wait is for how long an error locks; 0 when it does not.
func wait(err error) time.Duration {
	if locked, ok := errors.AsType[*LockedError](err); ok {
		return locked.For
	}
	return 0
}

func TestWrongPasswordsLockForLongerAndLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory, _, calls := quick(t, DirectoryOptions{Lock: testLock})
		guess := 0
		try := func() error {
			guess++
			_, err := directory.Authenticate(t.Context(), "admin@internal", fmt.Sprint("guess ", guess), here)
			return err
		}
		for range 3 {
			if err := try(); !errors.Is(err, ErrDenied) {
				t.Fatalf("guess %d: %v", guess, err)
			}
		}
		for _, want := range []time.Duration{time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute} {
			before := calls.Load()
			if got := wait(try()); got != want {
				t.Fatalf("locked for %v, want %v", got, want)
			}
			time.Sleep(want - time.Second)
			if got := wait(try()); got != time.Second {
				t.Fatalf("locked for %v, want a second", got)
			}
			if calls.Load() != before {
				t.Error("a password was verified while the user was locked")
			}
			time.Sleep(time.Second)
			if err := try(); !errors.Is(err, ErrDenied) {
				t.Fatalf("after the lock: %v", err)
			}
		}
	})
}

func TestTheRightPasswordIsLockedOutToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory, _, _ := quick(t, DirectoryOptions{Lock: testLock})
		login := func(password, from string) error {
			_, err := directory.Authenticate(t.Context(), "admin@internal", password, from)
			return err
		}
		if err := login(password, here); err != nil { // now it is remembered
			t.Fatal(err)
		}
		for i := range 3 {
			if err := login(fmt.Sprint("guess ", i), "192.0.2.7:9999"); !errors.Is(err, ErrDenied) {
				t.Fatal(err)
			}
		}
		if err := login(password, here); wait(err) != time.Minute {
			t.Errorf("a remembered password while locked: %v", err)
		}
		if err := login(password, "192.0.2.8:1"); err != nil {
			t.Errorf("from another address: %v", err)
		}
		if _, err := directory.Authenticate(t.Context(), "plain@internal", password, here); err != nil {
			t.Errorf("another user: %v", err)
		}
		time.Sleep(time.Minute)
		if err := login(password, here); err != nil {
			t.Errorf("after the lock: %v", err)
		}
		// That forgave the wrong ones.
		for i := range 3 {
			if err := login(fmt.Sprint("new guess ", i), here); !errors.Is(err, ErrDenied) {
				t.Errorf("guess %d: %v", i, err)
			}
		}
	})
}

func TestTheSameWrongPasswordCountsOnce(t *testing.T) {
	directory, records, calls := quick(t, DirectoryOptions{Lock: testLock})
	for range 100 {
		if _, err := directory.Authenticate(t.Context(), "admin@internal", "last year's", here); !errors.Is(err, ErrDenied) {
			t.Fatal(err)
		}
	}
	if calls.Load() != 1 {
		t.Errorf("%d verifications", calls.Load())
	}
	// It may become the right one.
	records.change(adminID, func(user *model.User) { user.PasswordHash = "hash of last year's" })
	if _, err := directory.Authenticate(t.Context(), "admin@internal", "last year's", here); err != nil {
		t.Error(err)
	}
}

func TestWrongPasswordsAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory, _, _ := quick(t, DirectoryOptions{Lock: testLock})
		for i := range 20 {
			if _, err := directory.Authenticate(t.Context(), "admin@internal", fmt.Sprint("guess ", i), here); !errors.Is(err, ErrDenied) {
				t.Fatalf("guess %d: %v", i, err)
			}
			if i%2 == 1 {
				time.Sleep(testLock.AtMost)
			}
		}
	})
}

func TestABurstGetsNoMoreTriesThanASequence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory, _, calls := quick(t, DirectoryOptions{Lock: testLock})
		count := directory.verify
		directory.verify = func(hash, password string) (bool, error) {
			time.Sleep(25 * time.Millisecond)
			return count(hash, password)
		}
		var denied atomic.Int64
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				_, err := directory.Authenticate(t.Context(), "admin@internal", fmt.Sprint("guess ", i), here)
				if errors.Is(err, ErrDenied) {
					denied.Add(1)
				} else if wait(err) == 0 {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if calls.Load() > 3 || denied.Load() != calls.Load() {
			t.Errorf("%d verifications, %d denied", calls.Load(), denied.Load())
		}
	})
}

func TestCountedPlacesAreBounded(t *testing.T) {
	lock := testLock
	lock.Places = 5
	directory, _, _ := quick(t, DirectoryOptions{Lock: lock})
	for i := range 50 {
		from := fmt.Sprint("198.51.100.", i)
		if _, err := directory.Authenticate(t.Context(), fmt.Sprint("user", i, "@internal"), "wrong", from); !errors.Is(err, ErrDenied) {
			t.Fatal(err)
		}
	}
	if kept := directory.counts.pairs.places.len(); kept != 5 {
		t.Errorf("%d places are kept", kept)
	}
	if trying := len(directory.counts.pairs.trying); trying != 0 {
		t.Errorf("%d tries are still under way", trying)
	}
}

func TestOrigin(t *testing.T) {
	for remote, want := range map[string]string{
		"192.0.2.7:5000":            "192.0.2.7",
		"192.0.2.7":                 "192.0.2.7",
		"[::ffff:192.0.2.7]:1":      "192.0.2.7",
		"[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64",
		"2001:db8:1:2::9":           "2001:db8:1:2::/64",
		"[fe80::1%eth0]:80":         "fe80::/64",
		"@":                         "@",
		"":                          "",
	} {
		if got := origin(remote); got != want {
			t.Errorf("%q is %q, want %q", remote, got, want)
		}
	}
}

func TestSplitName(t *testing.T) {
	for login, want := range map[string][2]string{
		"admin@internal":     {"admin", "internal"},
		"a@b@internal":       {"a@b", "internal"},
		`internal\admin`:     {"admin", "internal"},
		`internal\a\b`:       {`a\b`, "internal"},
		`corp\user@internal`: {`corp\user`, "internal"},
		"admin":              {"admin", ""},
		"admin@":             {"admin", ""},
		"@internal":          {"", "internal"},
		"":                   {"", ""},
	} {
		if user, domain := SplitName(login); user != want[0] || domain != want[1] {
			t.Errorf("%q is %q in %q", login, user, domain)
		}
	}
}
