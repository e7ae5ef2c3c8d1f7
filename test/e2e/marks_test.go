package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode/utf16"
)

// marks are what secrets of a test are made of, so that they are found wherever
// they are written down.
type marks struct {
	// begin is what every secret begins with, but for license keys.
	begin, license string
	forms          [][]byte
}

func newMarks() *marks {
	m := &marks{begin: "Mark" + letters(16)}
	groups := make([]string, 5)
	for i := range groups {
		groups[i] = strings.ToUpper(letters(5))
	}
	m.license = strings.Join(groups, "-")
	for _, text := range []string{m.begin, m.license} {
		m.forms = append(m.forms, forms(text)...)
	}
	return m
}

func letters(count int) string {
	text := make([]byte, count)
	for i := range text {
		text[i] = byte('a' + rand.N(26))
	}
	return string(text)
}

// secret is a text of letters and digits that is found again; which says what it is.
func (m *marks) secret(which string) string { return m.begin + which }

// forms are the ways in which a text may be written down. Escapes of XML, JSON,
// YAML and URLs leave letters as they are.
func forms(text string) [][]byte {
	all := [][]byte{[]byte(text), []byte(hex.EncodeToString([]byte(text))), []byte(strings.ToUpper(hex.EncodeToString([]byte(text))))}
	var wide []byte
	for _, unit := range utf16.Encode([]rune(text)) {
		wide = append(wide, byte(unit), byte(unit>>8))
	}
	all = append(all, wide)
	// In base64 it depends on what stands in front.
	for before := range 3 {
		encoded := base64.StdEncoding.EncodeToString(append(make([]byte, before), text...))
		all = append(all, []byte(encoded[(before*8+5)/6:(before+len(text))*8/6]))
	}
	return all
}

// window is how much is searched at a time, in bytes.
const window = 1 << 20

// find gives the first secret in a stream with what stands around it; empty if
// there is none.
func (m *marks) find(stream io.Reader) (string, error) {
	const overlap = 1 << 10 // longer than any form
	buffer, kept := make([]byte, window), 0
	for {
		count, err := io.ReadFull(stream, buffer[kept:])
		seen := buffer[:kept+count]
		for _, form := range m.forms {
			if at := bytes.Index(seen, form); at >= 0 {
				around := seen[max(0, at-80):min(len(seen), at+80)]
				// Whoever reads of it in a file is not to be found in turn.
				return string(bytes.ReplaceAll(around, form, []byte("(secret)"))), nil
			}
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		kept = copy(buffer, seen[len(seen)-overlap:])
	}
}

// below finds the files in a folder that hold a secret and are not older than
// since. What is gone before it is read, and folders that skip names, are passed
// over.
func (m *marks) below(folder string, since time.Time, skip func(path string) bool) (found map[string]string, read int) {
	found = map[string]string{}
	_ = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return nil
		case entry.IsDir() && skip(path):
			return fs.SkipDir
		case !entry.Type().IsRegular():
			return nil
		}
		if info, err := entry.Info(); err != nil || info.ModTime().Before(since) {
			return nil
		}
		if around, opened := m.inFile(path); opened {
			read++
			if around != "" {
				found[path] = around
			}
		}
		return nil
	})
	return found, read
}

func (m *marks) inFile(path string) (around string, opened bool) {
	file, err := os.Open(path)
	if err != nil {
		return "", false
	}
	defer file.Close()
	around, err = m.find(file)
	return around, err == nil
}
