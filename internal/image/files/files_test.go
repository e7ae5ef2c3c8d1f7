package files_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/image/imagetest"
	"vireo/internal/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func newFiles(t *testing.T) *files.Files {
	t.Helper()
	made, err := files.New(files.Options{RunDir: filepath.Join(t.TempDir(), "run")})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

// owner is somebody whom images can be given to by whoever runs the test.
func owner() image.Owner {
	if os.Getuid() == 0 && os.Getenv(inside) == "" {
		return image.Owner{UID: 12345, GID: 54321}
	}
	return image.Owner{UID: os.Getuid(), GID: os.Getgid()}
}

func newDomain(t *testing.T, kind model.StorageDomainType) *model.StorageDomain {
	t.Helper()
	return domainAt(filepath.Join(t.TempDir(), "mount"), kind)
}

func domainAt(path string, kind model.StorageDomainType) *model.StorageDomain {
	return &model.StorageDomain{
		ID: model.NewID(), Name: "domain\nof tests", Type: kind, StorageType: model.StorageLocalFS,
		Path: path, Format: "v3",
	}
}

func rootOf(domain *model.StorageDomain) string { return filepath.Join(domain.Path, string(domain.ID)) }

func isoFolder(domain *model.StorageDomain) string {
	return filepath.Join(rootOf(domain), "images", "11111111-1111-1111-1111-111111111111")
}

func TestPromises(t *testing.T) { promises(t, newDomain) }

// promises checks them on domains of a kind.
func promises(t *testing.T, domain func(*testing.T, model.StorageDomainType) *model.StorageDomain) {
	imagetest.Run(t, imagetest.Target{
		Images: newFiles(t),
		Domain: domain,
		Owner:  owner(),
		Lose: func(t *testing.T, domain *model.StorageDomain) {
			if err := os.RemoveAll(rootOf(domain)); err != nil {
				t.Fatal(err)
			}
		},
		PutFile: func(t *testing.T, domain *model.StorageDomain, name, content string) {
			writeFile(t, filepath.Join(isoFolder(domain), name), content)
		},
		Fill: func(t *testing.T, path string) { writeFile(t, path, "memory") },
		Write: func(t *testing.T, path string, format model.DiskFormat, value byte, offset, length int64) {
			qemuIO(t, toolFormats[format], path, fmt.Sprintf("write -P %d %d %d", value, offset, length))
		},
		Holds: func(t *testing.T, path string, format model.DiskFormat, value byte, offset, length int64) {
			qemuIO(t, toolFormats[format], path, fmt.Sprintf("read -P %d %d %d", value, offset, length))
		},
	})
}

var toolFormats = map[model.DiskFormat]string{model.DiskCOW: "qcow2", model.DiskRaw: "raw"}

func TestNewWithoutTheTool(t *testing.T) {
	if _, err := files.New(files.Options{QEMUImg: filepath.Join(t.TempDir(), "none")}); err == nil {
		t.Error("New found a qemu-img that is not there")
	}
}

// formatted makes a domain that is ready.
func formatted(t *testing.T, f *files.Files, kind model.StorageDomainType) *model.StorageDomain {
	t.Helper()
	domain := newDomain(t, kind)
	must(t, f.Format(t.Context(), domain))
	return domain
}

// newDisk makes a disk of 8 MiB.
func newDisk(t *testing.T, f *files.Files, domain *model.StorageDomain, format model.DiskFormat, sparse bool) *model.Disk {
	t.Helper()
	disk := &model.Disk{ID: model.NewID(), Volume: model.NewID(), Alias: "alias", Format: format, Sparse: sparse, ProvisionedSize: 8 << 20}
	must(t, f.Create(t.Context(), domain, specOf(disk)))
	return disk
}

func specOf(disk *model.Disk) image.VolumeSpec {
	return image.VolumeSpec{
		Disk: disk.ID, Volume: disk.Volume, Format: disk.Format, Sparse: disk.Sparse,
		Size: disk.ProvisionedSize, Alias: disk.Alias, Description: "described", Owner: owner(),
	}
}

func volumeOf(domain *model.StorageDomain, disk *model.Disk) string {
	return filepath.Join(rootOf(domain), "images", string(disk.ID), string(disk.Volume))
}

// imageOf is what qemu-img says of an image of a declared format.
func imageOf(t *testing.T, path, format string) (info struct {
	Format      string `json:"format"`
	VirtualSize int64  `json:"virtual-size"`
},
) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "qemu-img", "info", "--output=json", "-f", format, path).Output()
	must(t, err)
	must(t, json.Unmarshal(out, &info))
	return info
}

func qemuImg(t *testing.T, args ...string) {
	t.Helper()
	tool(t, "qemu-img", args...)
}

func tool(t *testing.T, name string, args ...string) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
		t.Fatalf("%s %q: %v: %s", name, args, err, out)
	}
}

func writeFile(t *testing.T, path, content string) {
	t.Helper()
	must(t, os.WriteFile(path, []byte(content), 0o600))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("got %v, want %v", err, target)
	}
}

// pathOf is Path with the test's context.
func pathOf(t *testing.T, f *files.Files, domain *model.StorageDomain, disk *model.Disk) error {
	t.Helper()
	_, err := f.Path(context.WithoutCancel(t.Context()), domain, disk)
	return err
}
