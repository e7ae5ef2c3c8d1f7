package auth

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

// wideLock locks a pair after 3 wrong passwords, and an address or a user after 6.
var wideLock = LockOptions{After: 3, Wide: 2, For: time.Minute, AtMost: 5 * time.Minute}

// at is an address of its own for each number.
func at(number int) string { return fmt.Sprintf("203.0.113.%d:4000", number) }

// TestAnAddressIsLocked: one password tried on many users is seen, and does not
// keep out those who are at home there.
func TestAnAddressIsLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory, _, _ := quick(t, DirectoryOptions{Lock: wideLock})
		if _, err := directory.Authenticate(t.Context(), "plain@internal", password, here); err != nil {
			t.Fatal(err)
		}
		for i := range 6 {
			if _, err := directory.Authenticate(t.Context(), fmt.Sprint("user", i, "@internal"), "Summer2026", here); !errors.Is(err, ErrDenied) {
				t.Fatalf("guess %d: %v", i, err)
			}
		}
		if _, err := directory.Authenticate(t.Context(), "admin@internal", password, here); wait(err) != time.Minute {
			t.Errorf("another user from there: %v", err)
		}
		time.Sleep(30 * time.Second)
		if _, err := directory.Authenticate(t.Context(), "plain@internal", password, here); err != nil {
			t.Errorf("who is at home there: %v", err)
		}
		if _, err := directory.Authenticate(t.Context(), "admin@internal", password, at(1)); err != nil {
			t.Errorf("from elsewhere: %v", err)
		}
		time.Sleep(30 * time.Second)
		if _, err := directory.Authenticate(t.Context(), "admin@internal", password, here); err != nil {
			t.Errorf("when the time is over: %v", err)
		}
	})
}

// TestAUserIsLocked: guesses from many addresses are seen; Unlock ends it, and
// where the user is at home it never counts.
func TestAUserIsLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []string
		directory, _, _ := quick(t, DirectoryOptions{Lock: wideLock, Locked: func(_ context.Context, login, remote string, wait time.Duration) {
			told = append(told, fmt.Sprint(login, " ", remote, " ", wait))
		}})
		if _, err := directory.Authenticate(t.Context(), "admin@internal", password, here); err != nil {
			t.Fatal(err)
		}
		for i := range 6 {
			if _, err := directory.Authenticate(t.Context(), "admin@internal", fmt.Sprint("guess ", i), at(i)); !errors.Is(err, ErrDenied) {
				t.Fatalf("guess %d: %v", i, err)
			}
		}
		if len(told) != 1 || told[0] != "admin@internal "+at(5)+" 1m0s" {
			t.Errorf("told %q", told)
		}
		if _, err := directory.Authenticate(t.Context(), "admin@internal", password, at(9)); wait(err) != time.Minute {
			t.Errorf("from anywhere: %v", err)
		}
		if _, err := directory.Authenticate(t.Context(), "admin@internal", password, here); err != nil {
			t.Errorf("from where the user is at home: %v", err)
		}
		if _, err := directory.Authenticate(t.Context(), "plain@internal", password, at(0)); err != nil {
			t.Errorf("another user: %v", err)
		}
		directory.Unlock("admin", Internal)
		if _, err := directory.Authenticate(t.Context(), "admin@internal", password, at(9)); err != nil {
			t.Errorf("unlocked: %v", err)
		}
	})
}

// TestUnlockAtAnAddress: what was counted of one user at one address is forgotten.
func TestUnlockAtAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		directory, _, _ := quick(t, DirectoryOptions{Lock: testLock})
		for i := range 3 {
			_, _ = directory.Authenticate(t.Context(), "admin@internal", fmt.Sprint("guess ", i), here)
			_, _ = directory.Authenticate(t.Context(), "plain@internal", fmt.Sprint("guess ", i), here)
		}
		directory.Unlock("admin", Internal)
		if _, err := directory.Authenticate(t.Context(), "admin@internal", password, here); err != nil {
			t.Errorf("unlocked: %v", err)
		}
		if _, err := directory.Authenticate(t.Context(), "plain@internal", password, here); wait(err) == 0 {
			t.Errorf("another user: %v", err)
		}
	})
}
