package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"vireo/internal/image"
	"vireo/internal/model"
)

// openISO opens the folder of an ISO domain's files.
func openISO(ctx context.Context, domain *model.StorageDomain) (*os.Root, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	dir, err := open(domain)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	files, err := dir.OpenRoot(group(isoGroup))
	if err != nil {
		return nil, unavailable(domain, err)
	}
	return files, nil
}

// Files lists the files whose names could be asked for.
func (f *Files) Files(ctx context.Context, domain *model.StorageDomain) ([]model.File, error) {
	dir, err := openISO(ctx, domain)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	names, err := list(dir, ".")
	if err != nil {
		return nil, unavailable(domain, err)
	}
	slices.Sort(names)
	var out []model.File
	for _, name := range names {
		info, err := lookUp(dir, name)
		if err != nil {
			continue // not one of those that can be used
		}
		out = append(out, model.File{Name: name, Type: fileType(name), Size: info.Size(), StorageDomain: domain.ID})
	}
	return out, nil
}

// FilePath checks the name and the file.
func (f *Files) FilePath(ctx context.Context, domain *model.StorageDomain, name string) (string, error) {
	dir, err := openISO(ctx, domain)
	if err != nil {
		return "", err
	}
	defer dir.Close()
	if _, err := lookUp(dir, name); err != nil {
		return "", fmt.Errorf("file %.255q of storage domain %q: %w", name, domain.Name, err)
	}
	return filepath.Join(root(domain), group(isoGroup), name), nil
}

// lookUp finds a regular file by its name, following links that stay in the
// folder.
func lookUp(dir *os.Root, name string) (fs.FileInfo, error) {
	if !plainName(name) {
		return nil, fmt.Errorf("that is no plain file name: %w", image.ErrUnsafe)
	}
	info, err := dir.Stat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, image.ErrNotFound
	case err != nil:
		if itself, lerr := dir.Lstat(name); lerr == nil && itself.Mode()&fs.ModeSymlink != 0 {
			return nil, fmt.Errorf("it is a link that leads out: %w", image.ErrUnsafe)
		}
		return nil, explain(err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("it is no regular file: %w", image.ErrNotFound)
	}
	return info, nil
}

// plainName says that a text is the name of a file and nothing else.
func plainName(name string) bool {
	return name != "" && len(name) <= 255 && utf8.ValidString(name) &&
		!strings.HasPrefix(name, ".") &&
		!strings.ContainsFunc(name, func(r rune) bool { return r == '/' || r == '\\' || unicode.IsControl(r) })
}

// fileType is vfd for floppies and iso for everything else.
func fileType(name string) string {
	if strings.EqualFold(filepath.Ext(name), ".vfd") {
		return "vfd"
	}
	return "iso"
}
