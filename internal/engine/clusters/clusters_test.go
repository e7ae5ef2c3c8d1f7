package clusters_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/server"
)

func updating(c func(*model.Cluster)) *engine.Call {
	return &engine.Call{
		On: model.KindCluster, Name: "update", Target: server.DefaultCluster,
		Params: engine.Edit[model.Cluster](func(cluster *model.Cluster) error { c(cluster); return nil }),
	}
}

func TestUpdate(t *testing.T) {
	b := enginetest.New(t, nil)
	before := b.LastEvent()
	policy := model.SchedulingPolicy{Policy: model.PolicyPowerSaving, Low: 20, High: 70, Duration: 2 * time.Minute}
	b.Must(updating(func(c *model.Cluster) {
		c.Name, c.Comment, c.OvercommitPercent, c.ThreadsAsCores = "main", "hm", 150, true
		c.CPUType, c.Scheduling = "Intel Westmere Family", policy
	}))
	b.Must(updating(func(*model.Cluster) {}))
	b.Restart()
	cluster, _ := b.Server.Inventory.Clusters.Get(server.DefaultCluster)
	if cluster.Name != "main" || cluster.OvercommitPercent != 150 || !cluster.ThreadsAsCores || cluster.Scheduling != policy {
		t.Errorf("it is %+v", cluster)
	}
	if codes := slices.DeleteFunc(b.Events(before), func(code int) bool { return code != 811 }); len(codes) != 1 {
		t.Errorf("%d events tell of it", len(codes))
	}
}

// TestCPUTypeReachesHosts: a host that cannot serve its cluster any more is not used from
// that moment on, and is again when it can.
func TestCPUTypeReachesHosts(t *testing.T) {
	b := enginetest.New(t, nil)
	statuses := func() (found []model.HostStatus) {
		for _, on := range b.Server.Inventory.Hosts.All() {
			found = append(found, on.Status)
		}
		return found
	}
	up, since := statuses(), b.LastEvent()
	for _, each := range []struct {
		cpu  string
		want model.HostStatus
	}{
		{"Intel Haswell Family", model.HostNonOperational},
		{"AMD EPYC", model.HostNonOperational},
		{"Intel Westmere Family", model.HostUp},
		{"secure intel haswell family", model.HostNonOperational},
		{"", model.HostUp},
	} {
		b.Must(updating(func(c *model.Cluster) { c.CPUType = each.cpu }))
		if now := statuses(); len(now) == 0 || !slices.Equal(now, slices.Repeat([]model.HostStatus{each.want}, len(up))) {
			t.Errorf("with %q they are %v, want %s", each.cpu, now, each.want)
		}
	}
	events := b.Events(since)
	for code, times := range map[int]int{811: 5, 517: 2 * len(up), 13: 2 * len(up)} {
		if got := len(events) - len(slices.DeleteFunc(slices.Clone(events), func(c int) bool { return c == code })); got != times {
			t.Errorf("event %d came %d times, want %d: %v", code, got, times, events)
		}
	}
}

func TestRefused(t *testing.T) {
	b := enginetest.New(t, nil)
	for name, refused := range map[string]struct {
		edit func(*model.Cluster)
		code string
	}{
		"no name":             {func(c *model.Cluster) { c.Name = "" }, fault.NameIllegal},
		"a long description":  {func(c *model.Cluster) { c.Description = strings.Repeat("a", 4001) }, fault.Invalid},
		"an unknown CPU":      {func(c *model.Cluster) { c.CPUType = "Abacus" }, fault.Invalid},
		"less than all":       {func(c *model.Cluster) { c.OvercommitPercent = 99 }, fault.Invalid},
		"more than there is":  {func(c *model.Cluster) { c.OvercommitPercent = 1001 }, fault.Invalid},
		"an unknown policy":   {func(c *model.Cluster) { c.Scheduling.Policy = "dice" }, fault.Invalid},
		"more than a hundred": {func(c *model.Cluster) { c.Scheduling.High = 101 }, fault.Invalid},
		"less than nothing":   {func(c *model.Cluster) { c.Scheduling.Low = -1 }, fault.Invalid},
		"low above high":      {func(c *model.Cluster) { c.Scheduling.Low, c.Scheduling.High = 50, 40 }, fault.Invalid},
		"more than a day":     {func(c *model.Cluster) { c.Scheduling.Duration = 25 * time.Hour }, fault.Invalid},
		"no bandwidth": {func(c *model.Cluster) {
			c.Migration.Bandwidth = model.MigrationBandwidth{Method: model.BandwidthCustom}
		}, fault.Invalid},
		"another data center":    {func(c *model.Cluster) { c.DataCenter = model.NewID() }, fault.IllegalField},
		"the id of another":      {func(c *model.Cluster) { c.ID = model.NewID() }, fault.IllegalField},
		"a description in bells": {func(c *model.Cluster) { c.Description = "\a" }, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) { b.Refused(updating(refused.edit), refused.code) })
	}
	b.Refused(&engine.Call{On: model.KindCluster, Name: "update", Target: server.DefaultCluster}, fault.Invalid)
	b.Refused(&engine.Call{
		On: model.KindCluster, Name: "update", Target: model.NewID(),
		Params: engine.Edit[model.Cluster](func(*model.Cluster) error { return nil }),
	}, "NOT_FOUND")
}
