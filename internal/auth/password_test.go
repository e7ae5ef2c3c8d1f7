package auth

import (
	"errors"
	"strings"
	"testing"
)

func TestPasswordRoundTrip(t *testing.T) {
	hash := hashed()
	if !strings.HasPrefix(hash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Errorf("the hash is %q", hash)
	}
	if strings.Contains(hash, password) {
		t.Error("the hash shows the password")
	}
	for _, test := range []struct {
		password string
		want     bool
	}{{password, true}, {password + " ", false}, {strings.ToUpper(password), false}, {"", false}} {
		got, err := VerifyPassword(hash, test.password)
		if err != nil || got != test.want {
			t.Errorf("verify %q = %v, %v", test.password, got, err)
		}
	}
	again, err := HashPassword(password)
	if err != nil || again == hash {
		t.Errorf("the second hash is the first: %v", err)
	}
}

// The hash is of the password "password" with the salt "somesalt", as the
// reference implementation of argon2 prints it.
func TestPasswordOfAnotherProgram(t *testing.T) {
	const theirs = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	if matches, err := VerifyPassword(theirs, "password"); err != nil || !matches {
		t.Errorf("verify = %v, %v", matches, err)
	}
}

func TestPasswordsThatCannotBeUsed(t *testing.T) {
	for _, password := range []string{"", strings.Repeat("x", 1025)} {
		if _, err := HashPassword(password); !errors.Is(err, ErrPassword) {
			t.Errorf("a password of %d bytes: %v", len(password), err)
		}
	}
}

func TestDamagedHashes(t *testing.T) {
	const salt, sum = "c29tZXNhbHQ", "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
	for _, hash := range []string{
		"",
		"plain text",
		"$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + sum,
		"$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=2$" + salt + "$" + sum,
		"$argon2id$v=19$t=2,m=19456,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=0,t=2,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=4294967295,t=2,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=1000,p=1$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=2,p=256$" + salt + "$" + sum,
		"$argon2id$v=19$m=19456,t=2,p=1$!!$" + sum,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$",
		"$argon2id$v=19$m=19456,t=2,p=1$$" + sum,
		"$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + sum + "$",
	} {
		if matches, err := VerifyPassword(hash, "password"); err == nil || matches {
			t.Errorf("%q was taken: %v", hash, matches)
		} else if hash != "" && strings.Contains(err.Error(), sum) {
			t.Errorf("the error repeats the hash: %v", err)
		}
	}
}

func TestNobodyHasAHashOfTheSameCost(t *testing.T) {
	nobody, err := parsePHC(unmatchable())
	if err != nil {
		t.Fatal(err)
	}
	real, err := parsePHC(hashed())
	if err != nil {
		t.Fatal(err)
	}
	if nobody.memory != real.memory || nobody.passes != real.passes || nobody.threads != real.threads ||
		len(nobody.salt) != len(real.salt) || len(nobody.sum) != len(real.sum) {
		t.Errorf("nobody's costs are %v, a user's %v", nobody, real)
	}
}
