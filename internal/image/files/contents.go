package files

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"vireo/internal/image"
	"vireo/internal/model"
)

// longestText bounds what is read of an OVF, in bytes.
const longestText = 4 << 20

// descriptions is the folder with a folder for each VM and template that is
// described by an OVF.
const descriptions = "master/vms"

// Contents walks through the domain once. What is removed meanwhile is left out.
func (f *Files) Contents(ctx context.Context, domain *model.StorageDomain) (image.Contents, error) {
	found, err := contents(ctx, domain)
	if err != nil {
		return found, fmt.Errorf("listing storage domain %q: %w", domain.Name, err)
	}
	return found, nil
}

func contents(ctx context.Context, domain *model.StorageDomain) (image.Contents, error) {
	found := image.Contents{Mentioned: make(map[model.ID]bool)}
	dir, err := open(domain)
	if err != nil {
		return found, err
	}
	defer dir.Close()
	if err := wantImages(dir, domain); err != nil {
		return found, err
	}
	names, err := sorted(dir, "images")
	if err != nil {
		return found, err
	}
	for _, name := range names {
		if err := ctx.Err(); err != nil {
			return found, err
		}
		if err := lookAtGroup(dir, domain, name, &found); err != nil {
			return found, err
		}
	}
	for _, name := range []string{"dom_md", "master"} {
		if err := lookForTemporary(dir, name, &found); err != nil {
			return found, err
		}
	}
	return found, lookAtDescriptions(dir, &found)
}

func lookAtGroup(dir *os.Root, domain *model.StorageDomain, name string, found *image.Contents) error {
	doomed, removing := strings.CutPrefix(name, removedPrefix)
	path := filepath.Join("images", name)
	switch {
	case folder(dir, path) != nil || checkIDs(model.ID(doomed)) != nil:
		if _, err := dir.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
			found.Strange = append(found.Strange, path)
		}
		return nil
	case removing:
		found.Removing = append(found.Removing, model.ID(doomed))
		return nil
	case domain.Type == model.StorageDomainISO && name == isoGroup:
		return nil // files of people, under names of their choice
	}
	group := image.Group{ID: model.ID(name)}
	names, err := sorted(dir, path)
	if err != nil {
		return gone(err)
	}
	for _, file := range names {
		volume := strings.TrimSuffix(strings.TrimSuffix(file, ".meta"), ".lease")
		switch {
		case temporary(file):
			found.Temporary = append(found.Temporary, filepath.Join(path, file))
		case checkIDs(model.ID(volume)) != nil:
			found.Strange = append(found.Strange, filepath.Join(path, file))
		case !slices.ContainsFunc(group.Volumes, func(v image.FoundVolume) bool { return v.ID == model.ID(volume) }):
			group.Volumes = append(group.Volumes, lookAtVolume(dir, path, volume))
		}
	}
	found.Groups = append(found.Groups, group)
	return nil
}

func lookAtVolume(dir *os.Root, group, volume string) image.FoundVolume {
	name := filepath.Join(group, volume)
	seen := image.FoundVolume{ID: model.ID(volume)}
	if info, err := regular(dir, name); err == nil {
		seen.Regular = true
		if stat, ok := info.Sys().(*syscall.Stat_t); ok {
			seen.File = fmt.Sprint(stat.Dev, ":", stat.Ino)
		}
	}
	if text, err := readSmall(dir, name+".meta", longestMeta); err == nil {
		seen.Meta = parsePairs(string(text))
	}
	return seen
}

// lookForTemporary finds temporary files beside the images.
func lookForTemporary(dir *os.Root, name string, found *image.Contents) error {
	err := fs.WalkDir(dir.FS(), name, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return gone(err)
		}
		if !entry.IsDir() && temporary(entry.Name()) && !probing(entry) {
			found.Temporary = append(found.Temporary, path)
		}
		return nil
	})
	return explain(err)
}

// lookAtDescriptions reads which VMs and templates are described, and what ids the
// descriptions name.
func lookAtDescriptions(dir *os.Root, found *image.Contents) error {
	names, err := sorted(dir, descriptions)
	if err != nil {
		return gone(err) // an ISO domain has none
	}
	for _, name := range names {
		if checkIDs(model.ID(name)) != nil {
			continue
		}
		text, err := readSmall(dir, filepath.Join(descriptions, name, name+".ovf"), longestText)
		if err != nil {
			continue // a folder alone describes nothing
		}
		found.Described = append(found.Described, model.ID(name))
		for _, id := range uuids.FindAll(bytes.ToLower(text), -1) {
			found.Mentioned[model.ID(id)] = true
		}
	}
	return nil
}

var uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)

// temporary says whether a name is one that part gives, or that of a probe.
func temporary(name string) bool {
	return strings.HasPrefix(name, ".") && (strings.HasSuffix(name, ".part") || strings.HasPrefix(name, probePrefix))
}

// probing says whether a file is a probe that may still be at work: a domain is looked at
// all the time, and a probe lives for as long as its storage takes to answer.
func probing(entry fs.DirEntry) bool {
	info, err := entry.Info()
	return strings.HasPrefix(entry.Name(), probePrefix) && (err != nil || time.Since(info.ModTime()) < time.Minute)
}

func sorted(dir *os.Root, name string) ([]string, error) {
	names, err := list(dir, name)
	slices.Sort(names)
	return names, err
}

// gone passes over what is not there, or not any more.
func gone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Inspect looks at one volume.
func (f *Files) Inspect(ctx context.Context, domain *model.StorageDomain, group, volume model.ID, format model.DiskFormat) (image.Facts, error) {
	facts, err := f.facts(ctx, domain, group, volume, format)
	if err != nil {
		return facts, fmt.Errorf("volume %s of disk %s in storage domain %q: %w", volume, group, domain.Name, err)
	}
	return facts, nil
}

func (f *Files) facts(ctx context.Context, domain *model.StorageDomain, id, volume model.ID, format model.DiskFormat) (image.Facts, error) {
	if err := checkIDs(id, volume); err != nil {
		return image.Facts{}, err
	}
	dir, err := open(domain)
	if err != nil {
		return image.Facts{}, err
	}
	defer dir.Close()
	info, err := f.inspectOne(ctx, domain, dir, filepath.Join(group(id), string(volume)), formats[format])
	facts := image.Facts{Size: info.VirtualSize, Backing: info.BackingFilename}
	for name, qemu := range formats {
		if info.BackingFilename != "" && qemu == info.BackingFormat {
			facts.BackingFormat = name
		}
	}
	return facts, err
}
