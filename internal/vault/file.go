package vault

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Open reads the key in the file at path, or makes one there, readable by the
// engine alone (mode 0600). The error says which file is wrong and how.
func Open(path string) (*Vault, error) {
	key, err := readKey(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(path)
	}
	if err != nil {
		return nil, err
	}
	// Whoever copied it may have opened it.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("closing the key for secrets to others: %w", err)
	}
	return New(key)
}

// readKey reads the key in a file, which is then of the right size.
func readKey(path string) ([]byte, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the key for secrets: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("the key for secrets in %s is damaged", path)
	}
	if _, err := New(key); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return key, nil
}

// Copy writes the key in one file into another, readable by its owner alone. What
// is there is never overwritten: the error is then fs.ErrExist.
func Copy(from, to string) error {
	key, err := readKey(from)
	if err != nil {
		return err
	}
	if err := writeKey(to, base64.StdEncoding.EncodeToString(key)+"\n"); err != nil {
		return fmt.Errorf("copying the key for secrets: %w", err)
	}
	return nil
}

// SameKey says whether two files hold the same key.
func SameKey(one, other string) (bool, error) {
	first, err := readKey(one)
	if err != nil {
		return false, err
	}
	second, err := readKey(other)
	return bytes.Equal(first, second), err
}

// create makes a key that is on the disk, under its name, before anything is
// sealed with it.
func create(path string) (*Vault, error) {
	key := newKey()
	if err := writeKey(path, base64.StdEncoding.EncodeToString(key)+"\n"); err != nil {
		return nil, fmt.Errorf("making the key for secrets: %w", err)
	}
	return New(key)
}

func writeKey(path, text string) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	_, err = file.WriteString(text)
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return err
	}
	if err := rename(file.Name(), path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// rename never replaces a key that is there, or that somebody makes meanwhile.
func rename(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		// NFS cannot do that, but knows links, which sticks and Windows shares do not.
		if err = os.Link(from, to); err == nil {
			return os.Remove(from)
		}
	}
	if err != nil {
		return fmt.Errorf("naming %s: %w", to, err)
	}
	return nil
}
