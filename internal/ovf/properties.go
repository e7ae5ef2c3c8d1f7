package ovf

import (
	"strconv"
	"strings"

	"vireo/internal/model"
)

// A property is a child of Content that holds one plain setting. show answers false
// when there is nothing to write.
type property struct {
	name string
	show func(*model.VMConfig) (string, bool)
	read func(*model.VMConfig, string) error
}

type config = model.VMConfig

// properties are the plain settings, in the order in which they are written.
var properties = []property{
	text("Description", 4096, func(c *config) *string { return &c.Description }),
	text("Comment", 4096, func(c *config) *string { return &c.Comment }),
	flag("DeleteProtected", func(c *config) *bool { return &c.DeleteProtected }),
	{"SsoMethod", showSSO, readSSO},
	flag("IsSmartcardEnabled", func(c *config) *bool { return &c.Display.SmartcardEnabled }),
	count("NumOfIoThreads", 127, func(c *config) *int { return &c.IOThreads }),
	text("TimeZone", 255, func(c *config) *string { return &c.TimeZone }),
	{"default_boot_sequence", showBoot, readBoot},
	text("initrd_url", 4096, func(c *config) *string { return &c.OS.Initrd }),
	text("kernel_url", 4096, func(c *config) *string { return &c.OS.Kernel }),
	text("kernel_params", 4096, func(c *config) *string { return &c.OS.Cmdline }),
	word("VmType", vmTypes, func(c *config) *model.VMType { return &c.Type }),
	flag("TunnelMigration", func(c *config) *bool { return &c.TunnelMigration }),
	text("VncKeyboardLayout", 32, func(c *config) *string { return &c.Display.KeyboardLayout }),
	{"MinAllocatedMem", showGuaranteed, readGuaranteed},
	flag("IsStateless", func(c *config) *bool { return &c.Stateless }),
	flag("IsRunAndPause", func(c *config) *bool { return &c.StartPaused }),
	flag("AutoStartup", func(c *config) *bool { return &c.HA.Enabled }),
	count("Priority", 100, func(c *config) *int { return &c.HA.Priority }),
	{"MigrationDowntime", showDowntime, readDowntime},
	word("MigrationSupport", migrationSupport, func(c *config) *model.VMAffinity { return &c.Placement.Affinity }),
	{"SerialNumberPolicy", showSerial, readSerial},
	{"CustomSerialNumber", showSerialValue, readSerialValue},
	flag("IsBootMenuEnabled", func(c *config) *bool { return &c.BootMenu }),
	flag("IsSpiceFileTransferEnabled", func(c *config) *bool { return &c.Display.FileTransferEnabled }),
	flag("IsSpiceCopyPasteEnabled", func(c *config) *bool { return &c.Display.CopyPasteEnabled }),
	flag("AllowConsoleReconnect", func(c *config) *bool { return &c.Display.AllowOverride }),
	word("ConsoleDisconnectAction", disconnectActions, func(c *config) *model.DisconnectAction { return &c.Display.DisconnectAction }),
	word("IsAutoConverge", inherited, func(c *config) *string { return &c.Migration.AutoConverge }),
	word("IsMigrateCompressed", inherited, func(c *config) *string { return &c.Migration.Compressed }),
	word("IsMigrateEncrypted", inherited, func(c *config) *string { return &c.Migration.Encrypted }),
	word("MigrationPolicyId", migrationPolicies, func(c *config) *model.MigrationPolicy { return &c.Migration.Policy }),
	text("CustomEmulatedMachine", 255, func(c *config) *string { return &c.CustomEmulatedMachine }),
	text("CustomCpuName", 255, func(c *config) *string { return &c.CustomCPUModel }),
	{"PredefinedProperties", func(*config) (string, bool) { return "", false }, readCustom},
	{"UserDefinedProperties", showCustom, readCustom},
	word("Origin", origins, func(c *config) *string { return &c.Origin }),
	{"UseHostCpu", showHostCPU, readHostCPU},
	flag("UseLatestVersion", func(c *config) *bool { return &c.UseLatestTemplateVersion }),
	{"CpuPinning", showPins, readPins},
	text("Domain", 255, func(c *config) *string { return &c.Domain }),
	// What the dialect has no word for; its readers pass over words of others.
	word("CpuMode", cpuModes, func(c *config) *model.CPUMode { return &c.CPU.Mode }),
	count("CpuShares", 262144, func(c *config) *int { return &c.CPUShares }),
	text("NumaTuneMode", 32, func(c *config) *string { return &c.NUMATuneMode }),
}

