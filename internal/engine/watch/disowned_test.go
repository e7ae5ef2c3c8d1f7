package watch_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// TestAdoptedAndForgotten: what is left of a guest that the engine does not know any more
// is removed if the engine has made it, and given back if it was only adopted. So it is
// too on a host that was wrongly taken to have ended, where guests must end.
func TestAdoptedAndForgotten(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		site.Connected()
		machine := site.World.Machine(h1)
		lost := &model.Lost{At: time.Now(), Runs: make(map[model.ID]uint64)}
		for name, given := range map[string]model.Given{
			"adopted": {Adopted: true}, "made": {}, "adopted, ended": {Adopted: true}, "made, ended": {},
		} {
			spec := &host.GuestSpec{
				ID: model.NewID(), Name: name, Memory: 64 << 20, Topology: model.Topology{Sockets: 1, Cores: 1, Threads: 1},
				Engine: site.Engine.ID, Epoch: 7, Given: given,
			}
			machine.AddGuest(spec, true)
			if strings.HasSuffix(name, "ended") {
				machine.DestroyGuest(name)
			}
			lost.Runs[spec.ID] = 7
		}
		site.Edit(func(tx *inventory.Tx) {
			on, _ := tx.Hosts.Edit(sitetest.HostID(1))
			lost.BootID, on.Lost = on.BootID, lost
		})
		machine.Cut()
		site.Until(sitetest.Soon, "those that were adopted are there, and nobody's", func() bool {
			left := machine.Guests()
			return len(left) == 2 && !slices.ContainsFunc(left, func(guest host.Guest) bool {
				return guest.Ours || guest.State != host.Off || !strings.HasPrefix(guest.Name, "adopted")
			})
		})
		site.Until(sitetest.Soon, "they are listed", func() bool { return len(site.Engine.Foreign(sitetest.HostID(1))) == 2 })
	})
}

// TestListedLate: a list of guests that was read before one of them was adopted does not
// call it foreign again, nor does one that comes when the connection is lost.
func TestListedLate(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		site.Connected()
		on := sitetest.HostID(1)
		name := site.Foreigner(1, "stranger")
		listed := func() bool {
			return slices.ContainsFunc(site.Engine.Foreign(on), func(guest host.Guest) bool { return guest.Name == name })
		}
		site.Until(sitetest.Soon, "it is listed", listed)
		site.World.Fail(fake.Rule{Call: "Guests", Nth: 1, After: true, Delay: 2 * time.Second})
		compared := make(chan error, 1)
		go func() { compared <- site.Watcher.Compare(t.Context(), on) }()
		site.Pass(time.Second) // the list is made, and on its way
		if _, err := site.Act(&engine.Call{
			On: model.KindHost, Name: "adopt", Target: on, Async: new(false), Params: &vms.AdoptParams{Guest: name},
		}); err != nil {
			t.Fatal(err)
		}
		if err := <-compared; err != nil {
			t.Fatal(err)
		}
		site.Pass(time.Second)
		if listed() {
			t.Error("it is listed, and a VM")
		}

		site.Foreigner(1, "another")
		site.World.Fail(fake.Rule{Call: "Guests", Nth: 1, After: true, Delay: time.Second, Do: site.World.Machine(h1).Disappear})
		_ = site.Watcher.Compare(t.Context(), on)
		site.Pass(time.Second)
		if found := site.Engine.Foreign(on); len(found) != 0 {
			t.Errorf("of a host that is lost there is %+v", found)
		}
		site.World.Machine(h1).Answer()
		site.Connected()
		site.Until(sitetest.Soon, "the other one is listed", func() bool { return len(site.Engine.Foreign(on)) == 1 })
	})
}
