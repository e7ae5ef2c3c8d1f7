package server

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"vireo/internal/image"
	"vireo/internal/model"
)

// TestNoDiskOfTheEnginesFiles: whoever says that the database or the key of the secrets is
// the image of a guest does not get it as a disk.
func TestNoDiskOfTheEnginesFiles(t *testing.T) {
	dir := t.TempDir()
	s := &Server{Config: Config{DataDir: dir}}
	kept, err := s.images()
	if err != nil {
		t.Fatal(err)
	}
	domain := &model.StorageDomain{
		ID: model.NewID(), Name: "data", Type: model.StorageDomainData, StorageType: model.StorageLocalFS,
		Path: filepath.Join(dir, "data"), Format: "v3",
	}
	if err := kept.Format(t.Context(), domain); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, secretsKey)
	if err := errors.Join(os.WriteFile(path, []byte("secret"), 0o600), os.Chown(path, os.Getuid(), os.Getgid())); err != nil {
		t.Fatal(err)
	}
	_, err = kept.Look(t.Context(), domain, image.Foreign{Path: path, Format: model.DiskRaw, UID: os.Getuid()})
	if !errors.Is(err, image.ErrUnsafe) {
		t.Errorf("Look: %v", err)
	}
}
