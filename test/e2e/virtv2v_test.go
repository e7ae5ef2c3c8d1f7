package e2e

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/ovf"
)

// converting is for virt-v2v, whose work is done inside a machine that is emulated.
const converting = 12 * time.Minute

// v2vFolder is where the guest for virt-v2v is (test/v2vguest/build).
func v2vFolder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("VIREO_TEST_V2V_GUEST")
	if folder == "" {
		folder = "/var/cache/vireo/v2vguest"
	}
	for _, name := range []string{"vmlinuz-v2vguest", "initrd-v2vguest.img", "v2vguest.qcow2", "kernel"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Fatalf("the guest for virt-v2v is missing (test/v2vguest/build): %v", err)
		}
	}
	return folder
}

// TestVirtV2V: an outsider writes a guest into the export domain; it is imported, boots,
// and what an export of it writes is compared with what the outsider has written.
func TestVirtV2V(t *testing.T) {
	e := newEngine(t, system, nil)
	folder, root := v2vFolder(t), e.exportRoot(t)
	convert(t, folder, root)
	outsiders := onlyText(t, root)
	theirs := readText(t, outsiders)
	written := exportedFiles(t, root)

	v := e.imported(t, string(theirs.VM.ID), "")
	if v.id != string(theirs.VM.ID) || v.name != "outsider" {
		t.Errorf("it was imported as %s, %s", v.name, v.id)
	}
	disk := v.onlyDisk(t)
	same := exec.Command("qemu-img", "compare", "-s", "-f", "raw", "-F", "raw",
		filepath.Join(root, "images", disk, string(theirs.Disks[0].Volume)),
		filepath.Join(e.rootOf(t, "local-data"), "images", disk, e.volume(t, disk)))
	if output, err := same.CombinedOutput(); err != nil {
		t.Errorf("the disk is not what was written: %v: %s", err, output)
	}
	v.bootsOutsider(t, folder)
	v.act(t, "start")
	v.counts(t)
	v.act(t, "stop")
	v.await(t, "down")

	v.export(t, "<exclusive>true</exclusive>")
	ours := readText(t, onlyText(t, root))
	judge(t, written, exportedFiles(t, root), theirs, ours)
}

// bootsOutsider gives a VM the kernel of the guest for virt-v2v.
func (v *vm) bootsOutsider(t *testing.T, folder string) {
	t.Helper()
	v.e.putISO(t, folder, "vmlinuz-v2vguest")
	v.e.putISO(t, folder, "initrd-v2vguest.img")
	v.e.call(t, "PUT", v.path(), `<vm><os><kernel>iso://vmlinuz-v2vguest</kernel><initrd>iso://initrd-v2vguest.img</initrd>
		<cmdline>root=/dev/vda console=ttyS0 quiet no_timer_check net.ifnames=0</cmdline></os><console enabled="true"/></vm>`)
}

// convert has virt-v2v write the guest into a domain. It writes as vdsm's user, to whom
// the domain's folders are given.
func convert(t *testing.T, folder, root string) {
	t.Helper()
	for _, name := range []string{".", "images", "master/vms"} {
		if err := os.Chown(filepath.Join(root, name), 36, 36); err != nil {
			t.Fatal(err)
		}
	}
	v2v := exec.CommandContext(t.Context(), "timeout", fmt.Sprint(int(converting.Seconds())), "virt-v2v",
		"-i", "disk", filepath.Join(folder, "v2vguest.qcow2"), "-on", "outsider", "-o", "rhv", "-os", filepath.Dir(root), "-of", "raw")
	v2v.Env = append(os.Environ(), "LIBGUESTFS_BACKEND=direct", "LIBGUESTFS_BACKEND_SETTINGS=force_tcg")
	for name, value := range appliance(t, folder) {
		v2v.Env = append(v2v.Env, name+"="+value)
	}
	begun := time.Now()
	if output, err := v2v.CombinedOutput(); err != nil {
		t.Fatalf("virt-v2v: %v\n%s", err, output)
	}
	t.Logf("virt-v2v took %v", time.Since(begun).Round(time.Second))
}

