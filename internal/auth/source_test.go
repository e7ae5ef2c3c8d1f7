package auth

import (
	"context"
	"errors"
	"testing"

	"vireo/internal/model"
)

// corp is a directory with one user, staff by name.
type corp struct{ err error }

func (c *corp) Authenticate(_ context.Context, name, given string) (*Entry, error) {
	switch {
	case c.err != nil:
		return nil, c.err
	case name != "staff" || given != password:
		return nil, ErrDenied
	}
	return &Entry{Kind: model.KindUser, ID: "e1", Name: name, Domain: "corp.example.com", Groups: []string{"g1"}}, nil
}

func (c *corp) Find(context.Context, model.Kind, string) (*Entry, error) { return nil, nil }

func (c *corp) Search(context.Context, model.Kind, string, int) ([]*Entry, error) { return nil, nil }

func (c *corp) Source(domain string) (Source, bool) { return c, domain == "corp.example.com" }

// TestSource: a user of a directory outside is admitted with the right password;
// failures of the directory count as no guess.
func TestSource(t *testing.T) {
	outside := &corp{}
	var records *book
	admitted := 0
	directory, records, _ := quick(t, DirectoryOptions{
		Lock: testLock, Sources: outside,
		Admit: func(_ context.Context, entry *Entry) (*model.User, error) {
			admitted++
			user := &model.User{ID: entry.Ref().ID, Name: entry.Name, Domain: entry.Domain, Groups: entry.Memberships()}
			records.mu.Lock()
			defer records.mu.Unlock()
			records.users[user.ID] = user
			return user, nil
		},
	})
	for range 3 {
		caller, err := directory.Authenticate(t.Context(), "Staff@CORP.example.com", password, here)
		if err != nil || caller.Name != "staff@corp.example.com" || caller.User != model.EntryID("corp.example.com", "e1") {
			t.Fatalf("%+v, %v", caller, err)
		}
	}
	if admitted != 1 {
		t.Errorf("the directory was asked %d times within a minute", admitted)
	}
	outside.err = ErrUnavailable
	for range 5 {
		if _, err := directory.Authenticate(t.Context(), "staff@corp.example.com", "another", here); !errors.Is(err, ErrUnavailable) {
			t.Errorf("no server answers: %v", err)
		}
	}
	outside.err = nil
	for _, wrong := range []string{"a", "b", "c"} {
		if _, err := directory.Authenticate(t.Context(), "staff@corp.example.com", wrong, here); !errors.Is(err, ErrDenied) {
			t.Errorf("wrong: %v", err)
		}
	}
	if _, err := directory.Authenticate(t.Context(), "staff@corp.example.com", password, here); wait(err) == 0 {
		t.Errorf("after three wrong passwords: %v", err)
	}
	directory.Unlock("staff", "corp.example.com")
	records.mu.Lock()
	records.permissions = nil
	records.mu.Unlock()
	if _, err := directory.Authenticate(t.Context(), "staff@corp.example.com", password, here); !errors.Is(err, ErrNoLogin) {
		t.Errorf("without any role: %v", err)
	}
}
