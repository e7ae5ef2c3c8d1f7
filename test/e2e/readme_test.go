package e2e

import (
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestREADMEUpload pastes the README's second example: a cloud image, which brings its
// own boot loader, is uploaded and booted, and sets itself up. Only the address of the
// engine and the name of the VM are others.
func TestREADMEUpload(t *testing.T) {
	e := newEngine(t, system, map[string]string{"GuestAgentStartupTimeout": "600s", "VmGracefulShutdownTimeout": "60s"})
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	name := e.names + "web2"
	script := strings.NewReplacer("web2", name, "https://127.0.0.1:8443/api", e.url).Replace(
		"set -e\n" + pasted(t, string(readme), "$ vm() {", "$ vm \"$api/vms?") + pasted(t, string(readme), "$ disk=$(vireo disk upload", "```") + "echo \"id=$id\"\n")
	makeBootable(t, filepath.Join(e.dataDir, "debian-12-generic-amd64.qcow2"))
	if err := os.WriteFile(filepath.Join(e.dataDir, "admin-password"), []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	shell := exec.CommandContext(t.Context(), "bash", "-c", script)
	shell.Dir = e.dataDir
	shell.Env = append(os.Environ(), "PATH="+filepath.Dir(program)+":"+os.Getenv("PATH"),
		"VIREO_DATA_DIR="+e.dataDir, "VIREO_URL="+strings.TrimSuffix(e.url, "/api")+"/ovirt-engine/api")
	output, err := shell.CombinedOutput()
	_, id, said := strings.Cut(strings.TrimSpace(string(output)), "\nid=")
	if err != nil || !said || strings.Contains(string(output), "<fault>") {
		t.Fatalf("the example failed: %v\n%s\n%s", err, script, output)
	}
	v := &vm{e: e, id: id, name: name}
	v.settled(t)
	v.shows(t, "hostname", name)
	v.act(t, "stop")
	v.await(t, "down")
}

// pasted are the commands of the README from one line up to another, without prompts.
func pasted(t *testing.T, readme, from, to string) string {
	t.Helper()
	_, text, found := strings.Cut(readme, "\n"+from)
	text, _, ends := strings.Cut(text, "\n"+to)
	if !found || !ends {
		t.Fatalf("the README has no %s before %s", from, to)
	}
	return strings.TrimPrefix(strings.ReplaceAll("\n"+from+text+"\n", "\n$ ", "\n"), "\n")
}

// The parts of the bootable image, in bytes from its beginning.
const (
	bootAt = 1 << 20
	rootAt = 64 << 20
)

// makeBootable makes what the makers of cloud images ship: a disk with a boot loader, a
// kernel, and the Debian with cloud-init, in partitions.
func makeBootable(t *testing.T, path string) {
	t.Helper()
	folder, raw := t.TempDir(), filepath.Join(t.TempDir(), "disk.raw")
	boot := filepath.Join(folder, "boot.img")
	must := func(name string, arguments ...string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), name, arguments...)
		command.Dir = folder
		if output, err := command.CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", name, err, output)
		}
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(content), 0o755); err != nil { //nolint:gosec // one of them is a program
			t.Fatal(err)
		}
	}
	init, err := os.ReadFile(filepath.Join("..", "cloudguest", "init"))
	if err != nil {
		t.Fatal(err)
	}
	write("init", strings.ReplaceAll(string(init), "/dev/vda", "/dev/vda2"))
	write("syslinux.cfg", "default debian\nlabel debian\nlinux vmlinuz\ninitrd initrd.img,second.img\nappend console=ttyS0 quiet no_timer_check mitigations=off net.ifnames=0\n")
	must("bash", "-c", "echo init | cpio --quiet -o -H newc >second.img")
	must("mkfs.vfat", "-h", "2048", "-C", boot, "64512")
	must("mcopy", "-i", boot, filepath.Join(cloudFolder(t), cloudKernelFile), "::vmlinuz")
	must("mcopy", "-i", boot, filepath.Join(cloudFolder(t), cloudInitrdFile), "::initrd.img")
	must("mcopy", "-i", boot, "second.img", "syslinux.cfg", "::")
	must("syslinux", "--install", boot)

	must("dd", "status=none", "if=/usr/lib/syslinux/mbr/mbr.bin", "of="+raw)
	writeTable(t, raw)
	must("dd", "status=none", "conv=notrunc", "bs=1M", "seek=1", "if="+boot, "of="+raw)
	must("qemu-img", "convert", "-n", "--target-is-zero", "-f", "qcow2", filepath.Join(cloudFolder(t), cloudDiskFile), "--target-image-opts",
		"driver=raw,offset=67108864,file.driver=file,file.filename="+raw)
	must("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, path)
}

// writeTable makes a disk of full size with a table of two partitions: one to boot from, of FAT, and
// one of Linux.
func writeTable(t *testing.T, path string) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	table := make([]byte, 512-446)
	for i, part := range []struct {
		flag, kind byte
		at, size   uint32
	}{{0x80, 0x0e, bootAt, rootAt - bootAt}, {0, 0x83, rootAt, cloudDiskSize}} {
		entry := table[16*i:]
		entry[0], entry[4] = part.flag, part.kind
		binary.LittleEndian.PutUint32(entry[8:], part.at/512)
		binary.LittleEndian.PutUint32(entry[12:], part.size/512)
	}
	table[64], table[65] = 0x55, 0xaa
	if _, err := file.WriteAt(table, 446); err != nil {
		t.Fatal(err)
	}
	if err := file.Truncate(rootAt + cloudDiskSize); err != nil {
		t.Fatal(err)
	}
}
