package sqlstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"golang.org/x/sys/unix"

	"vireo/internal/store"
)

// fileLock is an exclusive lock on a file of its own, beside the database. The
// kernel gives it back when the process ends. The file stays: removing it would
// let two processes lock two files of the same name.
type fileLock struct {
	file *os.File
	path string
}

// lockAttempts is how often a lock file may vanish while it is being locked.
const lockAttempts = 10

// lockFile takes the lock and writes holder into the file; *store.HeldError,
// at once, when another process has it.
func lockFile(path, holder string) (*fileLock, error) {
	for range lockAttempts {
		file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			return nil, fmt.Errorf("opening the lock file: %w", err)
		}
		lock := &fileLock{file, path}
		err = unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if errors.Is(err, unix.EWOULDBLOCK) {
			defer file.Close()
			return nil, &store.HeldError{Holder: readHolder(file)}
		}
		if err != nil {
			return nil, errors.Join(fmt.Errorf("locking %s: %w", path, err), file.Close())
		}
		if lock.check() != nil {
			// Removed between opening and locking: what was locked is no longer
			// what others will open.
			_ = file.Close()
			continue
		}
		if err := lock.sign(holder); err != nil {
			return nil, errors.Join(err, file.Close())
		}
		return lock, nil
	}
	return nil, fmt.Errorf("locking %s: somebody keeps removing it", path)
}

// check says whether the file that is locked is still the one at its path.
func (l *fileLock) check() error {
	held, err := l.file.Stat()
	if err != nil {
		return fmt.Errorf("looking at the lock file: %w", err)
	}
	return sameFile(held, l.path)
}

// release signs off and gives the lock back.
func (l *fileLock) release() error {
	return errors.Join(l.sign(""), l.file.Close())
}

func (l *fileLock) sign(holder string) error {
	if err := l.file.Truncate(0); err != nil {
		return fmt.Errorf("signing the lock file: %w", err)
	}
	if holder == "" {
		return nil
	}
	if _, err := l.file.WriteAt([]byte(holder+"\n"), 0); err != nil {
		return fmt.Errorf("signing the lock file: %w", err)
	}
	return nil
}

func readHolder(file *os.File) string {
	written, err := io.ReadAll(io.NewSectionReader(file, 0, columnLimit))
	holder := strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, string(written))
	if err != nil || holder == "" {
		return "a process that has not said its name"
	}
	return holder
}

// sameFile says what is wrong when the file at path is not the one known.
func sameFile(known os.FileInfo, path string) error {
	found, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("looking for %s: %w", path, err)
	}
	if !os.SameFile(known, found) {
		return fmt.Errorf("%s has been replaced by another file", path)
	}
	return nil
}
