package sqlstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// location is where a state is kept: the file of an SQLite database or the URL
// of a PostgreSQL one, never both.
type location struct {
	path string
	url  string
}

// parseLocation reads a database URL. Errors do not repeat the text, which may
// hold a password.
func parseLocation(url, defaultPath string) (location, error) {
	switch {
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return location{url: url}, nil
	case url == "":
		if defaultPath == "" {
			return location{}, errors.New("no database was named")
		}
		return sqliteLocation(defaultPath)
	case strings.HasPrefix(url, "sqlite:"):
		return sqliteLocation(strings.TrimPrefix(url, "sqlite:"))
	}
	return location{}, errors.New("a database is named as sqlite:PATH or as postgres://…")
}

// sqliteLocation resolves symbolic links, so that two names of one file lead to
// one lock.
func sqliteLocation(path string) (location, error) {
	if path == "" {
		return location{}, errors.New("the name of the database file is empty")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return location{}, fmt.Errorf("finding the database file: %w", err)
	}
	resolved, err := filepath.EvalSymlinks(path)
	if err == nil {
		return location{path: resolved}, nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return location{}, fmt.Errorf("finding the database file: %w", err)
	}
	if target, err := os.Readlink(path); err == nil {
		return location{}, fmt.Errorf("the database file %s is a link to %s, which does not exist", path, target)
	}
	directory, err := filepath.EvalSymlinks(filepath.Dir(path))
	if errors.Is(err, os.ErrNotExist) {
		return location{path: path}, nil // made by whoever opens it
	}
	if err != nil {
		return location{}, fmt.Errorf("finding the database file: %w", err)
	}
	return location{path: filepath.Join(directory, filepath.Base(path))}, nil
}
