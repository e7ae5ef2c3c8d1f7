package e2e

import (
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// TestStartsAtOnce: 20 starts at once on a host that may be given memory for six.
// Six guests run, the others are refused with the documented sentence, and one that
// is stopped makes room for exactly one more.
func TestStartsAtOnce(t *testing.T) {
	const many, room, overhead = 20, 6, 32
	e := newEngine(t, system, map[string]string{"VmOverheadMemory": strconv.Itoa(overhead)})
	host := e.call(t, "GET", "/hosts?search=name%3Dlocal", "").body.at("host")
	memory, err := strconv.ParseInt(host.text("memory"), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	const each = 64 + overhead
	e.set(t, "ReservedHostMemory", fmt.Sprint(memory>>20-room*each-each/2))
	var vms []*vm
	for range many {
		v := e.create(t)
		e.call(t, "PUT", v.path(), "<vm><memory>67108864</memory></vm>")
		vms = append(vms, v)
	}
	started, refused := e.startAtOnce(t, vms)
	if len(started) != room || len(refused) != many-room {
		t.Errorf("%d were started and %d refused; there is room for %d", len(started), len(refused), room)
	}
	e.runs(t, started, refused)

	started[0].act(t, "stop")
	again, still := e.startAtOnce(t, refused)
	if len(again) != 1 {
		t.Errorf("%d were started when there was room for one", len(again))
	}
	e.runs(t, append(again, started[1:]...), append(still, started[0]))
	for _, v := range append(again, started[1:]...) {
		v.act(t, "stop")
	}
}

// startAtOnce starts VMs all at once, their processors halted, and waits until those
// that were accepted are there. The others are refused for memory.
func (e *engine) startAtOnce(t *testing.T, vms []*vm) (started, refused []*vm) {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	for _, v := range vms {
		all.Go(func() {
			said, err := e.try("POST", v.path()+"/start", "<action><async>true</async><pause>true</pause></action>")
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Errorf("starting %s: %v", v.name, err)
			case said.code == 200 || said.code == 202:
				started = append(started, v)
			case said.code == 409 && strings.Contains(said.text, "The host local did not satisfy internal filter Memory because its available memory is too low ("):
				refused = append(refused, v)
			default:
				t.Errorf("starting %s was answered %d: %s", v.name, said.code, said.text)
			}
		})
	}
	all.Wait()
	for _, v := range started {
		v.await(t, "paused")
	}
	return started, refused
}

// runs checks that these VMs have their guest and those have none.
func (e *engine) runs(t *testing.T, these, those []*vm) {
	t.Helper()
	for _, v := range these {
		v.running(t)
	}
	for _, v := range those {
		if found := qemus(v.id); len(found) > 0 || v.status(t) != "down" {
			t.Errorf("%s is %s and has the QEMU processes %v", v.name, v.status(t), found)
		}
	}
}
