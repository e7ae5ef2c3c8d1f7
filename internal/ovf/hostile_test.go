package ovf_test

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"vireo/internal/model"
	"vireo/internal/ovf"
)

// TestHostileTexts are refused, with a reason.
func TestHostileTexts(t *testing.T) {
	d := full()
	d.Snapshots = nil
	plain := string(ovf.Write(d))
	swap := func(old, by string) string {
		t.Helper()
		if !strings.Contains(plain, old) {
			t.Fatalf("%q is not in the text", old)
		}
		return strings.ReplaceAll(plain, old, by)
	}
	disk := string(id(0x31)) + "/" + string(id(0x43))
	entry := plain[strings.Index(plain, `  <Disk ovf:diskId="`+string(id(0x43))):]
	entry = entry[:strings.Index(entry, "\n")+1]
	for name, c := range map[string]struct{ text, reason string }{
		"nothing":                      {"", "no Envelope"},
		"no XML":                       {"{}", "no Envelope"},
		"cut off":                      {plain[:len(plain)/2], "not well formed"},
		"another document":             {"<html/>", "no Envelope"},
		"two of them":                  {"<Envelope/><Envelope/>", "no Envelope"},
		"an empty one":                 {"<Envelope/>", "no Content"},
		"entities of its own":          {`<!DOCTYPE a [<!ENTITY b "c">]>` + plain, "document type"},
		"an entity from a file":        {`<!DOCTYPE a SYSTEM "file:///etc/passwd">` + plain, "document type"},
		"an unknown entity":            {swap("Active VM", "&xxe;"), "not well formed"},
		"another character set":        {strings.Replace(plain, "UTF-8", "UTF-7", 1), "not well formed"},
		"ten megabytes":                {plain + strings.Repeat(" ", 10<<20), "longer than"},
		"a billion items":              {swap("<Item>", strings.Repeat("<Item/>", 20_000)+"<Item>"), "too many elements"},
		"elements without end":         {strings.Repeat("<a>", 1000), "too many inside each other"},
		"attributes without end":       {swap("<Nic ", "<Nic "+strings.Repeat(`a="" `, 300)), "too many elements"},
		"a file outside":               {swap(disk, "../../etc/passwd"), "is not a UUID"},
		"a file with more than a name": {swap(disk, disk+"/../../x"), "is not a UUID"},
		"a file that is a root":        {swap(disk, "/etc/passwd"), "is not a UUID"},
		"a file that is a word":        {swap(disk, "passwd"), "no image of a disk"},
		"an id that is a path":         {swap(string(id(0x10)), "../../../../../../../../../etc/passwd"), "is not a UUID"},
		"a parent that is a path":      {swap(`<rasd:Parent>`+string(id(0x40)), "<rasd:Parent>../../x"), "is not a UUID"},
		"a size of a negative number":  {swap(`ovf:size="512"`, `ovf:size="-1"`), "size of a file"},
		"a size past all numbers":      {swap(`ovf:size="512"`, `ovf:size="99999999999999999999"`), "size of a file"},
		"a size past all disks":        {swap(`ovf:size="512"`, `ovf:size="9007199254740992"`), "size of a file"},
		"memory past all machines":     {swap("VirtualQuantity>2048", "VirtualQuantity>9223372036854775807"), "the memory"},
		"CPUs past all machines":       {swap("<rasd:num_of_sockets>2", "<rasd:num_of_sockets>4096"), "CPUs"},
		"a boot sequence of none":      {swap("<default_boot_sequence>", "<default_boot_sequence>9"), "default_boot_sequence"},
		"a disk twice":                 {swap(entry, entry+entry), "twice"},
		"a circle": {
			swap(`<rasd:Parent>`+string(model.BlankID), "<rasd:Parent>"+string(id(0x42))),
			"in a circle",
		},
		"two states of a disk": {swap(`<rasd:Parent>`+string(id(0x41)), "<rasd:Parent>"+string(id(0x40))), "two states"},
		"volumes apart":        {swap(`ovf:volume-format="RAW"`, `ovf:volume-format="VMDK"`), "the format of a disk"},
		"an address of none":   {swap("00:1a:4a:16:01:52", "00:1a:4a:16:01:52:00:00"), "address of a NIC"},
		"a NIC twice":          {swap("<rasd:InstanceId>"+string(id(0x21)), "<rasd:InstanceId>"+string(id(0x20))), "twice"},
		"a name without end":   {swap("<Name>web", "<Name>"+strings.Repeat("w", 2000)), "longer than"},
	} {
		_, err := ovf.Read(strings.NewReader(c.text))
		if !errors.Is(err, ovf.ErrInvalid) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: the error is %v and does not say %q", name, err, c.reason)
		}
	}
}

