package guestagent

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
)

func TestOrders(t *testing.T) {
	login, err := Login("jim", "example.com", "s3cret")
	if err != nil {
		t.Fatal(err)
	}
	for want, got := range map[string][]byte{
		`{"__name__":"login","username":"jim@example.com","password":"s3cret"}`: login,
		`{"__name__":"lock-screen"}`: LockScreen(),
		`{"__name__":"log-off"}`:     LogOff(),
		`{"__name__":"shutdown","timeout":"30","message":"Good night, <everybody>.","reboot":"False"}`: Shutdown(30*time.Second, "Good night, <everybody>.", false),
		`{"__name__":"shutdown","timeout":"0","message":"","reboot":"True"}`:                           Shutdown(-time.Second, "", true),
		`{"__name__":"refresh","apiVersion":2}`:                                                        Refresh(),
		`{"__name__":"api-version","apiVersion":2}`:                                                    Agree(7),
		`{"__name__":"api-version","apiVersion":1}`:                                                    Agree(1),
		`{"__name__":"api-version","apiVersion":0}`:                                                    Agree(-1),
	} {
		if string(got) != want+"\n" {
			t.Errorf("the line is %s, want %s", got, want)
		}
	}
}

// TestCredentialsArriveExactly: what is special in JSON, and what is not ASCII.
func TestCredentialsArriveExactly(t *testing.T) {
	for _, password := range []string{"", " ", "pässwörd", "\"\\/\b\n\r\t\u2028<>&'", "\U0001F511", "\x00\x7f", "{}"} {
		line, err := Login("jim@home", "", password)
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			UserName string `json:"username"`
			Password string `json:"password"`
		}
		if err := json.Unmarshal(line, &got); err != nil || got.UserName != "jim@home" || got.Password != password {
			t.Errorf("%q arrives as %+v (%v)", password, got, err)
		}
		for i, char := range line {
			if (char == '\n') != (i == len(line)-1) {
				t.Errorf("%q breaks the line: %q", password, line)
			}
		}
	}
	for _, bad := range [][2]string{{"jim", "\xff"}, {"\xff", "s3cret"}} {
		if _, err := Login(bad[0], "internal", bad[1]); !errors.Is(err, ErrNotText) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
