package ldap_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/auth"
	"vireo/internal/auth/ldap"
	"vireo/internal/auth/ldap/ldaptest"
	"vireo/internal/model"
)

func open(t *testing.T, settings *model.LDAP) *ldap.Directory {
	t.Helper()
	directory, err := ldap.New(ldaptest.Domain, settings, ldaptest.BindPassword)
	if err != nil {
		t.Fatal(err)
	}
	return directory
}

// groups are the names of the groups that a user is in.
func groups(t *testing.T, directory *ldap.Directory, user *auth.Entry) []string {
	t.Helper()
	all, err := directory.Search(t.Context(), model.KindGroup, "*", 100)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, group := range all {
		if slices.Contains(user.Groups, group.ID) {
			names = append(names, group.Name)
		}
	}
	return names
}

// TestSlapd asks a real slapd, over LDAPS and over StartTLS.
func TestSlapd(t *testing.T) {
	slapd := ldaptest.Start(t)
	startTLS := slapd.LDAP(slapd.Plain)
	startTLS.StartTLS = true
	for name, settings := range map[string]*model.LDAP{
		"ldaps": slapd.LDAP(), "StartTLS": startTLS, "loopback, unencrypted": slapd.LDAP(slapd.Plain),
	} {
		t.Run(name, func(t *testing.T) {
			directory := open(t, settings)
			alice, err := directory.Authenticate(t.Context(), "ALICE", ldaptest.Password)
			if err != nil {
				t.Fatal(err)
			}
			if alice.Name != "alice" || alice.LastName != "Liddell" || alice.Email != "alice@example.com" || alice.Domain != ldaptest.Domain || alice.ID == "" {
				t.Errorf("she is %+v", alice)
			}
			if got := groups(t, directory, alice); !slices.Equal(got, []string{"admins", "everybody", "staff"}) {
				t.Errorf("she is in %v", got)
			}
			bob, err := directory.Find(t.Context(), model.KindUser, "bob")
			if err != nil || !slices.Equal(groups(t, directory, bob), []string{"admins", "everybody", "shell", "staff"}) {
				t.Errorf("bob is in %v, %v", groups(t, directory, bob), err)
			}
			for _, wrong := range [][2]string{
				{"alice", "wrong"},
				{"alice", ""},
				{"nobody", ldaptest.Password},
				{"*", ldaptest.Password},
				{"alice)(uid=*", ldaptest.Password},
				{"", ldaptest.Password},
				{"searcher", ldaptest.BindPassword},
				{"alice\x00", ldaptest.Password},
				{"staff", ldaptest.Password},
			} {
				if made, err := directory.Authenticate(t.Context(), wrong[0], wrong[1]); !errors.Is(err, auth.ErrDenied) {
					t.Errorf("%q with %q: %+v, %v", wrong[0], wrong[1], made, err)
				}
			}
		})
	}
}

// TestSearch: words with and without stars, and with what filters are made of.
func TestSearch(t *testing.T) {
	directory := open(t, ldaptest.Start(t).LDAP())
	for word, want := range map[string]string{
		"*": "alice bob carol", "": "alice bob carol", "a*": "alice", "bob": "bob", "*aker": "bob", "liddell": "alice",
		"*o*": "bob carol", "O\\*": "", "*(ddly)*": "carol", "nobody": "", "***b***": "bob", "*)(uid=*": "",
	} {
		found, err := directory.Search(t.Context(), model.KindUser, word, 100)
		if err != nil {
			t.Errorf("%q: %v", word, err)
		}
		var names []string
		for _, each := range found {
			names = append(names, each.Name)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q gives %q, want %q", word, got, want)
		}
	}
	if found, err := directory.Search(t.Context(), model.KindUser, "*", 2); err != nil || len(found) != 2 {
		t.Errorf("two at most: %v, %v", found, err)
	}
	if found, err := directory.Find(t.Context(), model.KindGroup, "staff"); err != nil || found == nil || found.Kind != model.KindGroup {
		t.Errorf("the group: %+v, %v", found, err)
	}
	if found, err := directory.Find(t.Context(), model.KindUser, "dora"); err != nil || found != nil {
		t.Errorf("who does not exist: %+v, %v", found, err)
	}
}

