package server_test

import (
	"context"
	"testing"

	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/server"
)

// TestNetworksOfAnOlderState: networks and network interfaces that were made when there
// were no profiles have them, the clusters have the networks, and there is a MAC pool,
// after one start; the next start changes nothing.
func TestNetworksOfAnOlderState(t *testing.T) {
	s := newSite(t)
	s.start()
	blue := &model.Network{ID: model.NewID(), Name: "blue", DataCenter: server.DefaultDataCenter, Usages: []string{"vm"}}
	vm := &model.VM{ID: model.NewID(), Run: model.Run{Status: model.StatusDown}}
	vm.Name, vm.Cluster = "old", server.DefaultCluster
	vm.NICs = []model.NIC{{ID: model.NewID(), Name: "nic1", Network: blue.ID}, {ID: model.NewID(), Name: "nic2"}}
	err := s.engine.Inventory.Update(context.Background(), func(tx *inventory.Tx) error {
		for _, profile := range tx.VNICProfiles.All() {
			tx.VNICProfiles.Delete(profile.ID)
		}
		tx.MACPools.Delete(model.DefaultMACPool)
		tx.Networks.Put(blue)
		tx.VMs.Put(vm)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.end()
	s.start()
	inv := s.engine.Inventory
	profiles := inv.VNICProfiles.Named("blue")
	if len(profiles) != 1 || profiles[0].Network != blue.ID {
		t.Fatalf("the profiles of blue are %v", profiles)
	}
	now, _ := inv.VMs.Get(vm.ID)
	if now.NICs[0].Profile != profiles[0].ID || now.NICs[1].Profile != "" {
		t.Errorf("the network interfaces are %+v", now.NICs)
	}
	network, _ := inv.Networks.Get(blue.ID)
	if in, has := network.In(server.DefaultCluster); !has || in.Required {
		t.Errorf("the cluster has the network: %v, %+v", has, in)
	}
	if pool, ok := inv.MACPools.Get(model.DefaultMACPool); !ok || pool.Name != "Default" {
		t.Errorf("the pool is %v", pool)
	}
	if err := inv.Update(context.Background(), func(tx *inventory.Tx) error {
		tx.VNICProfiles.Delete(profiles[0].ID)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	s.end()
	s.start()
	if left := s.engine.Inventory.VNICProfiles.Named("blue"); len(left) != 0 {
		t.Errorf("a profile that was removed is there again: %v", left)
	}
}
