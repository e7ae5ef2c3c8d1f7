package server

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/option"
	"vireo/internal/store/sqlstore"
	"vireo/internal/vault"
)

// KeySuffix makes the name of a backup's key of that of the backup.
const KeySuffix = ".key"

// Backup writes a copy of the state to path, and to path.key the key for the
// secrets in it; neither may be there. The backup has its name last, so that
// there is none without its key.
func (s *Server) Backup(ctx context.Context, path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("writing the backup: %w", &fs.PathError{Op: "create", Path: path, Err: fs.ErrExist})
	}
	if err := vault.Copy(filepath.Join(s.DataDir, secretsKey), path+KeySuffix); err != nil {
		return fmt.Errorf("writing the key of the backup: %w", err)
	}
	if err := s.Store.Backup(ctx, path); err != nil {
		return errors.Join(err, os.Remove(path+KeySuffix))
	}
	return nil
}

// Restore brings back the state from a backup file and marks it as restored:
// guests that have run on since are taken over at the next start. The key for
// secrets comes back too, unless the data directory has it; another one there is
// refused. The note is a sentence for people about a key that is missing, else
// empty.
func Restore(ctx context.Context, backup, dataDir, database string, replace bool) (note string, err error) {
	if err := makeDataDir(dataDir); err != nil {
		return "", err
	}
	key := filepath.Join(dataDir, secretsKey)
	brought, note, err := restoreKey(backup+KeySuffix, key)
	if err != nil {
		return "", err
	}
	if err := restoreState(ctx, backup, dataDir, database, replace); err != nil {
		if brought {
			err = errors.Join(err, os.Remove(key))
		}
		return "", err
	}
	return note, nil
}

// restoreKey puts the key of a backup in its place, and says whether it was not
// there before. It comes before the state, which an engine would otherwise find
// without its key, and make another.
func restoreKey(from, to string) (brought bool, note string, err error) {
	_, missing := os.Stat(from)
	_, absent := os.Stat(to)
	if errors.Is(missing, fs.ErrNotExist) {
		if errors.Is(absent, fs.ErrNotExist) {
			return false, from + " is missing: passwords for guests and join accounts of domains must be set anew.", nil
		}
		return false, fmt.Sprintf("%s is missing and %s stays: if that is not the key of the backup, "+
			"passwords for guests and join accounts of domains must be set anew.", from, to), nil
	}
	err = vault.Copy(from, to)
	if !errors.Is(err, fs.ErrExist) {
		if err != nil {
			err = fmt.Errorf("restoring the key for secrets: %w", err)
		}
		return err == nil, "", err
	}
	same, err := vault.SameKey(from, to)
	if err != nil {
		return false, "", fmt.Errorf("restoring the key for secrets: %w", err)
	}
	if !same {
		return false, "", fmt.Errorf("%s is another key than %s: move it away if what was sealed with it is of no use any more", to, from)
	}
	return false, "", nil
}

func restoreState(ctx context.Context, backup, dataDir, database string, replace bool) error {
	options := sqlstore.Options{DefaultPath: filepath.Join(dataDir, databaseFile), Log: slog.Default()}
	if err := sqlstore.Restore(ctx, backup, database, options, replace); err != nil {
		return err
	}
	kept, err := sqlstore.Open(ctx, database, options)
	if err != nil {
		return fmt.Errorf("opening what was restored: %w", err)
	}
	inv, err := inventory.Open(ctx, kept)
	if err == nil {
		err = inv.Update(ctx, func(tx *inventory.Tx) error {
			tx.Options.Put(&model.Option{Name: option.Restored, Value: "true"})
			return nil
		})
	}
	return errors.Join(err, kept.Close())
}
