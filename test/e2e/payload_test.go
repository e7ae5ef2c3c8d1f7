package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// seedRoot is where a host with a system daemon keeps what was made for one run
// of a guest (docs/decisions/seeds.md).
const seedRoot = "/run/libvirt"

// TestPayloads gives a guest files on a CD and a floppy of its own.
func TestPayloads(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	for _, name := range []string{hardwareKernelFile, hardwareInitrdFile} {
		e.putISO(t, guestFolder, name)
	}
	v := e.create(t)
	e.call(t, "PUT", v.path(), `<vm><memory>268435456</memory><os><kernel>iso://`+hardwareKernelFile+`</kernel>
		<initrd>iso://`+hardwareInitrdFile+`</initrd></os>`+bothPayloads+`</vm>`)
	if !t.Run("read by the guest", func(t *testing.T) { readPayloads(t, v) }) {
		return
	}
	t.Run("too large", func(t *testing.T) { largePayload(t, v) })
	t.Run("in the way", func(t *testing.T) { payloadConflicts(t, v) })
}

// bothPayloads has awkward names and contents; AAECAwD/ is not text.
const bothPayloads = `<payloads>
	<payload type="cdrom">
		<files>
			<file><name>plain.txt</name><content>of the CD: "quoted" &amp; 'more'</content></file>
			<file><name>A long name with blanks.conf</name><content>key = välue</content></file>
			<file><name>binary</name><content>AAECAwD/</content><type>base64</type></file>
		</files>
		<volume_id>Guest_Files</volume_id>
	</payload>
	<payload type="floppy">
		<files>
			<file><name>one.txt</name><content>of the floppy</content></file>
			<file><name>second file.txt</name><content>another</content></file>
		</files>
		<volume_id>GUESTFLOPPY</volume_id>
	</payload>
</payloads>`

func readPayloads(t *testing.T, v *vm) {
	v.up(t)
	v.inside(t, "while [ ! -e /run/vireo/hardware ]; do sleep 1; done")
	v.shows(t, "ls /sys/block | grep -c -e '^fd' -e '^sr'", "3") // with the VM's own CD drive
	v.inside(t, "mkdir -p /tmp/cd /tmp/floppy; mount -t iso9660 -o ro,utf8 /dev/sr1 /tmp/cd; mount -t vfat -o ro,utf8 /dev/fd0 /tmp/floppy")
	v.shows(t, "ls /tmp/cd | sort", "A long name with blanks.conf\nbinary\nplain.txt")
	v.shows(t, "cat /tmp/cd/plain.txt", `of the CD: "quoted" & 'more'`)
	v.shows(t, "cat '/tmp/cd/A long name with blanks.conf'", "key = välue")
	v.shows(t, "od -An -tx1 /tmp/cd/binary | xargs", "00 01 02 03 00 ff")
	v.shows(t, "ls /tmp/floppy", "one.txt\nsecond file.txt")
	v.shows(t, "cat /tmp/floppy/one.txt '/tmp/floppy/second file.txt'", "of the floppyanother")
	if drives := v.e.call(t, "GET", v.path()+"/cdroms", ""); len(drives.body.all("cdrom")) != 1 || drives.body.has("cdrom/file") {
		t.Errorf("/cdroms shows %s", drives.text)
	}

	var labels []string
	for _, image := range v.seedImages(t) {
		if info, err := os.Stat(image); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("others can get at %s: %v, %v", image, info.Mode(), err)
		}
		label, err := exec.Command("blkid", "-p", "-s", "LABEL", "-o", "value", image).CombinedOutput()
		if err != nil {
			t.Errorf("the label of %s: %v: %s", image, err, label)
		}
		labels = append(labels, strings.TrimSpace(string(label)))
	}
	if slices.Sort(labels); !slices.Equal(labels, []string{"GUESTFLOPPY", "Guest_Files"}) {
		t.Errorf("the host has images with the labels %q", labels)
	}
	v.act(t, "stop")
	v.await(t, "down")
	v.noSeeds(t)
}

// largePayload: an update with too much is refused and changes nothing.
func largePayload(t *testing.T, v *vm) {
	before := v.withPayloads(t)
	for _, kind := range []string{"cdrom", "floppy"} {
		body := `<vm><payloads><payload type="` + kind + `"><files>
			<file><name>a</name><content>` + strings.Repeat("a", 8000) + `</content></file>
			<file><name>b</name><content>` + strings.Repeat("b", 193) + `</content></file></files></payload></payloads></vm>`
		said := v.e.refused(t, 400, "PUT", v.path(), body)
		if detail := said.body.text("detail"); detail != "[Cannot edit VM. Payload is limited to 8K.]" {
			t.Errorf("the refusal says %q", detail)
		}
	}
	if after := v.withPayloads(t); after != before {
		t.Errorf("what was refused has changed the VM:\n%s\nbefore:\n%s", after, before)
	}
}

// payloadConflicts: two things that want one drive.
func payloadConflicts(t *testing.T, v *vm) {
	v.e.writeISO(t, "tools.vfd", floppyImage("from the floppy"))
	before := v.withPayloads(t)
	start := func(says string, elements ...string) {
		t.Helper()
		said := v.e.refused(t, 409, "POST", v.path()+"/start", "<action>"+strings.Join(elements, "")+"</action>")
		if detail := said.body.text("fault/detail"); detail != "[Cannot run VM. "+says+"]" {
			t.Errorf("the refusal says %q", detail)
		}
		v.gone(t)
		v.noSeeds(t)
	}
	start("Payload cdrom deivce cannot be used with Cloud-Init via cdrom device.", "<use_cloud_init>true</use_cloud_init>")
	start("Payload floppy deivce cannot be used with another floppy.",
		`<vm><floppies><floppy><file id="tools.vfd"/></floppy></floppies></vm>`)
	if after := v.withPayloads(t); after != before {
		t.Errorf("what was refused has changed the VM:\n%s\nbefore:\n%s", after, before)
	}
	v.e.call(t, "PUT", v.path(), `<vm><os type="windows_7x64"/></vm>`)
	start("Payload floppy deivce cannot be used with Sysprep via floppy device.", "<use_sysprep>true</use_sysprep>")
}

// withPayloads is the configuration with what only All-Content shows.
func (v *vm) withPayloads(t *testing.T) string {
	t.Helper()
	return statusText.ReplaceAllString(v.e.call(t, "GET", v.path()+"?all_content=true", "").text, "")
}

// seedImages are the files on the host that were made for this run.
func (v *vm) seedImages(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(seedRoot, "*"+v.id+"*", "*"))
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// noSeeds waits until nothing is left on the host of what was made for a run.
func (v *vm) noSeeds(t *testing.T) {
	t.Helper()
	eventually(t, "what was made for the run to go", func() (bool, string) {
		left, err := filepath.Glob(filepath.Join(seedRoot, "*"+v.id+"*"))
		return err == nil && len(left) == 0, fmt.Sprint("there is ", left)
	})
}
