package e2e

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"vireo/internal/image/files"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/server"
	"vireo/internal/store/sqlstore"
)

// addDomain gives the engine, which is started anew, more storage domains for disks.
func (e *engine) addDomain(t *testing.T, names ...string) {
	t.Helper()
	e.stop(t)
	kept, err := sqlstore.Open(context.Background(), "", sqlstore.Options{
		DefaultPath: filepath.Join(e.dataDir, "vireo.db"), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		t.Fatal(err)
	}
	inv, err := inventory.Open(context.Background(), kept)
	if err != nil {
		t.Fatal(err)
	}
	images, err := files.New(files.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		domain := &model.StorageDomain{
			ID: model.NewID(), Name: name, Type: model.StorageDomainData, StorageType: model.StorageLocalFS,
			Path: filepath.Join(e.dataDir, "storage", name), DataCenter: server.DefaultDataCenter,
			Status: model.StorageDomainActive, Format: "v3", Since: time.Now().UTC(),
		}
		if err := images.Format(context.Background(), domain); err != nil {
			t.Fatal(err)
		}
		err = inv.Update(context.Background(), func(tx *inventory.Tx) error { tx.StorageDomains.Put(domain); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := kept.Close(); err != nil {
		t.Fatal(err)
	}
	e.start(t)
	e.awaitHost(t, "up")
}
