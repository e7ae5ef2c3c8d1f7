package libvirt

import (
	"testing"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// TestMarksAndAutostart: a guest that is marked is not started with its host, its mark
// remembers that it was, and with the mark gone it is again. libvirt's own test driver
// has such a guest.
func TestMarksAndAutostart(t *testing.T) {
	connected, err := testDriver(t).Connect(testContext(t), testDriverAddress)
	must(t, err)
	t.Cleanup(func() { connected.Close() })
	h, _ := connected.(*hypervisor) // nothing else is made here
	guests, err := h.Guests(testContext(t))
	must(t, err)
	id := guests[0].ID
	started := func() bool {
		t.Helper()
		value, err := request(testContext(t), h, "looking", func(rpc *libvirt.Libvirt) (int32, error) {
			return rpc.DomainGetAutostart(domainOf(id))
		})
		must(t, err)
		return value != 0
	}
	must(t, h.setAutostart(testContext(t), id, true))
	mark := host.Mark{Engine: model.NewID(), Epoch: 5, Given: model.Given{Adopted: true}, Autostart: true}
	for range 2 {
		must(t, h.Adopt(testContext(t), id, mark))
		if guest := look(t, h, id); !guest.Ours || guest.Engine != mark.Engine || guest.Epoch != 5 || !guest.Given.Adopted || started() {
			t.Errorf("marked, it is %+v, started with its host: %v", guest, started())
		}
	}
	for range 2 {
		must(t, h.Disown(testContext(t), id))
		if guest := look(t, h, id); guest.Ours || !started() {
			t.Errorf("disowned, it is %+v, started with its host: %v", guest, started())
		}
	}
	// One that was not started with its host is not afterwards.
	must(t, h.setAutostart(testContext(t), id, false))
	mark.Autostart = false
	must(t, h.Adopt(testContext(t), id, mark))
	must(t, h.Disown(testContext(t), id))
	if started() {
		t.Error("it is started with its host")
	}
}
