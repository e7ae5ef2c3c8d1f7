package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"vireo/internal/auth"
)

// passwordFile is where a password that was made up is written.
const passwordFile = "admin-password"

// letters are those of made-up passwords: none looks like another, and none
// needs quoting in a shell or a URL.
const letters = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"

// firstPassword gives the hash of the administrator's first password: the one
// that was set, or one that is made up and written into the data directory.
func firstPassword(dataDir, wanted string) (string, error) {
	if wanted == "" {
		path := filepath.Join(dataDir, passwordFile)
		kept, err := os.ReadFile(path)
		switch {
		case err == nil && strings.TrimSpace(string(kept)) != "":
			wanted = strings.TrimSpace(string(kept))
		case err == nil || errors.Is(err, fs.ErrNotExist):
			wanted = madeUp(20)
			if err := writePassword(dataDir, wanted); err != nil {
				return "", err
			}
		default:
			return "", fmt.Errorf("reading the administrator's password: %w", err)
		}
	}
	return auth.HashPassword(wanted)
}

// writePassword writes the administrator's password for people to find, readable
// by the owner only.
func writePassword(dataDir, password string) error {
	path := filepath.Join(dataDir, passwordFile)
	file, err := os.CreateTemp(dataDir, ".admin-password-*")
	if err != nil {
		return fmt.Errorf("writing the administrator's password: %w", err)
	}
	defer func() {
		_ = os.Remove(file.Name()) // it is there only after a failure, which is told anyway
	}()
	_, err = file.WriteString(password + "\n")
	err = errors.Join(err, file.Chmod(0o600), file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("writing the administrator's password: %w", err)
	}
	return nil
}

// madeUp is a random password of so many letters.
func madeUp(length int) string {
	var text strings.Builder
	for text.Len() < length {
		var random [1]byte
		if _, err := rand.Read(random[:]); err != nil {
			panic(err)
		}
		if int(random[0]) < 256/len(letters)*len(letters) {
			text.WriteByte(letters[int(random[0])%len(letters)])
		}
	}
	return text.String()
}
