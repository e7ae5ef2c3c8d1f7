package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"vireo/internal/image"
	"vireo/internal/model"
)

// foreignFile is a file that somebody says is the image of a guest. It is open, without
// that anything was done to it, and without that a link was followed: whatever is at its
// path meanwhile, it is this file that is looked at, and that gets another name.
type foreignFile struct {
	*os.File
	info fs.FileInfo
}

// openForeign refuses what is no image of a guest, by all but its content.
func (f *Files) openForeign(dir *os.Root, foreign image.Foreign) (file *foreignFile, err error) {
	path := foreign.Path
	if !filepath.IsAbs(path) || filepath.Clean(path) != path {
		return nil, fmt.Errorf("its path is not absolute: %w", image.ErrUnsafe)
	}
	handle, err := os.OpenFile(path, unix.O_PATH|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil, fmt.Errorf("%w: %w", image.ErrNotFound, err)
	case err != nil:
		return nil, explain(err)
	}
	defer func() {
		if err != nil {
			_ = handle.Close()
		}
	}()
	file = &foreignFile{File: handle}
	if file.info, err = handle.Stat(); err != nil {
		return nil, explain(err)
	}
	if !file.info.Mode().IsRegular() {
		return nil, fmt.Errorf("it is no regular file: %w", image.ErrUnsafe)
	}
	if real, err := os.Readlink(file.proc()); err != nil || real != path {
		return nil, fmt.Errorf("it is reached through a symbolic link: %w", image.ErrUnsafe)
	}
	if err := f.outside(path, foreign.Domains); err != nil {
		return nil, err
	}
	if err := file.mountedWith(dir); err != nil {
		return nil, err
	}
	return file, file.belongsTo(foreign.UID)
}

// outside refuses files of the engine, secrets among them, and those of storage domains.
func (f *Files) outside(path string, domains []*model.StorageDomain) error {
	if within, err := below(f.private, path); err != nil || within {
		return errors.Join(fmt.Errorf("it is one of the engine's own files: %w", image.ErrUnsafe), err)
	}
	for _, domain := range domains {
		if within, err := below(root(domain), path); err != nil || within {
			return errors.Join(fmt.Errorf("it lies in a storage domain already: %w", image.ErrUnsafe), err)
		}
	}
	return nil
}

// below says whether a path, which no link is in, is that of something in a directory.
func below(dir, path string) (bool, error) {
	if dir == "" {
		return false, nil
	}
	real, err := filepath.EvalSymlinks(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return strings.HasPrefix(path, strings.TrimSuffix(real, "/")+"/"), err
}

// mountedWith refuses a file of another mount than the domain's, as far as the system
// says which it is: a link to it could not be made.
func (f *foreignFile) mountedWith(dir *os.Root) error {
	folder, err := dir.Open(".")
	if err != nil {
		return explain(err)
	}
	defer folder.Close()
	var ours, its unix.Statx_t
	const where = unix.STATX_MNT_ID
	err = errors.Join(
		unix.Statx(int(folder.Fd()), "", unix.AT_EMPTY_PATH, where, &ours),
		unix.Statx(int(f.Fd()), "", unix.AT_EMPTY_PATH, where, &its))
	if err == nil && ours.Mask&its.Mask&where != 0 && ours.Mnt_id != its.Mnt_id {
		return image.ErrElsewhere
	}
	return nil
}

// belongsTo refuses files of others than QEMU's user.
func (f *foreignFile) belongsTo(uid int) error {
	if uid < 0 {
		uid = os.Geteuid()
	}
	stat, ok := f.info.Sys().(*syscall.Stat_t)
	if !ok || uid == 0 || int(stat.Uid) != uid {
		return image.ErrOtherOwner
	}
	return nil
}

// alone refuses a file that has another name now: it may be a disk by that.
func (f *foreignFile) alone() error {
	info, err := f.Stat()
	if err != nil {
		return explain(err)
	}
	if names(info) != 1 {
		return image.ErrLinked
	}
	return nil
}

func names(info fs.FileInfo) uint64 {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return uint64(stat.Nlink) //nolint:unconvert // it is of another type on other processors
	}
	return 0
}

// proc is a path that leads to the open file, whatever it is called now, here and in
// programs that are begun here.
func (f *foreignFile) proc() string { return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd()) }

// describe looks at the content.
func (f *Files) describe(ctx context.Context, file *foreignFile, format model.DiskFormat) (found image.Found, err error) {
	content, err := os.Open(file.proc())
	if err != nil {
		return found, explain(err)
	}
	defer content.Close()
	found.Head = make([]byte, image.HeadSize)
	read, err := io.ReadFull(content, found.Head)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return found, explain(err)
	}
	found.Head = found.Head[:read]
	if format == model.DiskCOW {
		if err := checkQCOW2(content, file.info.Size()); err != nil {
			return found, err
		}
	}
	said, err := f.ask(ctx, file.proc(), formats[format])
	if err != nil {
		return found, err
	}
	if said.BackingFilename != "" {
		return found, fmt.Errorf("it stands on %.100q and not alone: %w", said.BackingFilename, image.ErrUnsafe)
	}
	stat, ok := file.info.Sys().(*syscall.Stat_t)
	if !ok {
		return found, fmt.Errorf("it has no owner: %w", image.ErrUnsafe)
	}
	found.Size = said.VirtualSize
	found.Kept = image.Kept{Owner: image.Owner{UID: int(stat.Uid), GID: int(stat.Gid)}, Mode: file.info.Mode().Perm()}
	return found, nil
}
