package vault

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Open reads the key in the file at path, or makes one there, readable by the
// engine alone (mode 0600). The error says which file is wrong and how.
func Open(path string) (*Vault, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return create(path)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the key for secrets: %w", err)
	}
	// Whoever copied it may have opened it.
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("closing the key for secrets to others: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("the key for secrets in %s is damaged", path)
	}
	vault, err := New(key)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return vault, nil
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
	// A link, for it never replaces a key that somebody made meanwhile.
	if err := os.Link(file.Name(), path); err != nil {
		return err
	}
	if err := os.Remove(file.Name()); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}
