package files_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/model"
)

// TestAdoptNothingPrivate: whoever names a file of the engine's own, or of the system,
// gets none of it, whatever it is called and whoever has it.
func TestAdoptNothingPrivate(t *testing.T) {
	beside := t.TempDir()
	data := filepath.Join(beside, "data")
	must(t, os.MkdirAll(filepath.Join(data, "sub"), 0o755))
	f, err := files.New(files.Options{Private: data})
	must(t, err)
	domain := domainAt(filepath.Join(beside, "domain"), model.StorageDomainData)
	must(t, f.Format(t.Context(), domain))
	spec := image.VolumeSpec{Disk: model.NewID(), Volume: model.NewID(), Format: model.DiskRaw, Owner: owner()}
	for path, wanted := range map[string]error{
		filepath.Join(data, "vireo.db"): image.ErrUnsafe, filepath.Join(data, "sub", "deeper"): image.ErrUnsafe,
		filepath.Join(beside, "database.img"): nil, filepath.Join(beside, "shadow"): image.ErrOtherOwner,
	} {
		writeFile(t, path, "secrets\n")
		mine := owner()
		if errors.Is(wanted, image.ErrOtherOwner) && os.Getuid() == 0 {
			mine = image.Owner{}
		} else if errors.Is(wanted, image.ErrOtherOwner) {
			continue // nobody else's file can be made
		}
		must(t, os.Chown(path, mine.UID, mine.GID))
		foreign := image.Foreign{Path: path, Format: model.DiskRaw, UID: owner().UID, Domains: []*model.StorageDomain{domain}}
		if _, err := f.Look(t.Context(), domain, foreign); !errors.Is(err, wanted) {
			t.Errorf("Look at %s: %v", path, err)
		}
		if wanted == nil {
			continue
		}
		if _, err := f.Adopt(t.Context(), domain, spec, foreign); !errors.Is(err, wanted) {
			t.Errorf("Adopt of %s: %v", path, err)
		}
		if names, _ := filepath.Glob(filepath.Join(rootOf(domain), "images", "*", "*")); len(names) != 0 {
			t.Errorf("there is %v", names)
		}
	}
}
