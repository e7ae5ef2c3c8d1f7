package exports

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// spot is where an OVA file is, or is to be: Dir, within the directory of archives, and
// Name.
type spot struct {
	Dir  string `json:"dir"`
	Name string `json:"name"`
}

// longestArchiveName leaves room for what its temporary name has more, in bytes.
const longestArchiveName = 200

// spotOf is the place of a file that a command names. The directory is absolute, or
// within the directory of archives; what is not at or below that is refused, and what it
// means is decided without a look at the disk.
func (r *room) spotOf(verb, directory, name string) (spot, error) {
	if r.Archives == "" {
		return spot{}, fault.New(fault.UnsupportedWish, verb, "This engine has no directory for OVA files.")
	}
	dir := filepath.Clean(directory)
	if filepath.IsAbs(dir) {
		within, err := filepath.Rel(r.Archives, dir)
		if err != nil {
			within = ".."
		}
		dir = within
	}
	if !filepath.IsLocal(dir) || strings.ContainsRune(directory, 0) {
		return spot{}, fault.New(fault.Invalid, verb, fmt.Sprintf("OVA files are kept in %s only, or below it.", r.Archives))
	}
	bad := func(r rune) bool { return r == '/' || r < ' ' || r == 0x7f }
	if name == "" || name[0] == '.' || len(name) > longestArchiveName || strings.ContainsFunc(name, bad) {
		return spot{}, fault.New(fault.Invalid, verb, fmt.Sprintf("%.100q cannot be the name of an OVA file.", name))
	}
	return spot{Dir: dir, Name: name}, nil
}

// path is the whole of it, for people.
func (r *room) path(s spot) string { return filepath.Join(r.Archives, s.Dir, s.Name) }

// enter opens the directory of a spot. Links are not followed, so that nobody who may
// write below one is led to another.
func (r *room) enter(s spot) (*os.Root, error) {
	dir, err := os.OpenRoot(r.Archives)
	if err != nil {
		return nil, err
	}
	if s.Dir == "." {
		return dir, nil
	}
	for part := range strings.SplitSeq(s.Dir, "/") {
		info, err := dir.Lstat(part)
		if err == nil && !info.IsDir() {
			err = fmt.Errorf("%s: %w", part, syscall.ENOTDIR)
		}
		if err != nil {
			return nil, errors.Join(err, dir.Close())
		}
		below, err := dir.OpenRoot(part)
		if err := errors.Join(err, dir.Close()); err != nil {
			return nil, err
		}
		dir = below
	}
	return dir, nil
}

// openArchive opens a file to be read, itself and not what a link leads to.
func (r *room) openArchive(s spot) (*os.File, int64, error) {
	dir, err := r.enter(s)
	if err != nil {
		return nil, 0, err
	}
	defer dir.Close()
	if info, err := dir.Lstat(s.Name); err != nil || !info.Mode().IsRegular() {
		return nil, 0, cmp.Or(err, errNoFile)
	}
	// Without waiting, should it have become a pipe.
	file, err := dir.OpenFile(s.Name, os.O_RDONLY|unix.O_NOFOLLOW|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errNoFile
	}
	if err != nil {
		return nil, 0, errors.Join(err, file.Close())
	}
	return file, info.Size(), nil
}

var errNoFile = errors.New("it is no regular file")

// archiveFault explains what went wrong with a file.
func (r *room) archiveFault(verb string, s spot, err error) error {
	why := "It cannot be used; see the engine's log."
	switch {
	case err == nil:
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fault.New(fault.Invalid, verb, fmt.Sprintf("There is no %s on the engine's machine.", r.path(s))).Because(err)
	case errors.Is(err, fs.ErrExist):
		return fault.New(fault.Duplicate, verb, fmt.Sprintf("The file %s exists already.", r.path(s))).Because(err)
	case errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP), errors.Is(err, errNoFile):
		return fault.New(fault.Invalid, verb, fmt.Sprintf("%s is no regular file, or its directory is none; links are not followed.", r.path(s))).Because(err)
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, image.ErrNoSpace):
		why = "There is not enough space for it."
	case errors.Is(err, context.DeadlineExceeded):
		why = "It took too long to look at it."
	case errors.Is(err, fs.ErrPermission), errors.Is(err, syscall.EROFS):
		why = "The engine may not use it."
	}
	return fault.New(fault.StateConflict, verb, fmt.Sprintf("The file %s: %s", r.path(s), why)).Because(err)
}