// TestFailOver: servers that are down, silent or not whom they say they are, are
// passed over; without any other, the directory does not answer, in time.
func TestFailOver(t *testing.T) {
	first, second := ldaptest.Start(t), ldaptest.Start(t)
	down, silent := "ldaps://127.0.0.1:1", ldaptest.Silent(t)
	settings := first.LDAP(down, silent, second.TLS, first.TLS) // second's certificate is of another authority
	directory := open(t, settings)
	if _, err := directory.Authenticate(t.Context(), "alice", ldaptest.Password); err != nil {
		t.Fatalf("the last server answers: %v", err)
	}
	began := time.Now()
	if _, err := directory.Authenticate(t.Context(), "alice", "wrong"); !errors.Is(err, auth.ErrDenied) || time.Since(began) > 2*time.Second {
		t.Errorf("what is known to be silent is tried last: %v after %v", err, time.Since(began))
	}
	first.Stop()
	if _, err := directory.Authenticate(t.Context(), "alice", ldaptest.Password); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("no server answers: %v", err)
	}
	if took := time.Since(began); took > 30*time.Second {
		t.Errorf("that took %v", took)
	}
	first.Continue()
	if _, err := directory.Authenticate(t.Context(), "alice", ldaptest.Password); err != nil {
		t.Errorf("it is back: %v", err)
	}
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := directory.Find(gone, model.KindUser, "alice"); !errors.Is(err, context.Canceled) {
		t.Errorf("nobody waits for it: %v", err)
	}
}

// TestSearcher: an account that cannot log in is no wrong password of the user's.
func TestSearcher(t *testing.T) {
	slapd := ldaptest.Start(t)
	directory, err := ldap.New(ldaptest.Domain, slapd.LDAP(), "not the searcher's")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := directory.Authenticate(t.Context(), "alice", ldaptest.Password); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("a wrong account: %v", err)
	}
	settings := slapd.LDAP()
	settings.Base = "dc=elsewhere,dc=com"
	if _, err := open(t, settings).Authenticate(t.Context(), "alice", ldaptest.Password); !errors.Is(err, auth.ErrUnavailable) {
		t.Errorf("a base that does not exist: %v", err)
	}
}

func TestSettings(t *testing.T) {
	good := func() *model.LDAP {
		return &model.LDAP{Schema: model.LDAPActiveDirectory, Servers: []string{"ldaps://dc1.corp.example.com"}, Base: ldaptest.Base, BindDN: ldaptest.BindDN}
	}
	if _, err := ldap.New(ldaptest.Domain, good(), "x"); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*model.LDAP){
		"schema":           func(l *model.LDAP) { l.Schema = "novell" },
		"1 to 10":          func(l *model.LDAP) { l.Servers = nil },
		"unencrypted":      func(l *model.LDAP) { l.Servers = []string{"ldap://dc1.corp.example.com"} },
		"is not a server":  func(l *model.LDAP) { l.Servers = []string{"http://dc1"} },
		"the name of":      func(l *model.LDAP) { l.Base = "corp" },
		"both are to be":   func(l *model.LDAP) { l.BindDN = "" },
		"no certificate":   func(l *model.LDAP) { l.CA = "no" },
		"1 to 10 servers":  func(l *model.LDAP) { l.Servers = slices.Repeat(l.Servers, 11) },
		"not a server: ld": func(l *model.LDAP) { l.Servers = []string{"ldaps://user:word@dc1"} },
	} {
		settings := good()
		change(settings)
		if _, err := ldap.New(ldaptest.Domain, settings, "x"); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}
