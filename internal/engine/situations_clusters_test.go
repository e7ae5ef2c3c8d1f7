package engine_test

import (
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// The other data center and cluster of a site, to which nothing belongs.
const (
	otherCenter  model.ID = "00000002-0002-0002-0002-0000000000ff"
	otherCluster model.ID = "00000001-0001-0001-0001-0000000000ff"
)

// onDataCenter is an empty data center.
func onDataCenter(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	site.Edit(func(tx *inventory.Tx) {
		tx.DataCenters.Put(&model.DataCenter{ID: otherCenter, Name: "other", Version: model.Version{Major: 3, Minor: 6}})
	})
	call := &engine.Call{On: row.On, Name: row.Name, Target: otherCenter}
	call.Params = engine.Edit[model.DataCenter](func(center *model.DataCenter) error { center.Description += "!"; return nil })
	if row.Name == "add" {
		call.Target, call.Params = "", engine.Edit[model.DataCenter](func(center *model.DataCenter) error {
			center.Name = "third"
			return nil
		})
	}
	return site.Add("vm"), call
}

// onCluster is an empty cluster.
func onCluster(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	site.Edit(func(tx *inventory.Tx) {
		tx.Clusters.Put(&model.Cluster{
			ID: otherCluster, Name: "other", DataCenter: sitetest.DataCenter, Version: model.Version{Major: 3, Minor: 6},
			Architecture: model.ArchitectureX8664, OvercommitPercent: 100,
		})
	})
	call := &engine.Call{On: row.On, Name: row.Name, Target: otherCluster}
	call.Params = engine.Edit[model.Cluster](func(cluster *model.Cluster) error { cluster.Description += "!"; return nil })
	if row.Name == "add" {
		call.Target, call.Params = "", engine.Edit[model.Cluster](func(cluster *model.Cluster) error {
			cluster.Name, cluster.DataCenter = "third", sitetest.DataCenter
			return nil
		})
	}
	return site.Add("vm"), call
}
