package sanlock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"vireo/internal/lease"
	"vireo/internal/model"
)

// Where things are in a domain. The first is of its layout, as other engines use it.
const (
	spaceFile   = "dom_md/ids"
	leaseFolder = "leases"
)

// Leases implements [lease.Leases].
type Leases struct {
	program string
	hanging hanging
	// makes has a [sync.Mutex] for each domain's directory, which is held while records are
	// made there: a lockspace that was joined is not replaced by one that somebody began to
	// make at the same time.
	makes sync.Map
}

// Program is the name of sanlock's program.
const Program = "sanlock"

// longest is how long the program may take to make a record of 1 MiB.
const longest = time.Minute

// New uses a program, usually [Program].
func New(program string) *Leases { return &Leases{program: program} }

// able says why nothing can be made here.
func (l *Leases) able() error {
	if _, err := exec.LookPath(l.program); err != nil {
		return fmt.Errorf("%w: %w", lease.ErrUnable, err)
	}
	return nil
}

// Place implements [lease.Leases].
func (l *Leases) Place(domain *model.StorageDomain, vm model.ID) lease.Place {
	return lease.Place{Space: string(domain.ID), Key: string(vm), Path: filepath.Join(root(domain), leaseFile(vm))}
}

func root(domain *model.StorageDomain) string { return filepath.Join(domain.Dir(), string(domain.ID)) }

func leaseFile(vm model.ID) string { return filepath.Join(leaseFolder, string(vm)) }

// Ready implements [lease.Leases].
func (l *Leases) Ready(ctx context.Context, domain *model.StorageDomain, uid, gid int) error {
	return l.making(ctx, domain, uid, gid, func(*maker) error { return nil })
}

// making makes the lockspace, and then more. What is made has its name when it is whole.
func (l *Leases) making(ctx context.Context, domain *model.StorageDomain, uid, gid int, more func(*maker) error) error {
	if err := l.able(); err != nil {
		return err
	}
	return l.hanging.within(ctx, domain, func() error {
		made, _ := l.makes.LoadOrStore(domain.Dir(), &sync.Mutex{})
		alone := made.(*sync.Mutex) //nolint:errcheck,forcetypeassert // nothing else is put there
		alone.Lock()
		defer alone.Unlock()
		dir, err := os.OpenRoot(root(domain))
		if err != nil {
			return err
		}
		defer dir.Close()
		m := &maker{ctx: ctx, program: l.program, dir: dir, uid: uid, gid: gid}
		space, err := dir.Stat(spaceFile)
		if err != nil {
			return err
		}
		if space.Size() == 0 {
			if err := m.init(spaceFile, "-s", string(domain.ID)+":0:"); err != nil {
				return fmt.Errorf("making the lockspace: %w", err)
			}
		}
		if _, err := readSpace(dir, domain); err != nil {
			return err
		}
		return more(m)
	})
}

// Make implements [lease.Leases].
func (l *Leases) Make(ctx context.Context, domain *model.StorageDomain, vm model.ID, uid, gid int) error {
	return l.making(ctx, domain, uid, gid, func(m *maker) error {
		dir := m.dir
		if err := dir.Mkdir(leaseFolder, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
		if err := dir.Chmod(leaseFolder, 0o755); err != nil { // the umask may have taken the right to pass
			return err
		}
		_, err := dir.Lstat(leaseFile(vm))
		if errors.Is(err, fs.ErrNotExist) {
			err = m.init(leaseFile(vm), "-r", string(domain.ID)+":"+string(vm)+":")
		}
		if err != nil {
			return err
		}
		_, err = readLease(dir, domain, vm)
		return err
	})
}

// Remove implements [lease.Leases].
func (l *Leases) Remove(ctx context.Context, domain *model.StorageDomain, vm model.ID) error {
	return l.hanging.within(ctx, domain, func() error {
		dir, err := os.OpenRoot(root(domain))
		if err != nil {
			return err
		}
		defer dir.Close()
		if err := dir.Remove(leaseFile(vm)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	})
}

// maker makes records with sanlock's program.
type maker struct {
	ctx      context.Context
	program  string
	dir      *os.Root
	uid, gid int
}

// init makes a lockspace or a lease, described by option and by what is before its path,
// under another name first.
func (m *maker) init(name, option, before string) error {
	fresh := filepath.Join(filepath.Dir(name), "."+filepath.Base(name)+".new")
	if err := m.dir.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := m.dir.OpenFile(fresh, os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o660)
	if err != nil {
		return err
	}
	defer file.Close()
	if err := m.run(file, "direct", "init", option, before+theFile+":0"); err != nil {
		return err
	}
	err = file.Chmod(0o660)
	if err == nil && (m.uid >= 0 || m.gid >= 0) {
		err = file.Chown(m.uid, m.gid)
	}
	if err == nil {
		err = file.Sync()
	}
	if err == nil {
		err = m.dir.Rename(fresh, name)
	}
	return err
}

// theFile is the name of a file that is handed to the program open: whatever characters
// are in its path.
const theFile = "/proc/self/fd/3"

func (m *maker) run(file *os.File, arguments ...string) error {
	ctx, cancel := context.WithTimeout(m.ctx, longest)
	defer cancel()
	command := exec.CommandContext(ctx, m.program, arguments...)
	command.Env = []string{"LC_ALL=C", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"}
	command.ExtraFiles = []*os.File{file}
	command.WaitDelay = time.Second
	output, err := command.CombinedOutput()
	if err != nil {
		return fmt.Errorf("sanlock %s: %w: %.500s", strings.Join(arguments[:2], " "), err, strings.TrimSpace(string(output)))
	}
	return nil
}
