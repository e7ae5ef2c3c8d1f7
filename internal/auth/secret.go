package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"log/slog"
)

// keptPassword is the password that a caller was verified with, for the one thing that
// needs it again: to log the caller on inside a guest (api-v3 3.8). It is sealed with a key
// of this process and lasts as long as what refers to it: the request, or the session. It
// shows itself to nobody but [Caller.Password].
type keptPassword struct{ sealed []byte }

// keeping seals with a key that is made at the start and written nowhere.
var keeping = func() cipher.AEAD {
	var key [32]byte
	_, _ = rand.Read(key[:])           // never fails
	block, _ := aes.NewCipher(key[:])  // never fails with a key of this size
	sealing, _ := cipher.NewGCM(block) // never fails with a cipher of this size
	return sealing
}()

func keep(password string) *keptPassword {
	nonce := make([]byte, keeping.NonceSize(), keeping.NonceSize()+len(password)+keeping.Overhead())
	_, _ = rand.Read(nonce) // never fails
	return &keptPassword{keeping.Seal(nonce, nonce, []byte(password), nil)}
}

func (k *keptPassword) reveal() (string, bool) {
	if k == nil {
		return "", false
	}
	nonce := keeping.NonceSize()
	text, err := keeping.Open(nil, k.sealed[:nonce], k.sealed[nonce:], nil)
	return string(text), err == nil
}

// String keeps it out of logs, GoString and LogValue likewise.
func (k *keptPassword) String() string { return "a password" }

// GoString is String, for %#v.
func (k *keptPassword) GoString() string { return k.String() }

// LogValue is String, for slog.
func (k *keptPassword) LogValue() slog.Value { return slog.StringValue(k.String()) }

// With is the caller with the password that it was verified with.
func (c Caller) With(password string) Caller {
	c.password = keep(password)
	return c
}

// Without is the caller without a password: for what outlives the request and its session.
func (c Caller) Without() Caller {
	c.password = nil
	return c
}

// Password is the one that the caller was verified with, at this request or when its session
// was opened. There is none for a caller that was verified otherwise.
func (c *Caller) Password() (password string, has bool) { return c.password.reveal() }