// appliance says what the machines of libguestfs are made of, in the words of its
// environment: the test machine may have no kernel of its own.
func appliance(t *testing.T, folder string) map[string]string {
	t.Helper()
	kernels, _ := filepath.Glob(filepath.Join(folder, "kernel", "boot", "vmlinuz-*"))
	modules, _ := filepath.Glob(filepath.Join(folder, "kernel", "lib", "modules", "*"))
	if len(kernels) != 1 || len(modules) != 1 {
		t.Fatalf("the kernels are %v and their modules %v", kernels, modules)
	}
	return map[string]string{
		"SUPERMIN_KERNEL": kernels[0], "SUPERMIN_MODULES": modules[0], "SUPERMIN_KERNEL_VERSION": filepath.Base(modules[0]),
	}
}

// onlyText is the one text that lies in a domain.
func onlyText(t *testing.T, root string) string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "master", "vms", "*", "*.ovf"))
	if err != nil || len(found) != 1 {
		t.Fatalf("the texts are %v, %v", found, err)
	}
	return found[0]
}

func readText(t *testing.T, path string) *ovf.Document {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	d, err := ovf.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// exportedFiles are those of a domain that are not its own management, with their content if they
// are small, and with GROUP, VOLUME and VM for the ids in their names.
func exportedFiles(t *testing.T, root string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, part := range []string{"images", "master/vms"} {
		err := fs.WalkDir(os.DirFS(root), part, func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() {
				return err
			}
			content := ""
			if filepath.Ext(path) != "" {
				read, err := os.ReadFile(filepath.Join(root, path))
				if err != nil {
					return err
				}
				content = string(read)
			}
			names := strings.Split(path, "/")
			general := "images/GROUP/VOLUME" + filepath.Ext(path)
			if names[0] == "master" {
				general = "master/vms/VM/VM.ovf"
			}
			if _, twice := out[general]; twice {
				t.Errorf("there are two files like %s", path)
			}
			out[general] = content
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// explained are the differences between what virt-v2v writes of a guest and what our
// export of the same guest does, each with its reason. An element that only one of them
// writes stands here by its path.
var explained = map[string]string{
	// Files.
	"images/GROUP/VOLUME.lease": "leases belong to domains of format v3",
	// Keys of the metadata.
	"CTIME": "when it was written", "MTIME": "we write 0, as vdsm does", "IMAGE": "the same group, and new volumes", "PUUID": "",
	"DESCRIPTION": "virt-v2v names itself; we write the disk's names, as engines do",
	// Sections and elements of the text.
	"Envelope@version": "virt-v2v says 0.9, we the version of the engine whose dialect it is",
}

// judge compares the two.
func judge(t *testing.T, theirFiles, ourFiles map[string]string, theirs, ours *ovf.Document) {
	t.Helper()
	differ := func(what string, a, b any) {
		t.Helper()
		if _, known := explained[what]; !known {
			t.Errorf("%s: virt-v2v has %v and we %v", what, a, b)
		}
	}
	for name := range theirFiles {
		if _, both := ourFiles[name]; !both {
			differ(name, "it", "not")
		}
	}
	for name := range ourFiles {
		if _, both := theirFiles[name]; !both {
			differ(name, "not", "it")
		}
	}
	a, b := keys(theirFiles["images/GROUP/VOLUME.meta"]), keys(ourFiles["images/GROUP/VOLUME.meta"])
	for key := range a {
		if a[key] != b[key] {
			differ(key, a[key], b[key])
		}
	}
	for key := range b {
		if _, both := a[key]; !both {
			differ(key, "none", b[key])
		}
	}
	judgeTexts(t, theirFiles["master/vms/VM/VM.ovf"], ourFiles["master/vms/VM/VM.ovf"])
	if theirs.VM.ID != ours.VM.ID || theirs.VM.Name != ours.VM.Name || theirs.VM.Memory != ours.VM.Memory ||
		theirs.VM.CPU.Topology != ours.VM.CPU.Topology || theirs.VM.OS.Type != ours.VM.OS.Type || theirs.VM.Type != ours.VM.Type ||
		theirs.Disks[0].ID != ours.Disks[0].ID || theirs.Disks[0].ProvisionedSize != ours.Disks[0].ProvisionedSize ||
		theirs.Disks[0].Format != ours.Disks[0].Format || theirs.Disks[0].Interface != ours.Disks[0].Interface ||
		!slices.Equal(theirs.VM.OS.Boot, ours.VM.OS.Boot) {
		t.Errorf("they mean\n%+v %+v\nand\n%+v %+v", theirs.VM, theirs.Disks, ours.VM, ours.Disks)
	}
}

// keys are KEY=VALUE lines.
func keys(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "="); ok {
			out[key] = value
		}
	}
	if !strings.HasSuffix(text, "EOF\n") {
		out["EOF"] = "missing"
	}
	return out
}

// judgeTexts wants every section, every element of Content and every sort of device that
// only one of the two writes to be explained.
func judgeTexts(t *testing.T, theirs, ours string) {
	t.Helper()
	a, b := outline(t, theirs), outline(t, ours)
	for path := range a {
		if !b[path] && ovfTheirs[path] == "" {
			t.Errorf("virt-v2v writes %s and we do not", path)
		}
	}
	for path := range b {
		if !a[path] && !explainedOurs(path) {
			t.Errorf("we write %s and virt-v2v does not", path)
		}
	}
}

// ovfTheirs is what only virt-v2v writes, with the reason.
var ovfTheirs = map[string]string{
	"Envelope/Content/IsAutoSuspend":                               "a word of version 2, which no engine reads any more",
	"Envelope/Content/BiosType":                                    "a word of version 4: here the machine type of the cluster decides",
	"Envelope/Content/Domain":                                      "empty there; we leave empty texts out",
	"Envelope/Content/TimeZone":                                    "empty there; we leave empty texts out",
	"Envelope/Content/VirtualHardwareSection/Item0rng/Caption":     "a title for people",
	"Envelope/Content/VirtualHardwareSection/Item0balloon/Caption": "a title for people",
	"Envelope/DiskSection/Disk@capacity":                           "bytes; engines write them as the size of the file",
	"Envelope/DiskSection/Disk@disk-type":                          "a word of version 2, which no engine reads any more",
	"Envelope/NetworkSection/Network":                              "a network that does not exist here: the NIC was imported without one",
	"Envelope/NetworkSection/Network@name":                         "likewise",
}

// ovfOurs is what only we write, with the reason; a path that ends in / or @ stands for
// all below it.
var ovfOurs = map[string]string{
	"Envelope/References/Nic":                     "engines name the NICs there",
	"Envelope/References/Nic@":                    "likewise",
	"Envelope/References/File@":                   "sorts of storage that engines tell apart",
	"Envelope/DiskSection/Disk@":                  "names and habits of a disk, which its engine knows",
	"Envelope/Content/SnapshotsSection":           "the active state, which every VM of an engine has",
	"Envelope/Content/SnapshotsSection@":          "likewise",
	"Envelope/Content/SnapshotsSection/":          "likewise",
	"Envelope/Content/VirtualHardwareSection/":    "devices that its engine gave the VM, and their state",
	"Envelope/Content/initrd_url":                 "this test boots the kernel directly",
	"Envelope/Content/kernel_params":              "likewise",
	"Envelope/Content/kernel_url":                 "likewise",
	"Envelope/Content/AllowConsoleReconnect":      "a setting that a converter leaves to the engine",
	"Envelope/Content/AutoStartup":                "likewise",
	"Envelope/Content/ClusterName":                "where it was",
	"Envelope/Content/ConsoleDisconnectAction":    "a setting that a converter leaves to the engine",
	"Envelope/Content/DeleteProtected":            "likewise",
	"Envelope/Content/ExportDate":                 "when it was exported",
	"Envelope/Content/IsBootMenuEnabled":          "a setting that a converter leaves to the engine",
	"Envelope/Content/IsRunAndPause":              "likewise",
	"Envelope/Content/IsSmartcardEnabled":         "likewise",
	"Envelope/Content/IsSpiceCopyPasteEnabled":    "likewise",
	"Envelope/Content/IsSpiceFileTransferEnabled": "likewise",
	"Envelope/Content/MigrationSupport":           "likewise",
	"Envelope/Content/MinAllocatedMem":            "likewise",
	"Envelope/Content/OriginalTemplateId":         "what it was made from",
	"Envelope/Content/OriginalTemplateName":       "likewise",
	"Envelope/Content/SsoMethod":                  "a setting that a converter leaves to the engine",
	"Envelope/Content/TunnelMigration":            "likewise",
	"Envelope/Content/UseHostCpu":                 "likewise",
	"Envelope/Content/UseLatestVersion":           "likewise",
	"Envelope/Content/default_boot_sequence":      "likewise",
}

func explainedOurs(path string) bool {
	for known := range ovfOurs {
		if path == known || strings.ContainsAny(known[len(known)-1:], "/@") && strings.HasPrefix(path, known) {
			return true
		}
	}
	return false
}
