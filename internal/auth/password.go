package auth

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The cost of new hashes: about 25 ms and 19 MiB each. More memory would not fit
// what the engine may use, since clients send Basic credentials all the time.
const (
	hashMemory  = 19 * 1024 // KiB
	hashPasses  = 2
	hashThreads = 1
	hashSalt    = 16 // bytes
	hashSize    = 32 // bytes
)

// maxPassword is the longest password that is looked at, in bytes.
const maxPassword = 1024

// HashPassword makes the argon2id hash of a password in its PHC text form, with
// a salt of its own. It takes time and memory: requests go through
// [Directory.Hash], which limits how many do so at once. The error is
// [ErrPassword] for a password that cannot be used.
func HashPassword(password string) (string, error) {
	if password == "" || len(password) > maxPassword {
		return "", ErrPassword
	}
	salt := make([]byte, hashSalt)
	_, _ = rand.Read(salt) // never fails
	sum := argon2.IDKey([]byte(password), salt, hashPasses, hashMemory, hashThreads, hashSize)
	return phc{memory: hashMemory, passes: hashPasses, threads: hashThreads, salt: salt, sum: sum}.String(), nil
}

// VerifyPassword says whether a password is the one that was hashed, in a time
// that does not depend on how much of it is right. The error is a hash that
// cannot be read; it does not repeat the hash.
func VerifyPassword(hash, password string) (bool, error) {
	parsed, err := parsePHC(hash)
	if err != nil {
		return false, err
	}
	sum := argon2.IDKey([]byte(password), parsed.salt, parsed.passes, parsed.memory, parsed.threads, uint32(len(parsed.sum)))
	return subtle.ConstantTimeCompare(sum, parsed.sum) == 1, nil
}

// unmatchable makes a hash that no password has and that costs as much to
// verify as a real one: what a user who does not exist is verified against.
func unmatchable() string {
	salt, sum := make([]byte, hashSalt), make([]byte, hashSize)
	_, _ = rand.Read(salt)
	_, _ = rand.Read(sum)
	return phc{memory: hashMemory, passes: hashPasses, threads: hashThreads, salt: salt, sum: sum}.String()
}

// phc is a hash taken apart: $argon2id$v=19$m=19456,t=2,p=1$salt$sum, salt and
// sum in base64 without padding.
type phc struct {
	memory, passes uint32
	threads        uint8
	salt, sum      []byte
}

// String gives the text form.
func (h phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.memory, h.passes, h.threads,
		base64.RawStdEncoding.EncodeToString(h.salt), base64.RawStdEncoding.EncodeToString(h.sum))
}

// The limits of a hash that was stored: a damaged record must not take all
// memory or an hour.
const (
	maxHashMemory  = 256 * 1024 // KiB
	maxHashPasses  = 16
	maxHashThreads = 16
)

func parsePHC(text string) (phc, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 || parts[0] != "" || parts[1] != "argon2id" {
		return phc{}, fmt.Errorf("the password hash is not an argon2id hash in PHC form")
	}
	if parts[2] != "v="+strconv.Itoa(argon2.Version) {
		return phc{}, fmt.Errorf("the password hash is of another version of argon2")
	}
	var h phc
	costs := strings.Split(parts[3], ",")
	if len(costs) != 3 {
		return phc{}, fmt.Errorf("the password hash names other costs than m, t and p")
	}
	memory, err := cost(costs[0], "m", maxHashMemory)
	if err != nil {
		return phc{}, err
	}
	passes, err := cost(costs[1], "t", maxHashPasses)
	if err != nil {
		return phc{}, err
	}
	threads, err := cost(costs[2], "p", maxHashThreads)
	if err != nil {
		return phc{}, err
	}
	h.memory, h.passes, h.threads = memory, passes, uint8(threads)
	if h.salt, err = base64.RawStdEncoding.Strict().DecodeString(parts[4]); err != nil || len(h.salt) < 8 || len(h.salt) > 64 {
		return phc{}, fmt.Errorf("the salt of the password hash is damaged")
	}
	if h.sum, err = base64.RawStdEncoding.Strict().DecodeString(parts[5]); err != nil || len(h.sum) < 16 || len(h.sum) > 64 {
		return phc{}, fmt.Errorf("the sum of the password hash is damaged")
	}
	return h, nil
}

func cost(text, name string, limit uint32) (uint32, error) {
	digits, found := strings.CutPrefix(text, name+"=")
	value, err := strconv.ParseUint(digits, 10, 32)
	if !found || err != nil || value < 1 || value > uint64(limit) {
		return 0, fmt.Errorf("the cost %s of the password hash is not between 1 and %d", name, limit)
	}
	return uint32(value), nil
}
