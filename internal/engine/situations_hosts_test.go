package engine_test

import (
	"testing"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/fencing"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// The situations of hosts: beside the site's own there is one in maintenance, which can
// be cut off.

func onHost(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	second := sitetest.HostID(6)
	site.World.AddMachine(fake.MachineSpec{Address: sitetest.Host(6)})
	site.World.AddMachine(fake.MachineSpec{Address: sitetest.Host(7)})
	site.Edit(func(tx *inventory.Tx) {
		tx.Hosts.Put(&model.Host{
			ID: second, Name: "second", Address: sitetest.Host(6), Cluster: sitetest.Cluster,
			Status: model.HostMaintenance, Since: time.Now().UTC(),
			Power: model.PowerManagement{Enabled: true, Agents: []model.FenceAgent{{ID: model.NewID(), Type: "fake", Address: sitetest.Host(6)}}},
		})
	})
	call := &engine.Call{On: row.On, Name: row.Name, Target: second}
	switch row.Name {
	case "add":
		call.Target = ""
		call.Params = engine.Edit[model.Host](func(on *model.Host) error {
			on.Name, on.Address, on.Cluster = "third", sitetest.Host(7), sitetest.Cluster
			return nil
		})
	case "update":
		call.Params = engine.Edit[model.Host](func(on *model.Host) error { on.Comment += "!"; return nil })
	case "refresh", "deactivate":
		call.Target = sitetest.HostID(1)
	case "adopt":
		call.Target = sitetest.HostID(1)
		call.Params = &vms.AdoptParams{Guest: site.Foreigner(1, "stranger")}
	case "fence":
		call.Params = &fencing.Params{Type: model.FenceManual}
	}
	return site.Add("vm"), call
}

// fenced gives a call of fence another type.
func fenced(of model.FenceType) func(*sitetest.Site, *engine.Call) {
	return func(_ *sitetest.Site, call *engine.Call) { call.Params = &fencing.Params{Type: of} }
}
