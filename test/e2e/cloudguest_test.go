package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The guest with cloud-init (test/cloudguest/README.md).
const (
	cloudKernelFile = "vmlinuz-cloudguest"
	cloudInitrdFile = "initrd-cloudguest.img"
	cloudDiskFile   = "cloudguest.qcow2"
	cloudDiskSize   = 3 << 30
	// bootPatience is for a Debian that boots under emulation beside other guests.
	bootPatience = 10 * time.Minute
)

// cloudFolder is where the guest with cloud-init is.
func cloudFolder(t *testing.T) string {
	t.Helper()
	folder := os.Getenv("VIREO_TEST_CLOUD_GUEST")
	if folder == "" {
		folder = "/var/cache/vireo/cloudguest"
	}
	for _, name := range []string{cloudKernelFile, cloudInitrdFile, cloudDiskFile} {
		if _, err := os.Stat(filepath.Join(folder, name)); err != nil {
			t.Fatalf("the guest with cloud-init is missing (test/cloudguest/build): %v", err)
		}
	}
	return folder
}

// createCloud makes a VM of its own disk with Debian and cloud-init, and with
// so many NICs in the machine's NAT network.
func (e *engine) createCloud(t *testing.T, nics int) *vm {
	t.Helper()
	v := e.createDebian(t)
	v.fillDisk(t, filepath.Join(cloudFolder(t), cloudDiskFile))
	for i := range nics {
		e.call(t, "POST", v.path()+"/nics", `<nic><name>nic`+strconv.Itoa(i+1)+`</name>
			<network><name>ovirtmgmt</name></network><interface>virtio</interface></nic>`)
	}
	return v
}

// createDebian makes a VM that boots the kernel of that Debian, without a disk.
func (e *engine) createDebian(t *testing.T) *vm {
	t.Helper()
	folder := cloudFolder(t)
	e.putISO(t, folder, cloudKernelFile)
	e.putISO(t, folder, cloudInitrdFile)
	name := e.names + strconv.FormatInt(made.Add(1), 10)
	said := e.call(t, "POST", "/vms", `<vm>
	<name>`+name+`</name>
	<cluster><name>Default</name></cluster>
	<template><name>Blank</name></template>
	<memory>536870912</memory>
	<os>
		<type>debian_7</type>
		<kernel>iso://`+cloudKernelFile+`</kernel>
		<initrd>iso://`+cloudInitrdFile+`</initrd>
		<cmdline>console=ttyS0 quiet no_timer_check cryptomgr.notests mitigations=off net.ifnames=0</cmdline>
	</os>
	<console enabled="true"/>
</vm>`)
	return &vm{e: e, id: said.body.attr("id"), name: name}
}

// fillDisk gives the VM a disk, and the disk the content of an image. There is
// no upload in version 3: the content goes into the volume that the engine has
// made, which keeps its name, owner, format and size.
func (v *vm) fillDisk(t *testing.T, image string) {
	t.Helper()
	disk := v.e.call(t, "POST", v.path()+"/disks", `<disk><interface>virtio</interface><bootable>true</bootable>
		<format>cow</format><sparse>true</sparse><provisioned_size>`+strconv.Itoa(cloudDiskSize)+`</provisioned_size></disk>`)
	id := disk.body.attr("id")
	eventually(t, "the disk to be ok", func() (bool, string) {
		state := v.e.call(t, "GET", v.path()+"/disks/"+id, "").body.text("status/state")
		return state == "ok", "it is " + state
	})
	volumes, err := filepath.Glob(filepath.Join(dataDomain(v.e.dataDir), "*", "images", id, "*-????????????"))
	if err != nil || len(volumes) != 1 {
		t.Fatalf("the disk has the volumes %v, %v", volumes, err)
	}
	output, err := exec.Command("qemu-img", "convert", "-n", "--target-is-zero",
		"-f", "qcow2", "-O", "qcow2", image, volumes[0]).CombinedOutput()
	if err != nil {
		t.Fatalf("filling the disk: %v: %s", err, output)
	}
}

// settled waits until cloud-init has done all that it does at this boot, and
// checks that it took its data from a config drive and complained of nothing.
func (v *vm) settled(t *testing.T) {
	t.Helper()
	within(t, bootPatience, v.name+" to be up", func() (bool, string) {
		status := v.status(t)
		return status == "up", "it is " + status
	})
	var written string
	within(t, bootPatience, "cloud-init to end", func() (bool, string) {
		var err error
		written, err = v.e.daemon.inside(v.id, `for i in $(seq 60); do
			if [ -e /run/cloud-init/result.json ]; then exec cat /run/cloud-init/result.json; fi
			sleep 1
		done; exit 1`)
		if err != nil {
			return false, err.Error()
		}
		return true, ""
	})
	var result struct {
		V1 struct {
			Datasource string
			Errors     []string
		}
	}
	if err := json.Unmarshal([]byte(written), &result); err != nil {
		t.Fatalf("cloud-init's result is %s: %v", written, err)
	}
	if !strings.Contains(result.V1.Datasource, "ConfigDrive") || len(result.V1.Errors) > 0 {
		t.Errorf("cloud-init took its data from %q and had the errors %q", result.V1.Datasource, result.V1.Errors)
	}
}

// shows checks what a shell command in the guest prints.
func (v *vm) shows(t *testing.T, command, want string) {
	t.Helper()
	if got := v.inside(t, command); got != want {
		t.Errorf("in the guest `%s` shows\n%s\nwant\n%s", command, got, want)
	}
}