// text is a setting that is left out when it is empty.
func text(name string, limit int, field func(*config) *string) property {
	return property{
		name,
		func(c *config) (string, bool) { return *field(c), *field(c) != "" },
		func(c *config, value string) error {
			if len([]rune(value)) > limit {
				return invalid("%s is longer than %d characters", name, limit)
			}
			*field(c) = value
			return nil
		},
	}
}

func flag(name string, field func(*config) *bool) property {
	return property{
		name,
		func(c *config) (string, bool) { return strconv.FormatBool(*field(c)), true },
		func(c *config, value string) error { return readFlag(field(c), name, value) },
	}
}

func readFlag(to *bool, name, value string) error {
	value = strings.ToLower(strings.TrimSpace(value))
	if value == "" {
		return nil
	}
	read, err := strconv.ParseBool(value)
	if err != nil {
		return invalid("%s is %.32q and neither true nor false", name, value)
	}
	*to = read
	return nil
}

// count is a whole number from 0 to most.
func count(name string, most int, field func(*config) *int) property {
	return property{
		name,
		func(c *config) (string, bool) { return strconv.Itoa(*field(c)), *field(c) != 0 },
		func(c *config, value string) error {
			read, err := number(name, value, 0, int64(most))
			*field(c) = int(read)
			return err
		},
	}
}

// number reads a whole number and wants it to be within bounds; empty is 0.
func number(name, value string, least, most int64) (int64, error) {
	value = strings.TrimSpace(value)
	if value == "" {
		return 0, nil
	}
	read, err := strconv.ParseInt(value, 10, 64)
	if err != nil || read < least || read > most {
		return 0, invalid("%s is %.32q and no number from %d to %d", name, value, least, most)
	}
	return read, nil
}

// word is one of a closed list. What is not in it is passed over: later versions have
// more.
func word[T comparable](name string, list words[T], field func(*config) *T) property {
	return property{
		name,
		func(c *config) (string, bool) { return list.written(*field(c)) },
		func(c *config, value string) error {
			if read, ok := list.read(strings.TrimSpace(value)); ok {
				*field(c) = read
			}
			return nil
		},
	}
}

func showSSO(c *config) (string, bool) {
	if len(c.SSOMethods) == 0 {
		return "none", true
	}
	return c.SSOMethods[0], true
}

func readSSO(c *config, value string) error {
	if c.SSOMethods = nil; value == "guest_agent" {
		c.SSOMethods = []string{value}
	}
	return nil
}

func showBoot(c *config) (string, bool) {
	var written strings.Builder
	for _, device := range c.OS.Boot {
		letter, _ := bootLetters.written(device)
		written.WriteString(letter)
	}
	letters := written.String()
	for i, each := range bootSequences {
		if each == letters {
			return strconv.Itoa(i), true
		}
	}
	return "", false
}

func readBoot(c *config, value string) error {
	at, err := number("default_boot_sequence", value, 0, int64(len(bootSequences))-1)
	if err != nil {
		return err
	}
	c.OS.Boot = nil
	for letter := range strings.SplitSeq(bootSequences[at], "") {
		device, _ := bootLetters.read(letter)
		c.OS.Boot = append(c.OS.Boot, device)
	}
	return nil
}

