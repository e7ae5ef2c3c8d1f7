package ovf

import (
	"strings"

	"vireo/internal/model"
)

// words are the pairs of a closed list: ours and the dialect's, which is written in
// the first form that stands here and read in all, in any case.
type words[T comparable] []struct {
	ours   T
	theirs string
}

func (w words[T]) written(value T) (string, bool) {
	for _, pair := range w {
		if pair.ours == value {
			return pair.theirs, true
		}
	}
	return "", false
}

func (w words[T]) read(text string) (T, bool) {
	for _, pair := range w {
		if strings.EqualFold(pair.theirs, text) {
			return pair.ours, true
		}
	}
	var none T
	return none, false
}

var vmTypes = words[model.VMType]{{model.VMTypeDesktop, "0"}, {model.VMTypeServer, "1"}}

var migrationSupport = words[model.VMAffinity]{
	{model.AffinityMigratable, "0"}, {model.AffinityUserMigratable, "1"}, {model.AffinityPinned, "2"},
}

var serialNumberPolicies = words[model.SerialNumberPolicy]{
	{model.SerialNumberHost, "0"}, {model.SerialNumberVM, "1"}, {model.SerialNumberCustom, "2"},
}

// inherited are true, false and the cluster's.
var inherited = words[string]{{"true", "true"}, {"false", "false"}, {"inherit", "inherit"}}

var migrationPolicies = words[model.MigrationPolicy]{
	{model.MigrationLegacy, string(model.MigrationLegacy)},
	{model.MigrationMinimal, string(model.MigrationMinimal)},
	{model.MigrationSuspend, string(model.MigrationSuspend)},
	{model.MigrationPostCopy, string(model.MigrationPostCopy)},
}

// cpuModes has no word for the host's own: that is UseHostCpu.
var cpuModes = words[model.CPUMode]{{model.CPUModeCustom, "custom"}, {model.CPUModeHostModel, "host_model"}}

var disconnectActions = words[model.DisconnectAction]{
	{model.DisconnectNone, "NONE"},
	{model.DisconnectLockScreen, "LOCK_SCREEN"},
	{model.DisconnectLogout, "LOGOUT"},
	{model.DisconnectReboot, "REBOOT"},
	{model.DisconnectShutdown, "SHUTDOWN"},
}

// origins are numbers; the ones of version 3 and what converters write.
var origins = words[string]{
	{"rhev", "0"},
	{"vmware", "1"},
	{"xen", "2"},
	{"ovirt", "3"},
	{"hosted_engine", "4"},
	{"external", "5"},
	{"managed_hosted_engine", "6"},
	{"kvm", "7"},
	{"physical_xen", "8"},
	{"hyperv", "9"},
}

var usbPolicies = words[model.USB]{
	{model.USB{}, "DISABLED"},
	{model.USB{Enabled: true, Type: model.USBLegacy}, "ENABLED_LEGACY"},
	{model.USB{Enabled: true, Type: model.USBNative}, "ENABLED_NATIVE"},
	{model.USB{Enabled: true}, "ENABLED"},
}

// graphics are the devices; videos what shows their picture, whose number is
// DefaultDisplayType: 3 is none. Texts of version 3.0 name the number only.
var (
	graphics = words[model.DisplayType]{{model.DisplaySPICE, "spice"}, {model.DisplayVNC, "vnc"}}
	videos   = words[model.DisplayType]{
		{model.DisplayVNC, "2"}, {model.DisplaySPICE, "1"}, {"", "3"}, {model.DisplayVNC, "0"},
	}
	videoDevices = words[model.DisplayType]{{model.DisplayVNC, "vga"}, {model.DisplaySPICE, "qxl"}, {model.DisplayVNC, "cirrus"}}
)

var nicInterfaces = words[model.NICInterface]{
	{model.NICRTL8139Virtio, "0"}, {model.NICRTL8139, "1"}, {model.NICE1000, "2"}, {model.NICVirtio, "3"},
}

var diskInterfaces = words[model.DiskInterface]{
	{model.DiskVirtio, "VirtIO"}, {model.DiskIDE, "IDE"}, {model.DiskVirtioSCSI, "VirtIO_SCSI"},
}

var volumeFormats = words[model.DiskFormat]{{model.DiskRaw, "RAW"}, {model.DiskCOW, "COW"}}

// formatAddresses stand for the formats once more, in the manner of DMTF's own OVF.
var formatAddresses = words[model.DiskFormat]{
	{model.DiskRaw, "http://www.vmware.com/specifications/vmdk.html#sparse"},
	{model.DiskCOW, "http://www.gnome.org/~markmc/qcow-image-format.html"},
}

var volumeTypes = words[bool]{{true, "Sparse"}, {false, "Preallocated"}}

var bootProtocols = words[model.BootProtocol]{
	{model.BootProtocolDHCP, "DHCP"},
	{model.BootProtocolStatic, "STATIC_IP"},
	{model.BootProtocolNone, "NONE"},
	{model.BootProtocolStatic, "STATIC"},
}

// bootSequences are the numbers of default_boot_sequence, in their order: C is the
// hard disk, D the CD, N the network.
var bootSequences = strings.Fields("C DC N CDN CND DCN DNC NCD NDC CD D CN DN NC ND")

var bootLetters = words[model.BootDevice]{{model.BootHardDisk, "C"}, {model.BootCDROM, "D"}, {model.BootNetwork, "N"}}

// osNames are the names that version 3.0 and converters give to systems, beside those
// that differ from ours in nothing or in case.
var osNames = words[string]{
	{"other", "Unassigned"},
	{"other_linux", "OtherLinux"},
	{"rhel_3", "RHEL3"},
	{"rhel_3x64", "RHEL3x64"},
	{"rhel_4", "RHEL4"},
	{"rhel_4x64", "RHEL4x64"},
	{"rhel_5", "RHEL5"},
	{"rhel_5x64", "RHEL5x64"},
	{"rhel_6", "RHEL6"},
	{"rhel_6x64", "RHEL6x64"},
	{"windows_xp", "WindowsXP"},
	{"windows_2003", "Windows2003"},
	{"windows_2003x64", "Windows2003x64"},
	{"windows_2008", "Windows2008"},
	{"windows_2008x64", "Windows2008x64"},
	{"windows_2008R2x64", "Windows2008R2x64"},
	{"windows_7", "Windows7"},
	{"windows_7x64", "Windows7x64"},
}
