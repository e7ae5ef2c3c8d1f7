package hosts_test

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/model"
	"vireo/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is a site whose hosts are to be administered.
type world struct {
	*sitetest.Site
	*testing.T
}

func inBubble(t *testing.T, options sitetest.Options, test func(*world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{sitetest.New(t, options), t}
		w.Connected()
		test(w)
	})
}

// machine puts one more machine into the world and gives its address.
func (w *world) machine(number int) string {
	w.World.AddMachine(fake.MachineSpec{Address: sitetest.Host(number)})
	return sitetest.Host(number)
}

func edit(change func(*model.Host)) engine.Edit[model.Host] {
	return func(on *model.Host) error { change(on); return nil }
}

func adding(name, address string) engine.Edit[model.Host] {
	return edit(func(on *model.Host) { on.Name, on.Address, on.Cluster = name, address, sitetest.Cluster })
}

func (w *world) try(name string, target model.ID, params any) (*engine.Result, error) {
	return w.Act(&engine.Call{On: model.KindHost, Name: name, Target: target, Params: params, Async: new(false)})
}

func (w *world) must(name string, target model.ID, params any) model.ID {
	w.Helper()
	result, err := w.try(name, target, params)
	if err != nil {
		w.Fatalf("%s: %v", name, err)
	}
	return result.Object.Ref().ID
}

// refused wants a refusal of that code.
func (w *world) refused(code, name string, target model.ID, params any) {
	w.Helper()
	_, err := w.try(name, target, params)
	if err == nil || fault.Of(err).Code != code {
		w.Errorf("%s gives %v, want %s", name, err, code)
	}
}

func (w *world) host(id model.ID) *model.Host {
	w.Helper()
	on, ok := w.Inventory.Hosts.Get(id)
	if !ok {
		w.Fatalf("there is no host %s", id)
	}
	return on
}

// is waits for nothing: everything that can happen by now has.
func (w *world) is(id model.ID, status model.HostStatus) *model.Host {
	w.Helper()
	synctest.Wait()
	on := w.host(id)
	if on.Status != status {
		w.Fatalf("the host is %s (%s), want %s", on.Status, on.StatusDetail, status)
	}
	return on
}

// told are the codes of the events about hosts since one.
func (w *world) told(after int64) string {
	w.Helper()
	return strings.Join(w.codes(after), " ")
}

func (w *world) codes(after int64) []string {
	w.Helper()
	var codes []string
	err := w.Store.Events(context.Background(), store.EventQuery{After: after, Ascending: true}, func(event *model.Event) bool {
		if event.Host != "" && event.VM == "" {
			codes = append(codes, strconv.Itoa(event.Code))
		}
		return true
	})
	if err != nil {
		w.Fatal(err)
	}
	return codes
}

func (w *world) start(vm model.ID) (*engine.Result, error) {
	return w.Act(&engine.Call{On: model.KindVM, Name: "start", Target: vm, Async: new(false)})
}
