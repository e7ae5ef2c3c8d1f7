package e2e

import (
	"path/filepath"
	"testing"
	"time"

	"vireo/internal/host"
	"vireo/internal/host/libvirt"
	"vireo/internal/model"
)

func TestTmpDriver(t *testing.T) {
	y := farm(t, 2)
	a, b := y.hosts[0], y.hosts[1]
	d := libvirt.Driver{AllowInsecure: true}
	ca, err := d.Connect(t.Context(), a.address)
	need(t, err)
	defer ca.Close()
	cb, err := d.Connect(t.Context(), b.address)
	need(t, err)
	defer cb.Close()
	spec := &host.GuestSpec{ID: model.NewID(), Name: prefix + "tmp", Epoch: 5, Emulate: true, Memory: 128 << 20, Topology: model.Topology{Sockets: 1, Cores: 1, Threads: 1},
		Kernel: filepath.Join(guestFolder, kernelFile), Initrd: filepath.Join(guestFolder, initrdFile), Cmdline: "console=ttyS0 quiet cryptomgr.notests",
		Display: model.DisplayVNC, Monitors: 1, SerialConsole: true, Seeds: []host.Seed{{Name: "payload-cd", Drive: host.SeedCDROM, Image: make([]byte, 1<<20)}},
	}
	need(t, ca.Boot(t.Context(), spec))
	need(t, ca.SetTicket(t.Context(), spec.ID, host.Ticket{Password: "secret12", ValidTo: time.Now().Add(time.Hour)}))
	time.Sleep(8 * time.Second)
	r, err := cb.Receive(t.Context(), spec)
	need(t, err)
	begin := time.Now()
	need(t, ca.BeginMigration(t.Context(), spec.ID, host.Migration{To: b.address, Reception: r, Bandwidth: 52, Downtime: 500 * time.Millisecond, AutoConverge: true}))
	for {
		p, err := ca.FollowMigration(t.Context(), spec.ID, 200*time.Millisecond)
		t.Logf("%v %+v %v", time.Since(begin), p, err)
		if err != nil || p.State != host.Migrating {
			break
		}
	}
	g, err := ca.Guest(t.Context(), spec.ID)
	t.Logf("%+v %v", g, err)
	g, err = cb.Guest(t.Context(), spec.ID)
	t.Logf("%+v %v", g, err)
	t.Log(b.must(t, "dumpxml", "--security-info", string(spec.ID)))
	t.Log(b.must(t, "dumpxml", "--security-info", "--inactive", string(spec.ID)))
	t.Log(b.virsh("domjobinfo", "--completed", string(spec.ID)))
	t.Log(a.virsh("domjobinfo", "--completed", string(spec.ID)))
	t.Log(ca.Forget(t.Context(), spec.ID), a.domains(t))
}
