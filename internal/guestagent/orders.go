package guestagent

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"time"
	"unicode/utf8"
)

// Version is the highest version of the protocol that is spoken here; an agent that has
// said none speaks 0.
const Version = 2

// ErrNotText says that a credential is not UTF-8, which the protocol cannot carry.
var ErrNotText = errors.New("the credential is not UTF-8 text")

// Login has a user logged on inside the guest. The name goes as user@domain, or alone
// where there is no domain. The line holds the password: it is for the channel alone.
func Login(user, domain, password string) ([]byte, error) {
	if domain != "" {
		user += "@" + domain
	}
	if !utf8.ValidString(user) || !utf8.ValidString(password) {
		return nil, ErrNotText
	}
	return line(struct {
		Name     string `json:"__name__"`
		UserName string `json:"username"`
		Password string `json:"password"`
	}{"login", user, password}), nil
}

// LockScreen locks the desktop, LogOff ends the session of whoever is logged on.
func LockScreen() []byte { return named("lock-screen") }

// LogOff ends the session of whoever is logged on.
func LogOff() []byte { return named("log-off") }

// Shutdown powers the guest off, or restarts it, after a delay in which those logged on
// can read the message.
func Shutdown(delay time.Duration, message string, reboot bool) []byte {
	again := "False"
	if reboot {
		again = "True"
	}
	return line(struct {
		Name    string `json:"__name__"`
		Timeout string `json:"timeout"`
		Message string `json:"message"`
		Reboot  string `json:"reboot"`
	}{"shutdown", strconv.FormatInt(int64(max(delay, 0)/time.Second), 10), message, again})
}

// Refresh asks the agent to say everything again.
func Refresh() []byte { return versioned("refresh", Version) }

// Agree answers an agent that has said its version: the lower one is spoken.
func Agree(agents int) []byte { return versioned("api-version", min(max(agents, 0), Version)) }

func named(name string) []byte {
	return line(struct {
		Name string `json:"__name__"`
	}{name})
}

func versioned(name string, version int) []byte {
	return line(struct {
		Name    string `json:"__name__"`
		Version int    `json:"apiVersion"`
	}{name, version})
}

// line writes a message with its end. Texts and numbers can always be written.
func line(message any) []byte {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(message); err != nil {
		panic("guestagent: " + err.Error())
	}
	return out.Bytes()
}
