package files

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"vireo/internal/image"
	"vireo/internal/model"
)

// The most that is looked at where anything may lie.
const (
	mostEntries  = 100_000
	mostStrange  = 10
	largestOVF   = 16 << 20
	largestNames = 64
)

// Survey looks into every directory that is called by a UUID.
func (f *Files) Survey(ctx context.Context, domain *model.StorageDomain) (found []image.FoundDomain, strange []string, err error) {
	type seen struct {
		found   []image.FoundDomain
		strange []string
	}
	result := make(chan seen, 1)
	err = within(ctx, domain, func() error {
		dir, err := os.OpenRoot(domain.Dir())
		if err != nil {
			return &image.PlaceError{Why: "The directory cannot be read", Cause: err}
		}
		defer dir.Close()
		names, err := someNames(dir, ".")
		if err != nil {
			return &image.PlaceError{Why: "The directory cannot be read", Cause: err}
		}
		var all seen
		for _, name := range names {
			if id, err := model.ParseID(name); err != nil || string(id) != name {
				continue
			}
			one, err := surveyOne(dir, domain, model.ID(name))
			if err == nil {
				all.found = append(all.found, one)
			} else if len(all.strange) < mostStrange {
				all.strange = append(all.strange, name+": "+err.Error())
			}
		}
		result <- all
		return nil
	})
	if err != nil {
		return nil, nil, err
	}
	all := <-result
	return all.found, all.strange, nil
}

// surveyOne reads the metadata of a domain that is not known. A link is no domain:
// it could lead to another, or out of the place.
func surveyOne(dir *os.Root, place *model.StorageDomain, id model.ID) (image.FoundDomain, error) {
	none := image.FoundDomain{}
	if err := folder(dir, string(id)); err != nil {
		return none, errors.New("it is no directory")
	}
	if err := folder(dir, filepath.Join(string(id), "dom_md")); err != nil {
		return none, errors.New("it has no metadata")
	}
	inside, err := dir.OpenRoot(string(id))
	if err != nil {
		return none, errors.New("it cannot be opened")
	}
	defer inside.Close()
	known, err := parseMetadata(inside, place)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return none, errors.New("it has no metadata")
	case err != nil:
		return none, errors.New("its metadata is damaged")
	case known["SDUUID"] != string(id):
		return none, errors.New("its metadata is that of another domain")
	}
	one := image.FoundDomain{ID: id, Name: oneLine(known["DESCRIPTION"], largestNames), Master: known["ROLE"] == "Master"}
	for kind, class := range classes {
		if class == known["CLASS"] {
			one.Type = kind
		}
	}
	if one.Type == "" {
		return none, errors.New("it is of a class that is not known")
	}
	for format, version := range versions {
		if version == known["VERSION"] && format != "" {
			one.Format = format
		}
	}
	if one.Format == "" {
		return none, errors.New("it has a format that is not known")
	}
	one.DataCenter, one.Engine = idOrNone(known["POOL_UUID"]), idOrNone(known[engineKey])
	return one, nil
}

// idOrNone reads an id; a strange text is some id all the same.
func idOrNone(text string) model.ID {
	if id, err := model.ParseID(text); err == nil {
		return id
	}
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return model.BlankID
}

// someNames lists a directory that may be hostile: sorted, and not more than there
// could be in good faith.
func someNames(dir *os.Root, name string) ([]string, error) {
	file, err := dir.Open(name)
	if err != nil {
		return nil, explain(err)
	}
	defer file.Close()
	names, err := file.Readdirnames(mostEntries)
	if err != nil && len(names) == 0 && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, io.EOF) {
		return nil, explain(err)
	}
	slices.Sort(names)
	return names, nil
}

// Erase renames the domain first, so that half of it is none.
func (f *Files) Erase(ctx context.Context, domain *model.StorageDomain) error {
	return within(ctx, domain, func() error {
		if err := checkDomain(domain); err != nil {
			return err
		}
		place, err := os.OpenRoot(domain.Dir())
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return unavailable(domain, err)
		}
		defer place.Close()
		doomed := removedPrefix + string(domain.ID)
		if err := explain(place.RemoveAll(doomed)); err != nil {
			return err
		}
		inside, err := open(domain)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = readMetadata(inside, domain)
		_ = inside.Close()
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err := place.Rename(string(domain.ID), doomed); err != nil {
			return explain(err)
		}
		return explain(place.RemoveAll(doomed))
	})
}

// Groups lists what in images is called by a UUID.
func (f *Files) Groups(ctx context.Context, domain *model.StorageDomain) ([]model.ID, error) {
	return f.ids(ctx, domain, "images")
}

func (f *Files) ids(ctx context.Context, domain *model.StorageDomain, folderName string) ([]model.ID, error) {
	result := make(chan []model.ID, 1)
	err := within(ctx, domain, func() error {
		dir, err := open(domain)
		if err != nil {
			return err
		}
		defer dir.Close()
		names, err := someNames(dir, folderName)
		if err != nil {
			return fmt.Errorf("listing %s: %w", folderName, err)
		}
		var found []model.ID
		for _, name := range names {
			if id, err := model.ParseID(name); err == nil && string(id) == name && name != isoGroup {
				found = append(found, id)
			}
		}
		result <- found
		return nil
	})
	if err != nil {
		return nil, err
	}
	return <-result, nil
}
