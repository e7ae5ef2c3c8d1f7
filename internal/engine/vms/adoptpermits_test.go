package vms_test

import (
	"testing"
	"testing/synctest"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

func onNetwork(addresses ...string) func(*host.GuestSpec) {
	return func(spec *host.GuestSpec) {
		for _, address := range addresses {
			spec.NICs = append(spec.NICs, host.NICSpec{MAC: address, Model: model.NICVirtio, Network: "ovirtmgmt", Linked: true})
		}
	}
}

// TestAdoptAddresses: a MAC address is nobody else's.
func TestAdoptAddresses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		site.Add("vm", func(vm *model.VM) {
			vm.NICs = []model.NIC{{ID: model.NewID(), Name: "nic1", Network: sitetest.Network, MAC: "52:54:00:00:00:01"}}
		})
		site.Foreigner(1, "like the vm", onNetwork("52:54:00:00:00:01"))
		refusedToAdopt(t, site, "like the vm", "52:54:00:00:00:01 is in use already")
		site.Foreigner(1, "like itself", onNetwork("52:54:00:00:00:0a", "52:54:00:00:00:0A"))
		refusedToAdopt(t, site, "like itself", "twice")
	})
}

// TestWhoMayAdopt: what a guest is to have as a VM needs the permits that a VM would.
func TestWhoMayAdopt(t *testing.T) {
	const profile model.ID = "00000005-0005-0005-0005-000000000001"
	domain := model.Ref{Kind: model.KindStorageDomain, ID: sitetest.DataDomain}
	base := map[model.Permit]model.Ref{
		"manipulate_host":          {Kind: model.KindHost, ID: sitetest.HostID(1)},
		"create_vm":                {Kind: model.KindCluster, ID: sitetest.Cluster},
		"create_disk":              domain,
		"configure_vm_network":     {Kind: model.KindVNICProfile, ID: profile},
		"edit_admin_vm_properties": {Kind: model.KindCluster, ID: sitetest.Cluster},
	}
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		name := site.Foreigner(1, "stranger", onNetwork("52:54:00:00:00:0a"), func(spec *host.GuestSpec) { spec.Kernel = "/boot/kernel" })
		try := func() error {
			_, err := site.Act(&engine.Call{
				On: model.KindHost, Name: "adopt", Target: sitetest.HostID(1), Async: new(false),
				Params: &vms.AdoptParams{Guest: name, StorageDomain: sitetest.DataDomain}, Caller: &auth.Caller{User: "anna", Name: "anna@internal"},
			})
			return err
		}
		site.Edit(func(tx *inventory.Tx) {
			tx.Users.Put(&model.User{ID: "anna", Name: "anna", Domain: "internal"})
			tx.VNICProfiles.Put(&model.VNICProfile{ID: profile, Name: "ovirtmgmt", Network: sitetest.Network})
			for permit, on := range base {
				tx.Roles.Put(&model.Role{ID: model.ID(permit), Name: string(permit), Permits: []model.Permit{permit}})
				tx.Permissions.Put(&model.Permission{ID: model.ID(permit), Role: model.ID(permit), User: "anna", Object: on})
			}
		})
		for permit, on := range base {
			site.Edit(func(tx *inventory.Tx) { tx.Permissions.Delete(model.ID(permit)) })
			if err := try(); err == nil || fault.Of(err).Code != fault.NotAuthorized {
				t.Errorf("without %s: %v", permit, err)
			}
			site.Edit(func(tx *inventory.Tx) {
				tx.Permissions.Put(&model.Permission{ID: model.ID(permit), Role: model.ID(permit), User: "anna", Object: on})
			})
		}
		if err := try(); err != nil {
			t.Fatal(err)
		}
		if nics := adopted(t, site, name).NICs; len(nics) != 1 || nics[0].Profile != profile {
			t.Errorf("its network interfaces are %+v", nics)
		}
	})
}

// TestReleaseBusyDisks: work on a disk is ended before the disk is nobody's.
func TestReleaseBusyDisks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		name := site.Foreigner(1, "stranger")
		if err := adopt(site, name, ""); err != nil {
			t.Fatal(err)
		}
		vm := adopted(t, site, name)
		disk := model.Ref{Kind: model.KindDisk, ID: vm.Disks[0].Disk}
		busy := &model.Job{ID: model.NewID(), Action: "disk.copy", Status: model.JobStarted, Locks: []model.Ref{disk}}
		site.Edit(func(tx *inventory.Tx) { tx.PutJob(busy) })
		if err := release(site, vm.ID, ""); err == nil || !fault.Is(err, fault.Conflict) {
			t.Errorf("while a job holds its disk: %v", err)
		}
		site.Edit(func(tx *inventory.Tx) {
			ended := *busy
			ended.Status = model.JobFinished
			tx.PutJob(&ended)
			edited, _ := tx.Disks.Edit(disk.ID)
			edited.Status = model.DiskLocked
		})
		if err := release(site, vm.ID, ""); err == nil || fault.Of(err).Code != fault.DisksLocked {
			t.Errorf("while its disk is locked: %v", err)
		}
		site.Edit(func(tx *inventory.Tx) {
			edited, _ := tx.Disks.Edit(disk.ID)
			edited.Status = model.DiskOK
		})
		if err := release(site, vm.ID, ""); err != nil {
			t.Error(err)
		}
	})
}
