package engine_test

import (
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/networks"
	"vireo/internal/engine/sitetest"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// The situations of networks: a site has the management network only, so they bring
// another one, that the cluster has, with a profile, and a pool.

const netsID model.ID = "bbbbbbbb-0000-0000-0000-000000000001"

func nets(site *sitetest.Site) {
	site.World.Machine(site.Inventory.Hosts.All()[0].Address).SetBridges("blue")
	site.Edit(func(tx *inventory.Tx) {
		tx.Networks.Put(&model.Network{
			ID: netsID, Name: "blue", DataCenter: sitetest.DataCenter, Usages: []string{"vm"},
			Clusters: []model.ClusterNetwork{{Cluster: sitetest.Cluster}},
		})
		tx.VNICProfiles.Put(&model.VNICProfile{ID: netsID, Name: "blue", Network: netsID})
		tx.MACPools.Put(&model.MACPool{ID: netsID, Name: "blue", Ranges: []model.MACRange{{From: "02:00:00:00:00:01", To: "02:00:00:00:00:02"}}})
		host, _ := tx.Hosts.Edit(sitetest.HostID(1))
		host.Facts.Bridges = []string{"blue"}
	})
}

func onNetwork(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	nets(site)
	call := &engine.Call{On: row.On, Name: row.Name, Target: netsID}
	switch row.Name {
	case "add":
		call.Target, call.Params = "", &networks.AddParams{Edit: func(network *model.Network) error {
			network.Name, network.DataCenter = "red", sitetest.DataCenter
			return nil
		}}
	case "update":
		call.Params = engine.Edit[model.Network](func(network *model.Network) error { network.Description += "!"; return nil })
	case "attach":
		site.Edit(func(tx *inventory.Tx) {
			network, _ := tx.Networks.Edit(netsID)
			network.Clusters = nil
		})
		call.Params = &networks.ClusterParams{Cluster: sitetest.Cluster}
	case "edit_attached", "detach":
		call.Params = &networks.ClusterParams{Cluster: sitetest.Cluster}
	}
	return site.Add("vm"), call
}

func onVNICProfile(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	nets(site)
	call := &engine.Call{On: row.On, Name: row.Name, Target: netsID, Params: engine.Edit[model.VNICProfile](func(profile *model.VNICProfile) error {
		profile.Name, profile.Network = "red", netsID
		return nil
	})}
	if row.Name == "add" {
		call.Target = ""
	}
	return site.Add("vm"), call
}

func onMACPool(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	nets(site)
	call := &engine.Call{On: row.On, Name: row.Name, Target: netsID, Params: engine.Edit[model.MACPool](func(pool *model.MACPool) error {
		pool.Name, pool.Ranges = "red", []model.MACRange{{From: "02:00:00:00:00:03", To: "02:00:00:00:00:04"}}
		return nil
	})}
	if row.Name == "add" {
		call.Target = ""
	}
	return site.Add("vm"), call
}

func onNetworkAttachment(t *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	nets(site)
	call := &engine.Call{On: row.On, Name: row.Name, Params: engine.Edit[model.NetworkAttachment](func(attachment *model.NetworkAttachment) error {
		attachment.Host, attachment.Network, attachment.Bridge = sitetest.HostID(1), netsID, "blue"
		return nil
	})}
	if row.Name != "add" {
		made, err := site.Act(&engine.Call{On: row.On, Name: "add", Params: call.Params})
		if err != nil {
			t.Fatal(err)
		}
		call.Target = made.Object.Ref().ID
	}
	return site.Add("vm"), call
}
