package hosts_test

import (
	"testing"
	"time"

	"vireo/internal/engine/hosts"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/model"
)

// TestAddedAndRemoved: a host is added while the engine runs, is up when it was
// reached, and is let go of when it is removed.
func TestAddedAndRemoved(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(w *world) {
		before := w.LastEvent()
		address := w.machine(2)
		id := w.must("add", "", adding("second", address))
		w.is(id, model.HostUp)
		if _, err := w.Watcher.Connected(id); err != nil {
			t.Error(err)
		}
		w.refused(fault.NameInUse, "add", "", adding("SECOND", "fake://h3"))
		w.refused(fault.HostAddressInUse, "add", "", adding("third", address))
		w.refused(fault.HostStatusWrong, "remove", id, nil)
		w.refused(fault.HostStatusWrong, "update", id, edit(func(on *model.Host) { on.Address = "fake://h3" }))
		w.must("update", id, edit(func(on *model.Host) { on.Name, on.Comment, on.Status = "renamed", "ours", model.HostError }))
		if on := w.is(id, model.HostUp); on.Name != "renamed" || on.Comment != "ours" {
			t.Errorf("it is %+v", on)
		}
		w.World.Machine(address).Disappear()
		w.Until(time.Hour, "it is non_responsive", func() bool { return w.host(id).Status == model.HostNonResponsive })
		w.refused(fault.HostStatusWrong, "remove", id, nil)
		w.must("remove", id, &hosts.RemoveParams{Force: true})
		if _, err := w.Watcher.Connected(id); err == nil {
			t.Error("it is still connected")
		}
		if told := w.told(before); told != "42 13 43 12 44" {
			t.Errorf("the events are %s", told)
		}
	})
}

// TestUnreachable: a host that was never reached is given up, and taken into use when
// it answers after all.
func TestUnreachable(t *testing.T) {
	inBubble(t, sitetest.Options{}, func(w *world) {
		address := w.machine(2)
		w.World.Machine(address).Disappear()
		id := w.must("add", "", adding("second", address))
		w.is(id, model.HostInstalling)
		w.Until(time.Hour, "it is given up", func() bool { return w.host(id).Status == model.HostInstallFailed })
		w.World.Machine(address).Answer()
		w.Until(time.Minute, "it is up", func() bool { return w.host(id).Status == model.HostUp })
	})
}
