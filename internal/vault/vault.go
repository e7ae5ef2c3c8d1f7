package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"vireo/internal/model"
)

// keySize is that of AES-256, in bytes.
const keySize = 32

// prefix names the form of a sealed text: AES-256-GCM with a random nonce in
// front, in base64.
const prefix = "v1:"

// ErrSealed is for texts that this vault cannot read: they were sealed with
// another key, or were damaged.
var ErrSealed = errors.New("the secret was sealed with another key or is damaged")

// Vault seals and reveals texts. It is safe for concurrent use.
type Vault struct{ aead cipher.AEAD }

// New makes a vault of a key of 32 bytes.
func New(key []byte) (*Vault, error) {
	if len(key) != keySize {
		return nil, fmt.Errorf("the key for secrets has %d bytes, not %d", len(key), keySize)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("using the key for secrets: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("using the key for secrets: %w", err)
	}
	return &Vault{aead}, nil
}

// Seal makes a secret of a text; of the empty text the empty secret. The same
// text sealed twice gives different secrets.
func (v *Vault) Seal(text string) model.Secret {
	if text == "" {
		return ""
	}
	sealed := v.aead.Seal(nil, nil, []byte(text), []byte(prefix))
	return model.Secret(prefix + base64.RawStdEncoding.EncodeToString(sealed))
}

// Reveal gives the text of a secret; ErrSealed if it cannot.
func (v *Vault) Reveal(secret model.Secret) (string, error) {
	if secret == "" {
		return "", nil
	}
	encoded, ok := strings.CutPrefix(string(secret), prefix)
	if !ok {
		return "", ErrSealed
	}
	sealed, err := base64.RawStdEncoding.DecodeString(encoded)
	if err != nil {
		return "", ErrSealed
	}
	text, err := v.aead.Open(nil, nil, sealed, []byte(prefix))
	if err != nil {
		return "", ErrSealed
	}
	return string(text), nil
}

// Same says whether two secrets hold the same text. What cannot be revealed is
// the same as itself only.
func (v *Vault) Same(a, b model.Secret) bool {
	if a == b {
		return true
	}
	first, errA := v.Reveal(a)
	second, errB := v.Reveal(b)
	return errA == nil && errB == nil && first == second
}

// newKey makes a key.
func newKey() []byte {
	key := make([]byte, keySize)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the program instead
	return key
}
