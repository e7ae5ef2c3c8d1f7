package client_test

import (
	"strings"
	"testing"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// TestAdoption: the guests of a host are listed, adopted and released, by names and ids.
func TestAdoption(t *testing.T) {
	s := newSite(t)
	ctx := t.Context()
	id := model.NewID()
	s.world.Machine("fake://local").AddGuest(&host.GuestSpec{
		ID: id, Name: "stranger", Memory: 256 << 20, Topology: model.Topology{Sockets: 1, Cores: 1, Threads: 1}, Display: model.DisplayVNC,
	}, false)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		all, err := s.session.External(ctx, "local")
		if err != nil || time.Now().After(deadline) {
			t.Fatalf("it is not listed: %v, %v", all, err)
		}
		if len(all) == 1 && all[0].ID == string(id) && all[0].Name == "stranger" && all[0].State() == "up" {
			break
		}
	}
	if _, err := s.session.External(ctx, "nowhere"); err == nil || !strings.Contains(err.Error(), `0 hosts are called "nowhere"`) {
		t.Errorf("of no host: %v", err)
	}
	if _, err := s.session.Adopt(ctx, "local", "nobody", ""); err == nil {
		t.Error("nobody was adopted")
	}
	if _, err := s.session.Adopt(ctx, "nowhere", "stranger", ""); err == nil {
		t.Error("it was adopted on no host")
	}
	if made, err := s.session.Adopt(ctx, "local", "stranger", "local-data"); err != nil || made != string(id) {
		t.Fatalf("adopted: %s, %v", made, err)
	}
	if err := s.session.Release(ctx, string(id), "local"); err != nil {
		t.Fatal(err)
	}
	if _, known := s.engine.Inventory.VMs.Get(id); known {
		t.Error("it is still a VM")
	}
	if err := s.session.Release(ctx, string(id), ""); err == nil {
		t.Error("it was released twice")
	}
}
