package files

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"vireo/internal/image"
)

// part is the name under which a file is made that will be called name.
func part(name string) string {
	return filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".part")
}

// ready makes the file, which lies complete under its temporary name, last and
// visible.
func ready(dir *os.Root, name string) error {
	file, err := dir.OpenFile(part(name), os.O_RDONLY, 0)
	if err != nil {
		return explain(err)
	}
	if err := errors.Join(file.Sync(), file.Close()); err != nil {
		return explain(err)
	}
	if err := dir.Rename(part(name), name); err != nil {
		return explain(err)
	}
	return syncFolder(dir, filepath.Dir(name))
}

// write makes a small file as a whole; one that is there is replaced.
func write(dir *os.Root, name string, content []byte, mode fs.FileMode, owner image.Owner) (err error) {
	defer func() {
		if err != nil {
			_ = dir.Remove(part(name))
		}
	}()
	if err := dir.WriteFile(part(name), content, mode); err != nil {
		return explain(err)
	}
	if err := own(dir, part(name), mode, owner); err != nil {
		return err
	}
	return ready(dir, name)
}

// own gives a file to its owner and sets its mode, whatever the umask.
func own(dir *os.Root, name string, mode fs.FileMode, owner image.Owner) error {
	if err := dir.Chmod(name, mode); err != nil {
		return explain(err)
	}
	if owner.UID < 0 && owner.GID < 0 {
		return nil
	}
	return explain(dir.Lchown(name, owner.UID, owner.GID))
}

// syncFolder makes the names in a directory last.
func syncFolder(dir *os.Root, name string) error {
	file, err := dir.Open(name)
	if err != nil {
		return explain(err)
	}
	return explain(errors.Join(file.Sync(), file.Close()))
}
