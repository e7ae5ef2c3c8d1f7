package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"syscall"

	"vireo/internal/image"
	"vireo/internal/model"
)

const metadataFile = "dom_md/metadata"

// engineKey names the engine that a domain is attached to, beside the keys of the
// layout, which tell data centers apart and not engines.
const engineKey = "VIREO_ENGINE"

// mailbox is the size of inbox and outbox (api-v3 3.12).
const mailbox = 16 << 20

// Format makes a new domain. Its metadata comes last: without it there is no
// domain. On the same domain it brings name, data center and role up to date.
func (f *Files) Format(ctx context.Context, domain *model.StorageDomain) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkDomain(domain); err != nil {
		return err
	}
	if mounted, err := f.Connected(domain); err != nil || !mounted {
		return unavailable(domain, "it is not mounted")
	}
	if err := makeRoot(domain); err != nil {
		return fmt.Errorf("making storage domain %q: %w", domain.Name, unavailable(domain, err))
	}
	dir, err := open(domain)
	if err != nil {
		return err
	}
	defer dir.Close()
	known, err := readMetadata(dir, domain)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := makeDomain(dir, domain, known); err != nil {
		return fmt.Errorf("making storage domain %q: %w", domain.Name, err)
	}
	return nil
}

// makeRoot makes the domain's root; a path that is new can be passed through,
// whatever the umask.
func makeRoot(domain *model.StorageDomain) error {
	_, err := os.Stat(domain.Dir())
	fresh := errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(root(domain), 0o755); err != nil {
		return err
	}
	if fresh {
		return os.Chmod(domain.Dir(), 0o755)
	}
	return nil
}

func makeDomain(dir *os.Root, domain *model.StorageDomain, known pairs) error {
	if err := dir.Chmod(".", 0o755); err != nil {
		return explain(err)
	}
	for _, name := range folders(domain.Type) {
		if err := makeFolder(dir, name); err != nil {
			return err
		}
	}
	for name, size := range map[string]int64{"ids": 0, "leases": 0, "inbox": mailbox, "outbox": mailbox} {
		if err := makeSized(dir, filepath.Join("dom_md", name), size); err != nil {
			return err
		}
	}
	return putMetadata(dir, domain, known)
}

// Describe writes the metadata anew where it is not what it should be. Whether another
// engine has the domain is not asked: whoever describes it has taken it.
func (f *Files) Describe(ctx context.Context, domain *model.StorageDomain) error {
	return within(ctx, domain, func() error {
		dir, err := open(domain)
		if err != nil {
			return err
		}
		defer dir.Close()
		anyones := *domain
		anyones.Engine = ""
		known, err := readMetadata(dir, &anyones)
		if errors.Is(err, fs.ErrNotExist) {
			return unavailable(domain, "its metadata is gone")
		}
		if err != nil {
			return err
		}
		return putMetadata(dir, domain, known)
	})
}

func putMetadata(dir *os.Root, domain *model.StorageDomain, known pairs) error {
	text := metadata(domain, known).sealed()
	if old, err := dir.ReadFile(metadataFile); err == nil && string(old) == text {
		return nil
	}
	return write(dir, metadataFile, []byte(text), 0o644, image.Owner{UID: -1, GID: -1})
}

func folders(kind model.StorageDomainType) []string {
	if kind == model.StorageDomainISO {
		return []string{"dom_md", "images", filepath.Join("images", isoGroup)}
	}
	return []string{"dom_md", "images", "master", "master/vms", "master/tasks"}
}

// makeSized makes a file of that many zeros that takes up no space.
func makeSized(dir *os.Root, name string, size int64) error {
	file, err := dir.OpenFile(name, os.O_CREATE|os.O_WRONLY, 0o660)
	if err != nil {
		return explain(err)
	}
	err = file.Chmod(0o660)
	if info, statErr := file.Stat(); statErr == nil && info.Size() < size {
		err = errors.Join(err, file.Truncate(size))
	}
	return explain(errors.Join(err, file.Close()))
}

// metadata is what dom_md/metadata says of the domain, beside the keys that
// others have put there.
func metadata(domain *model.StorageDomain, known pairs) pairs {
	out := pairs{}
	maps.Copy(out, known)
	role := "Regular"
	if domain.Master {
		role = "Master"
	}
	maps.Copy(out, pairs{
		"CLASS":                  classes[domain.Type],
		"DESCRIPTION":            oneLine(domain.Name, 50),
		"IOOPTIMEOUTSEC":         "10",
		"LEASERETRIES":           "3",
		"LEASETIMESEC":           "60",
		"LOCKPOLICY":             "",
		"LOCKRENEWALINTERVALSEC": "5",
		"POOL_UUID":              string(domain.DataCenter),
		"REMOTE_PATH":            oneLine(domain.Place(), 4096),
		"ROLE":                   role,
		"SDUUID":                 string(domain.ID),
		"TYPE":                   storageTypes[domain.StorageType],
		"VERSION":                versions[domain.Format],
	})
	delete(out, engineKey)
	if domain.Engine != "" && domain.DataCenter != "" {
		out[engineKey] = string(domain.Engine)
	}
	return out
}

