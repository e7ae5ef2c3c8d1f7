package engine_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// TestManyStartsAtOnce: 200 VMs are started at once on hosts that have room for
// fewer. As many run as there is room for, no host is overcommitted for a moment,
// and the others are refused for memory.
func TestManyStartsAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many, hosts, memory = 200, 3, 8 << 30
		var machines []fake.MachineSpec
		for i := range hosts {
			machines = append(machines, fake.MachineSpec{Address: sitetest.Host(i + 1), Memory: memory})
		}
		site := sitetest.New(t, sitetest.Options{Hosts: machines})
		site.Connected()
		ids := make([]model.ID, many)
		for i := range ids {
			ids[i] = site.Add(fmt.Sprintf("vm%d", i))
		}
		size := site.VM(ids[0]).Memory + int64(site.Values.Int("VmOverheadMemory"))<<20
		room := (memory - int64(site.Values.Int("ReservedHostMemory"))<<20) / size
		started, refused := startAll(t, site, ids)
		if int64(started) != hosts*room || started+refused != many {
			t.Errorf("%d were started and %d refused; there is room for %d", started, refused, hosts*room)
		}
		for _, call := range site.World.Calls() {
			if call.Name == "Boot" && call.Error != nil {
				t.Errorf("a host had to refuse: %v", call.Error)
			}
		}
		for i := range hosts {
			running := 0
			for _, id := range ids {
				if site.VM(id).Run.Host == sitetest.HostID(i+1) {
					running++
				}
			}
			if int64(running) != room {
				t.Errorf("%d run on host %d, which has room for %d", running, i+1, room)
			}
		}
		site.Whole(time.Minute)
	})
}

// startAll starts VMs all at once and counts what became of them.
func startAll(t *testing.T, site *sitetest.Site, ids []model.ID) (started, refused int) {
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, id := range ids {
		all.Go(func() {
			_, err := site.Act(&engine.Call{On: model.KindVM, Name: "start", Target: id, Async: new(false)})
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				started++
			case fault.Of(err).Code == fault.AllHostsFiltered:
				refused++
			default:
				t.Errorf("a start: %v", err)
			}
		})
	}
	all.Wait()
	return started, refused
}

// TestOneStartWins: of many starts of one VM at once exactly one is accepted.
func TestOneStartWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		id := site.Add("vm")
		var accepted, refused int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				_, err := site.Act(&engine.Call{On: model.KindVM, Name: "start", Target: id, Async: new(false)})
				mu.Lock()
				defer mu.Unlock()
				if err == nil {
					accepted++
				} else if fault.Is(err, fault.Conflict) {
					refused++
				}
			})
		}
		all.Wait()
		if accepted != 1 || refused != 49 || site.World.CountCalls("Boot", "") != 1 {
			t.Errorf("%d accepted, %d refused, %d boots", accepted, refused, site.World.CountCalls("Boot", ""))
		}
		site.Whole(sitetest.Soon)
	})
}

// TestManyStartsApart: 60 VMs that are to be kept apart are started at once on three
// hosts with room for all. One runs on each host, and the others are refused for the
// group they are in.
func TestManyStartsApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const many, hosts = 60, 3
		var machines []fake.MachineSpec
		for i := range hosts {
			machines = append(machines, fake.MachineSpec{Address: sitetest.Host(i + 1), Memory: 64 << 30})
		}
		site := sitetest.New(t, sitetest.Options{Hosts: machines})
		site.Connected()
		ids := make([]model.ID, many)
		for i := range ids {
			ids[i] = site.Add(fmt.Sprintf("vm%d", i))
		}
		site.Edit(func(tx *inventory.Tx) {
			tx.AffinityGroups.Put(&model.AffinityGroup{ID: model.NewID(), Name: "apart", Cluster: sitetest.Cluster, Enforcing: true, VMs: ids})
		})
		started, refused := startAll(t, site, ids)
		if started != hosts || refused != many-hosts {
			t.Errorf("%d were started and %d refused", started, refused)
		}
		on := make(map[model.ID]int)
		for _, id := range ids {
			if host := site.VM(id).Run.Host; host != "" {
				on[host]++
			}
		}
		for host, running := range on {
			if running != 1 {
				t.Errorf("%d run on %s", running, host)
			}
		}
		site.Whole(time.Minute)
	})
}