// TestHostileSnapshots: what is inside is looked at in the same way.
func TestHostileSnapshots(t *testing.T) {
	plain := string(ovf.Write(full()))
	start := strings.Index(plain, "<VmConfiguration>") + len("<VmConfiguration>")
	end := strings.Index(plain, "</VmConfiguration>")
	for name, c := range map[string]struct{ inside, reason string }{
		"no text":     {"%%%", "no Envelope"},
		"entities":    {"PCFET0NUWVBFIGE+", "document type"}, // <!DOCTYPE a>
		"another one": {"PGEvPg==", "no Envelope"},           // <a/>
	} {
		_, err := ovf.Read(strings.NewReader(plain[:start] + c.inside + plain[end:]))
		if !errors.Is(err, ovf.ErrInvalid) || !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%s: the error is %v and does not say %q", name, err, c.reason)
		}
	}
	for name, swap := range map[string][2]string{
		"an id":             {`Snapshot ovf:id="` + string(id(0x50)), `Snapshot ovf:id="x`},
		"twice the same":    {`Snapshot ovf:id="` + string(id(0x51)), `Snapshot ovf:id="` + string(id(0x50))},
		"memory of four":    {string(id(0x61)) + "," + string(id(0x62)) + ",", ""},
		"memory that leads": {string(id(0x61)), "../../x"},
		"two of a disk":     {`ovf:vm_snapshot_id="` + string(id(0x51)), `ovf:vm_snapshot_id="` + string(id(0x50))},
	} {
		text := strings.Replace(plain, swap[0], swap[1], 1)
		if _, err := ovf.Read(strings.NewReader(text)); text == plain || !errors.Is(err, ovf.ErrInvalid) {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

// TestCommentsInText: a text that is cut into very many pieces takes no longer than it has
// bytes.
func TestCommentsInText(t *testing.T) {
	text := strings.Replace(string(ovf.Write(full())), "<Name>web", "<Name>"+strings.Repeat("w<!---->", 900_000), 1)
	start := time.Now()
	if _, err := ovf.Read(strings.NewReader(text)); !errors.Is(err, ovf.ErrInvalid) {
		t.Errorf("the error is %v", err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestConverters reads what virt-v2v writes: other quotes, words in capitals, whole
// gigabytes beside bytes, devices without what engines say of them.
func TestConverters(t *testing.T) {
	text, err := os.ReadFile("testdata/virt-v2v.ovf")
	if err != nil {
		t.Fatal(err)
	}
	d := read(t, text)
	c := d.VM.VMConfig
	if d.VM.ID != "3a1f3a40-9b0d-4a55-8a5d-7d5f5b1f0004" || c.Name != "guest" || c.Template != model.BlankID || c.Type != model.VMTypeServer {
		t.Errorf("the VM is %+v", d.VM)
	}
	if c.Memory != 512<<20 || c.CPU.Topology.Count() != 2 || c.Display.Type != model.DisplayVNC || c.RNG == nil || c.USB.Enabled {
		t.Errorf("its hardware is %+v", c)
	}
	if len(d.Disks) != 1 || d.Disks[0].ProvisionedSize != 1288490496 || d.Disks[0].Format != model.DiskRaw || !d.Disks[0].Sparse ||
		d.Disks[0].ActualSize != 1<<30 || !c.Disks[0].Bootable || !c.Disks[0].Active || c.Disks[0].Interface != model.DiskVirtio {
		t.Errorf("its disks are %+v, attached %+v", d.Disks, c.Disks)
	}
	if len(c.NICs) != 1 || c.NICs[0].MAC != "52:54:00:01:02:03" || c.NICs[0].Network != "default" || !c.NICs[0].Plugged {
		t.Errorf("its NICs are %+v", c.NICs)
	}
	if len(d.Snapshots) != 0 {
		t.Errorf("it has snapshots: %+v", d.Snapshots)
	}
}

// TestSizes: gigabytes or bytes, exact where anything exact is written.
func TestSizes(t *testing.T) {
	text, err := os.ReadFile("testdata/virt-v2v.ovf")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		size, capacity, file string
		want                 int64
	}{
		"an engine's":               {"2", "", "1288490496", 1288490496},
		"a converter's":             {"2", "1288490496", "512004096", 1288490496},
		"gigabytes only":            {"2", "", "", 2 << 30},
		"of a file that is less":    {"2", "", "4096", 2 << 30},
		"in bytes":                  {"1288490496", "", "", 1288490496},
		"with the file only":        {"", "", "1288490496", 1288490496},
		"in bytes, also the file's": {"1288490496", "", "1288490496", 1288490496},
	} {
		swapped := bytes.Replace(text, []byte(`ovf:size='2' ovf:capacity='1288490496'`), []byte(`ovf:size='`+c.size+`' ovf:capacity='`+c.capacity+`'`), 1)
		swapped = bytes.Replace(swapped, []byte("512004096"), []byte(c.file), 1)
		if d := read(t, swapped); d.Disks[0].ProvisionedSize != c.want {
			t.Errorf("%s: the size is %d and not %d", name, d.Disks[0].ProvisionedSize, c.want)
		}
	}
}