const (
	megabyte = 1 << 20
	gigabyte = 1 << 30
	// mostMemory is what no machine has, in megabytes.
	mostMemory = 64 << 20
)

func showGuaranteed(c *config) (string, bool) {
	return strconv.FormatInt(c.GuaranteedMemory/megabyte, 10), c.GuaranteedMemory > 0
}

func readGuaranteed(c *config, value string) error {
	read, err := number("MinAllocatedMem", value, 0, mostMemory)
	c.GuaranteedMemory = read * megabyte
	return err
}

func showDowntime(c *config) (string, bool) {
	return strconv.Itoa(c.MigrationDowntime), c.MigrationDowntime >= 0
}

func readDowntime(c *config, value string) error {
	read, err := number("MigrationDowntime", value, 0, 1<<31-1)
	c.MigrationDowntime = int(read)
	return err
}

func showSerial(c *config) (string, bool) {
	if c.SerialNumber == nil {
		return "", false
	}
	return serialNumberPolicies.written(c.SerialNumber.Policy)
}

func readSerial(c *config, value string) error {
	if policy, ok := serialNumberPolicies.read(strings.TrimSpace(value)); ok {
		c.SerialNumber = &model.SerialNumber{Policy: policy}
	}
	return nil
}

func showSerialValue(c *config) (string, bool) {
	if c.SerialNumber == nil {
		return "", false
	}
	return c.SerialNumber.Value, c.SerialNumber.Value != ""
}

func readSerialValue(c *config, value string) error {
	if len(value) > 255 {
		return invalid("CustomSerialNumber is longer than 255 bytes")
	}
	if c.SerialNumber != nil {
		c.SerialNumber.Value = value
	}
	return nil
}

func showHostCPU(c *config) (string, bool) {
	return strconv.FormatBool(c.CPU.Mode == model.CPUModeHostPassthrough), true
}

func readHostCPU(c *config, value string) error {
	var host bool
	err := readFlag(&host, "UseHostCpu", value)
	if host {
		c.CPU.Mode = model.CPUModeHostPassthrough
	}
	return err
}

// showPins writes 0#1-2_1#3: a virtual CPU and where it may run, for each.
func showPins(c *config) (string, bool) {
	var out []string
	for _, pin := range c.CPU.Pins {
		out = append(out, strconv.Itoa(pin.VCPU)+"#"+pin.CPUSet)
	}
	return strings.Join(out, "_"), len(out) > 0
}

func readPins(c *config, value string) error {
	c.CPU.Pins = nil
	for _, each := range fields(value, "_") {
		cpu, set, found := strings.Cut(each, "#")
		read, err := number("CpuPinning", cpu, 0, 4096)
		if err != nil || !found || len(set) > 255 || len(c.CPU.Pins) > 4096 {
			return invalid("CpuPinning is %.64q", value)
		}
		c.CPU.Pins = append(c.CPU.Pins, model.VCPUPin{VCPU: int(read), CPUSet: set})
	}
	return nil
}

// showCustom writes name=value;name=value. A value cannot have a semicolon.
func showCustom(c *config) (string, bool) {
	var out []string
	for _, each := range c.CustomProperties {
		out = append(out, each.Name+"="+each.Value)
	}
	return strings.Join(out, ";"), len(out) > 0
}

func readCustom(c *config, value string) error {
	for _, each := range fields(value, ";") {
		name, set, found := strings.Cut(each, "=")
		if !found || len(name) > 255 || len(set) > 4096 || len(c.CustomProperties) >= 255 {
			return invalid("a custom property is %.64q", each)
		}
		c.CustomProperties = append(c.CustomProperties, model.CustomProperty{Name: name, Value: set})
	}
	return nil
}

// fields cuts a text; nothing is no fields.
func fields(value, separator string) []string {
	if value == "" {
		return nil
	}
	return strings.Split(value, separator)
}
