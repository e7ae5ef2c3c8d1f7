package clusters_test

import (
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type world struct {
	*sitetest.Site
	*testing.T
}

func (w *world) try(on model.Kind, name string, target model.ID, params any) (model.ID, error) {
	result, err := w.Act(&engine.Call{On: on, Name: name, Target: target, Params: params, Async: new(false)})
	if err != nil {
		return "", err
	}
	return result.Object.Ref().ID, nil
}

func (w *world) must(on model.Kind, name string, target model.ID, params any) model.ID {
	w.Helper()
	id, err := w.try(on, name, target, params)
	if err != nil {
		w.Fatalf("%s %s: %v", on, name, err)
	}
	return id
}

func (w *world) refused(code string, on model.Kind, name string, target model.ID, params any) {
	w.Helper()
	if _, err := w.try(on, name, target, params); err == nil || fault.Of(err).Code != code {
		w.Errorf("%s %s gives %v, want %s", on, name, err, code)
	}
}

func cluster(change func(*model.Cluster)) engine.Edit[model.Cluster] {
	return func(c *model.Cluster) error { change(c); return nil }
}

func center(name string) engine.Edit[model.DataCenter] {
	return func(d *model.DataCenter) error { d.Name = name; return nil }
}

func inBubble(t *testing.T, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{sitetest.New(t, sitetest.Options{}), t}
		w.Connected()
		test(w)
	})
}

// TestLife: a data center and a cluster are made, a host is put there, and nothing is
// removed that something belongs to.
func TestLife(t *testing.T) {
	inBubble(t, func(w *world) {
		east := w.must(model.KindDataCenter, "add", "", center("east"))
		w.refused(fault.NameInUse, model.KindDataCenter, "add", "", center("east"))
		w.refused(fault.NameIllegal, model.KindDataCenter, "add", "", center("no name"))
		first := w.must(model.KindCluster, "add", "", cluster(func(c *model.Cluster) { c.Name, c.DataCenter = "first", east }))
		w.refused(fault.NameInUse, model.KindCluster, "add", "", cluster(func(c *model.Cluster) { c.Name, c.DataCenter = "first", east }))
		w.refused(fault.Invalid, model.KindCluster, "add", "", cluster(func(c *model.Cluster) { c.Name = "other" }))
		w.refused(fault.Invalid, model.KindCluster, "update", first, cluster(func(c *model.Cluster) { c.CPUType = "Intel Inside" }))
		w.refused(fault.Invalid, model.KindCluster, "update", first, cluster(func(c *model.Cluster) { c.OvercommitPercent = 20 }))
		w.refused(fault.IllegalField, model.KindCluster, "update", first, cluster(func(c *model.Cluster) { c.DataCenter = sitetest.DataCenter }))
		managed := 0
		for _, network := range w.Inventory.Networks.All() {
			if _, has := network.In(first); has && network.Management() && network.DataCenter == east {
				managed++
			}
		}
		if managed != 1 {
			t.Errorf("the cluster has %d management networks", managed)
		}
		w.refused(fault.StateConflict, model.KindDataCenter, "remove", east, nil)
		w.World.AddMachine(fake.MachineSpec{Address: sitetest.Host(2)})
		on := w.must(model.KindHost, "add", "", engine.Edit[model.Host](func(h *model.Host) error {
			h.Name, h.Address, h.Cluster = "second", sitetest.Host(2), first
			return nil
		}))
		w.refused(fault.StateConflict, model.KindCluster, "remove", first, nil)
		synctest.Wait()
		w.must(model.KindHost, "deactivate", on, nil)
		w.must(model.KindHost, "remove", on, nil)
		w.must(model.KindCluster, "remove", first, nil)
		w.must(model.KindDataCenter, "remove", east, nil)
		w.refused(fault.StateConflict, model.KindDataCenter, "remove", sitetest.DataCenter, nil)
		for _, network := range w.Inventory.Networks.All() {
			if network.DataCenter == east {
				t.Errorf("the network %s is left", network.Name)
			}
		}
	})
}

// TestCPUType: hosts that cannot give guests the CPU of their cluster are not
// operational.
func TestCPUType(t *testing.T) {
	inBubble(t, func(w *world) {
		on := sitetest.HostID(1)
		is := func(status model.HostStatus) {
			w.Helper()
			w.Until(time.Minute, "the host is "+string(status), func() bool {
				known, _ := w.Inventory.Hosts.Get(on)
				return known.Status == status
			})
		}
		typed := func(name string) engine.Edit[model.Cluster] {
			return cluster(func(c *model.Cluster) { c.CPUType = name })
		}
		w.must(model.KindHost, "deactivate", on, nil)
		w.must(model.KindCluster, "update", sitetest.Cluster, typed("Intel Haswell Family"))
		w.must(model.KindHost, "activate", on, nil)
		is(model.HostNonOperational)
		w.must(model.KindHost, "deactivate", on, nil)
		w.must(model.KindCluster, "update", sitetest.Cluster, typed("Intel Nehalem Family"))
		w.must(model.KindHost, "activate", on, nil)
		is(model.HostUp)
	})
}
