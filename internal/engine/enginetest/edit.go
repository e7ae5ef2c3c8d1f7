package enginetest

import (
	"context"
	"fmt"
	"slices"

	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/storagecheck"
)

// Edit changes a VM behind the engine's back.
func (b *Bench) Edit(id model.ID, change func(*model.VM)) {
	b.Helper()
	b.update(func(tx *inventory.Tx) error {
		vm, ok := tx.VMs.Edit(id)
		if !ok {
			return fmt.Errorf("there is no VM %s", id)
		}
		change(vm)
		return nil
	})
}

// Put keeps an object of one of a few kinds behind the engine's back.
func (b *Bench) Put(object model.Object) {
	b.Helper()
	b.update(func(tx *inventory.Tx) error {
		switch typed := object.(type) {
		case *model.Disk:
			tx.Disks.Put(typed)
		case *model.StorageDomain:
			tx.StorageDomains.Put(typed)
		case *model.Network:
			tx.Networks.Put(typed)
		case *model.VNICProfile:
			tx.VNICProfiles.Put(typed)
		case *model.MACPool:
			tx.MACPools.Put(typed)
		case *model.Cluster:
			tx.Clusters.Put(typed)
		case *model.DataCenter:
			tx.DataCenters.Put(typed)
		case *model.Host:
			tx.Hosts.Put(typed)
		case *model.Snapshot:
			tx.Snapshots.Put(typed)
		case *model.Role:
			tx.Roles.Put(typed)
		case *model.User:
			tx.Users.Put(typed)
		case *model.Group:
			tx.Groups.Put(typed)
		case *model.Permission:
			tx.Permissions.Put(typed)
		default:
			return fmt.Errorf("a bench cannot put a %T", object)
		}
		return nil
	})
}

// Forget removes the record of a snapshot behind the engine's back.
func (b *Bench) Forget(snapshot model.ID) {
	b.Helper()
	b.update(func(tx *inventory.Tx) error {
		tx.Snapshots.Delete(snapshot)
		return nil
	})
}

func (b *Bench) update(change func(*inventory.Tx) error) {
	b.Helper()
	if err := b.Server.Inventory.Update(context.Background(), change); err != nil {
		b.Fatal(err)
	}
}

// leftovers looks for what must never be.
func (b *Bench) leftovers() {
	b.Await("all jobs have ended", func() bool { return len(b.Server.Inventory.Jobs()) == 0 })
	for _, violation := range b.World.Violations() {
		b.Error(violation)
	}
	var report storagecheck.Report
	b.Await("descriptions have followed what is gone", func() bool {
		var err error
		if report, err = b.Server.CheckStorage(context.Background()); err != nil {
			b.Fatal(err)
		}
		return !slices.ContainsFunc(report.Findings, func(f storagecheck.Finding) bool {
			return f.Kind == storagecheck.DescriptionLeft || f.Kind == storagecheck.TemporaryLeft // one is being written
		})
	})
	for _, each := range report.Findings {
		if each.Kind == storagecheck.DomainUnavailable {
			continue // tests make domains up, and lose others
		}
		b.Errorf("%s %s:%s %s: %s", each.Kind, each.Domain, each.Path, each.Object, each.What)
	}
}
