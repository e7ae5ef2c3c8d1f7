package e2e

import (
	"fmt"
	"strings"
	"testing"

	"vireo/test/tinyguest"
)

const tinyFile = "tiny-kernel"

// tiny makes a VM of the tiny guest. It has no agent, so that it is up after
// GuestAgentStartupTimeout.
func (e *engine) tiny(t *testing.T, elements ...string) *vm {
	t.Helper()
	image, err := tinyguest.Kernel()
	need(t, err)
	e.writeISO(t, tinyFile, image)
	name := fmt.Sprintf("%s%d", e.names, made.Add(1))
	said := e.call(t, "POST", "/vms", `<vm><name>`+name+`</name><cluster><name>Default</name></cluster><template><name>Blank</name></template>
		<memory>`+fmt.Sprint(tinyguest.Memory)+`</memory><os><kernel>iso://`+tinyFile+`</kernel></os>`+strings.Join(elements, "")+`</vm>`)
	return &vm{e: e, id: said.body.attr("id"), name: name}
}

// ticks is how far a tiny guest has counted, as its QEMU says.
func (d *daemon) ticks(t *testing.T, id string) int {
	t.Helper()
	said := d.must(t, "qemu-monitor-command", id, "--hmp", "xp /1wx "+tinyguest.Count)
	count := 0
	if _, err := fmt.Sscanf(said[strings.LastIndex(said, ":")+1:], " 0x%x", &count); err != nil {
		t.Fatalf("the counter is %q: %v", said, err)
	}
	return count
}
