package sqlstore

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// newPartial makes an empty private file in the folder of path, under a name
// that says that it is not finished.
func newPartial(path string) (string, error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*.partial")
	if err != nil {
		return "", fmt.Errorf("making a file: %w", err)
	}
	return file.Name(), file.Close()
}

// removePartial removes a file that was not finished, with what SQLite may have
// put beside it. What is missing is as good as removed, and what cannot be
// removed says by its name what it is.
func removePartial(path string) {
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		_ = os.Remove(path + suffix)
	}
}

// publish gives a finished file its name once its content is on the disk. An
// existing file of that name is replaced only when replace is true.
func publish(partial, path string, replace bool) error {
	if err := syncPath(partial); err != nil {
		return err
	}
	if replace {
		if err := os.Rename(partial, path); err != nil {
			return fmt.Errorf("naming the finished file: %w", err)
		}
		return syncPath(filepath.Dir(path))
	}
	err := unix.Renameat2(unix.AT_FDCWD, partial, unix.AT_FDCWD, path, unix.RENAME_NOREPLACE)
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) {
		// A file system that cannot do both in one: the check comes before.
		if err = refuseExisting(path); err == nil {
			err = os.Rename(partial, path)
		}
	}
	if err != nil {
		return fmt.Errorf("naming the finished file %s: %w", path, err)
	}
	return syncPath(filepath.Dir(path))
}

func refuseExisting(path string) error {
	_, err := os.Lstat(path)
	if err == nil {
		return fmt.Errorf("%s: %w", path, os.ErrExist)
	}
	if !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("looking for %s: %w", path, err)
	}
	return nil
}

// syncPath waits until a file or folder is on the disk.
func syncPath(path string) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("writing %s to the disk: %w", path, err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return fmt.Errorf("writing %s to the disk: %w", path, err)
	}
	return nil
}

// copyFile copies the bytes of one file into another that exists.
func copyFile(from, into string) error {
	source, err := os.Open(from)
	if err != nil {
		return fmt.Errorf("opening the backup: %w", err)
	}
	defer source.Close()
	file, err := os.OpenFile(into, os.O_WRONLY|os.O_TRUNC, 0)
	if err != nil {
		return fmt.Errorf("copying the backup: %w", err)
	}
	_, err = io.Copy(file, source)
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("copying the backup: %w", err)
	}
	return nil
}