// localHost is the host that the engine runs on: no other one's files can be reached.
func localHost(tx *inventory.Tx, verb string, id model.ID) (*model.Host, error) {
	for _, on := range tx.Hosts.All() {
		switch {
		case id == "" && on.Facts.Local:
			return on, nil
		case on.ID != id:
		case !on.Facts.Local:
			return nil, fault.New(fault.UnsupportedWish, verb, fmt.Sprintf(
				"Host %s is not the engine's own machine, and only that one's OVA files can be reached.", on.Name))
		default:
			return on, nil
		}
	}
	if id != "" {
		return nil, fault.Missing("Host: id=" + string(id))
	}
	return nil, fault.New(fault.UnsupportedWish, verb, "The engine's own machine is no host, so there is none whose OVA files could be reached.")
}

// onHost is what must be permitted where files are: on the host, or on the system where
// there is none.
func onHost(tx *inventory.Tx, verb string, id model.ID) engine.Demand {
	demand := engine.Demand{Permit: importExport}
	if id == "" {
		if on, err := localHost(tx, verb, ""); err == nil {
			id = on.ID
		}
	}
	if id != "" {
		demand.On = model.Ref{Kind: model.KindHost, ID: id}
	}
	return demand
}

// packing are the steps of an export to a file.
func (r *room) packing() []job.Step {
	return []job.Step{
		{Name: "measure", Title: "Measuring the disks", Do: r.measureOut},
		{Name: "write", Title: "Writing the disks", Do: r.pack, Undo: r.unpack},
		{Name: "publish", Title: "Giving the file its name", Do: r.name, Lasting: true},
	}
}

// unpacking are the steps of an import from a file.
func (r *room) unpacking() []job.Step {
	return []job.Step{
		{Name: "verify", Title: "Verifying the checksums", Do: r.verify},
		{Name: "copy", Title: "Copying the disks", Do: r.takeOut, Undo: r.uncopyIn},
		{Name: "measure", Title: "Measuring the disks", Do: r.measure},
	}
}

// archiveCommands are the rows for OVA files.
func (r *room) archiveCommands() []engine.Command {
	return []engine.Command{
		{
			On: model.KindVM, Name: "export_ova", Verb: "export VM", Needs: importExport, Demands: demandsOfPack, Locks: locksOfExport, Check: r.checkPackVM,
			Paths: []engine.Path{{
				Name: "pack", Via: model.StatusImageLocked, To: model.StatusDown, Task: true,
				Title: "Exporting VM {name} to an OVA file", Apply: r.beginPack, Steps: r.packing(), Settle: r.packed,
			}},
		},
		{
			On: model.KindTemplate, Name: "export_ova", Verb: "export Template", Needs: importExport, Demands: demandsOfPack, Locks: locksOfExport, Check: r.checkPackTemplate,
			Paths: []engine.Path{{
				Name: "pack", Task: true, Title: "Exporting Template {name} to an OVA file", Apply: r.beginPack, Steps: r.packing(), Settle: r.packed,
			}},
		},
		{
			On: model.KindExternalVM, Name: "import", Verb: "import VM", Needs: importExport, Demands: r.demandsOfUnpack, Locks: locksOfUnpack,
			Paths: []engine.Path{{
				Name: "unpack", Task: true, Title: "Importing VM {name} from an OVA file", Apply: r.beginUnpack, Steps: r.unpacking(), Settle: r.imported,
			}},
		},
		{
			On: model.KindExternalTemplate, Name: "import", Verb: "import Template", Needs: importExport, Demands: r.demandsOfUnpack, Locks: locksOfUnpack,
			Paths: []engine.Path{{
				Name: "unpack", Task: true, Title: "Importing Template {name} from an OVA file", Apply: r.beginUnpack, Steps: r.unpacking(), Settle: r.imported,
			}},
		},
	}
}

// defaultName is that of an archive of a VM or a template (api-v4 4.6).
func defaultName(given, name string) string { return cmp.Or(given, name+".ova") }
