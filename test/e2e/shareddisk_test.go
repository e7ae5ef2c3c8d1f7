package e2e

import (
	"strings"
	"testing"
)

// TestSharedDisk: two guests have a shareable disk at the same time, and each reads what
// the other has written. One that is not shareable is refused to the second.
func TestSharedDisk(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	first, second := e.create(t), e.create(t)
	shared := e.call(t, "POST", "/disks", `<disk><alias>shared</alias><interface>virtio</interface><format>raw</format><sparse>false</sparse>
		<shareable>true</shareable><provisioned_size>4194304</provisioned_size>
		<storage_domains><storage_domain><name>local-data</name></storage_domain></storage_domains></disk>`).body.attr("id")
	e.isAt(t, shared, "local-data")
	own := first.addDiskOf(t, "raw", "4194304")
	for _, v := range []*vm{first, second} {
		e.call(t, "POST", v.path()+"/disks", `<disk id="`+shared+`"><interface>virtio</interface><active>true</active></disk>`)
	}
	text := e.refused(t, 409, "POST", second.path()+"/disks", `<disk id="`+own+`"><interface>virtio</interface></disk>`).text
	if !strings.Contains(text, "is not shareable") {
		t.Errorf("the second VM was refused the first one's disk with %s", text)
	}
	first.act(t, "start")
	second.up(t)
	first.await(t, "up")
	const (
		at, aside = "/dev/vdb", "/dev/vda" // the second VM has no other
		anew      = "echo 3 >/proc/sys/vm/drop_caches; "
	)
	first.inside(t, "echo from the first | dd of="+at+" bs=4096 count=1 conv=notrunc,fsync")
	if held := second.inside(t, anew+"head -n 1 "+aside); held != "from the first" {
		t.Errorf("the second reads %q", held)
	}
	second.inside(t, "echo from the second | dd of="+aside+" bs=4096 seek=1 count=1 conv=notrunc,fsync")
	if held := first.inside(t, anew+"dd if="+at+" bs=4096 skip=1 count=1 2>/dev/null | head -n 1"); held != "from the second" {
		t.Errorf("the first reads %q", held)
	}
	for _, v := range []*vm{first, second} {
		v.act(t, "stop")
		v.await(t, "down")
	}
}