var classes = map[model.StorageDomainType]string{
	model.StorageDomainData: "Data", model.StorageDomainISO: "Iso", model.StorageDomainExport: "Backup",
}

var storageTypes = map[model.StorageType]string{
	model.StorageLocalFS: "LOCALFS", model.StoragePosixFS: "SHAREDFS", model.StorageNFS: "NFS",
}

// versions are the layout's numbers of the formats v1, v2 and v3.
var versions = map[string]string{"": "0", "v1": "0", "v2": "2", "v3": "3"}

// readMetadata reads dom_md/metadata and wants it to be whole and this domain's;
// fs.ErrNotExist when there is none.
func readMetadata(dir *os.Root, domain *model.StorageDomain) (pairs, error) {
	known, err := parseMetadata(dir, domain)
	if err != nil {
		return nil, err
	}
	switch {
	case known["SDUUID"] != string(domain.ID):
		return nil, unavailable(domain, fmt.Sprintf("another domain, %.64q, is there", known["SDUUID"]))
	case known["CLASS"] != classes[domain.Type]:
		return nil, unavailable(domain, fmt.Sprintf("it is of class %.64q and not %q", known["CLASS"], classes[domain.Type]))
	case domain.Engine != "" && known[engineKey] != "" && known[engineKey] != string(domain.Engine):
		return nil, unavailable(domain, "another engine has taken it over")
	}
	return known, nil
}

// parseMetadata reads dom_md/metadata of whichever domain and wants it to be whole;
// fs.ErrNotExist when there is none.
func parseMetadata(dir *os.Root, domain *model.StorageDomain) (pairs, error) {
	info, err := dir.Lstat(metadataFile)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil || !info.Mode().IsRegular() || info.Size() > longestMeta {
		return nil, unavailable(domain, "its metadata cannot be read")
	}
	text, err := dir.ReadFile(metadataFile)
	if err != nil {
		return nil, unavailable(domain, err)
	}
	known := parsePairs(string(text))
	if known[checksumKey] != known.checksum() {
		return nil, unavailable(domain, "its metadata is damaged")
	}
	return known, nil
}

// Check reads the metadata and writes a file. A data domain in which ordinary users
// can hardly write any more is full: what is left is the system's reserve.
func (f *Files) Check(ctx context.Context, domain *model.StorageDomain) error {
	return within(ctx, domain, func() error {
		dir, err := open(domain)
		if err != nil {
			return err
		}
		defer dir.Close()
		if _, err := readMetadata(dir, domain); errors.Is(err, fs.ErrNotExist) {
			return unavailable(domain, "its metadata is gone")
		} else if err != nil {
			return err
		}
		if err := tryWriting(dir, domain); err != nil || domain.Type != model.StorageDomainData {
			return err
		}
		return hasRoom(domain, leastRoom)
	})
}

// leastRoom is how many bytes are free in a domain that is not full.
const leastRoom = 4 << 20

// probePrefix begins the names of the files by which a domain is tried.
const probePrefix = ".check-"

// tryWriting writes next to the metadata. That a domain is full is not found out here.
func tryWriting(dir *os.Root, domain *model.StorageDomain) error {
	name := filepath.Join("dom_md", probePrefix+string(model.NewID()))
	err := dir.WriteFile(name, []byte(domain.ID), 0o600)
	removed := dir.Remove(name)
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return nil
	}
	if err := errors.Join(err, removed); err != nil {
		return unavailable(domain, fmt.Errorf("it cannot be written: %w", err))
	}
	return nil
}

// Space asks the file system.
func (f *Files) Space(ctx context.Context, domain *model.StorageDomain) (model.Space, error) {
	space := make(chan model.Space, 1)
	err := within(ctx, domain, func() error {
		measured, err := measure(domain)
		space <- measured
		return err
	})
	if err != nil {
		return model.Space{}, err
	}
	return <-space, nil
}

func measure(domain *model.StorageDomain) (model.Space, error) {
	if err := checkDomain(domain); err != nil {
		return model.Space{}, err
	}
	var s syscall.Statfs_t
	if err := syscall.Statfs(root(domain), &s); err != nil {
		return model.Space{}, unavailable(domain, err)
	}
	size := int64(s.Bsize)
	return model.Space{Available: int64(s.Bavail) * size, Used: int64(s.Blocks-s.Bfree) * size}, nil
}

// hasRoom wants that many bytes to be free.
func hasRoom(domain *model.StorageDomain, size int64) error {
	space, err := measure(domain)
	if err != nil {
		return err
	}
	if size > space.Available {
		return fmt.Errorf("%d bytes are wanted and %d free: %w", size, space.Available, image.ErrNoSpace)
	}
	return nil
}
