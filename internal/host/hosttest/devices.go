package hosttest

import (
	"slices"
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

func mediumChanges(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.spec("medium")
	spec.Paused = true
	spec.CDROM = target.Media[0]
	b.must("Boot", b.Boot(b.ctx, spec))
	for _, path := range []string{target.Media[0], target.Media[1], "", target.Media[0]} {
		b.twice("ChangeCDROM", func() error { return b.ChangeCDROM(b.ctx, spec.ID, path) })
		if g := b.look(spec.ID); g.CDROM != path {
			t.Errorf("the medium is %q, want %q", g.CDROM, path)
		}
	}
}

func devicesComeAndGo(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.bootUp("devices")
	id := spec.ID
	disk, nic := target.SpareDisk(t), target.SpareNIC(t)

	b.twice("PlugDisk", func() error { return b.PlugDisk(b.ctx, id, disk) })
	b.wantDisks(id, len(spec.Disks)+1)
	b.twice("UnplugDisk", func() error { return b.UnplugDisk(b.ctx, id, disk.ID) })
	b.wantDisks(id, len(spec.Disks))
	b.must("UnplugDisk of a disk it never had", b.UnplugDisk(b.ctx, id, model.NewID()))

	b.twice("PlugNIC", func() error { return b.PlugNIC(b.ctx, id, nic) })
	b.wantNICs(id, len(spec.NICs)+1)
	down := nic
	down.Linked = !nic.Linked
	b.twice("UpdateNIC", func() error { return b.UpdateNIC(b.ctx, id, down) })
	b.twice("UnplugNIC", func() error { return b.UnplugNIC(b.ctx, id, nic.MAC) })
	b.wantNICs(id, len(spec.NICs))
	b.refused("UpdateNIC of a NIC that it has no more", b.UpdateNIC(b.ctx, id, nic))
	b.wantState(id, host.Running)

	// Each change lasts for one run.
	b.must("PlugDisk", b.PlugDisk(b.ctx, id, disk))
	b.must("Destroy", b.Destroy(b.ctx, id))
	b.must("Forget", b.Forget(b.ctx, id))
	spec.Paused = true
	b.must("Boot", b.Boot(b.ctx, spec))
	b.wantDisks(id, len(spec.Disks))
}

func nicsMoveBetweenBridges(t *testing.T, target Target) {
	b := open(t, target)
	facts, err := b.Facts(b.ctx)
	b.must("Facts", err)
	for _, bridge := range target.Bridges {
		if !slices.Contains(facts.Bridges, bridge) {
			t.Fatalf("the facts name the bridges %v, and not %s", facts.Bridges, bridge)
		}
	}
	spec := b.spec("bridged")
	boots := target.SpareNIC(t)
	boots.Network, boots.User, boots.Bridge = "", false, target.Bridges[0]
	spec.NICs = append(spec.NICs, boots)
	b.must("Boot", b.Boot(b.ctx, spec))
	if target.HasAgent {
		b.awaitAgent(spec.ID)
	}
	id, count := spec.ID, len(spec.NICs)

	nic := target.SpareNIC(t)
	nic.Network, nic.User, nic.Bridge, nic.MTU = "", false, target.Bridges[0], 1400
	b.twice("PlugNIC", func() error { return b.PlugNIC(b.ctx, id, nic) })
	b.wantNICs(id, count+1)
	nic.Bridge = target.Bridges[1]
	b.twice("UpdateNIC to another bridge", func() error { return b.UpdateNIC(b.ctx, id, nic) })
	nic.Linked = !nic.Linked
	b.twice("UpdateNIC of the link", func() error { return b.UpdateNIC(b.ctx, id, nic) })
	nic.MTU = 1300
	b.twice("UpdateNIC of the MTU", func() error { return b.UpdateNIC(b.ctx, id, nic) })
	if len(facts.Networks) > 0 {
		nic.Bridge, nic.Network = "", facts.Networks[0]
		b.twice("UpdateNIC to a network", func() error { return b.UpdateNIC(b.ctx, id, nic) })
		nic.Bridge, nic.Network = target.Bridges[1], ""
		b.twice("UpdateNIC from a network", func() error { return b.UpdateNIC(b.ctx, id, nic) })
	}
	b.wantNICs(id, count+1)

	stray := nic
	stray.Bridge = "br-none"
	b.refused("UpdateNIC to a bridge that is not there", b.UpdateNIC(b.ctx, id, stray))
	b.twice("UnplugNIC", func() error { return b.UnplugNIC(b.ctx, id, nic.MAC) })
	b.wantNICs(id, count)
	stray.MAC = target.SpareNIC(t).MAC
	b.refused("PlugNIC into a bridge that is not there", b.PlugNIC(b.ctx, id, stray))
	b.wantNICs(id, count)
	b.wantState(id, host.Running)
}

func (b *bench) wantDisks(id model.ID, want int) {
	b.Helper()
	if s := b.sampleOf(id); len(s.Disks) != want {
		b.Fatalf("the guest has %d disks, want %d", len(s.Disks), want)
	}
}

func (b *bench) wantNICs(id model.ID, want int) {
	b.Helper()
	if s := b.sampleOf(id); len(s.NICs) != want {
		b.Fatalf("the guest has %d NICs, want %d", len(s.NICs), want)
	}
}

func (b *bench) sampleOf(id model.ID) host.Sample {
	b.Helper()
	samples, err := b.Stats(b.ctx)
	b.must("Stats", err)
	for _, s := range samples {
		if s.Guest == id {
			return s
		}
	}
	b.Fatal("Stats has no sample of the guest")
	return host.Sample{}
}
