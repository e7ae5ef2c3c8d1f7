package vms

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

const mebibyte = 1 << 20

// names are what a VM may be called (api-v3 2.2).
var names = regexp.MustCompile(`^[\p{L}0-9._-]+$`)

// Texts that are kept have bounds.
const (
	maxDescription = 4000
	maxCmdline     = 2000
	maxPath        = 1000
)

// check refuses a configuration that cannot be. what is the command in
// messages: "add VM".
func (r *room) check(tx *inventory.Tx, what string, id model.ID, config *model.VMConfig) error {
	for _, rule := range []func(*inventory.Tx, string, model.ID, *model.VMConfig) error{
		r.checkName, r.checkPlace, r.checkSize, r.checkOS, r.checkTexts, r.checkInitialization, r.checkPayloads,
	} {
		if err := rule(tx, what, id, config); err != nil {
			return err
		}
	}
	verb := strings.TrimSuffix(what, " VM")
	if config.Stateless && config.HA.Enabled {
		return fault.New(fault.StatelessHA, verb)
	}
	return r.checkProperties(verb, config.CustomProperties)
}

// Check refuses a configuration that cannot be, but for its name: that of a template.
// what is the command in messages.
func Check(e *engine.Engine, tx *inventory.Tx, what string, config *model.VMConfig) error {
	named := *config
	named.Name = string(model.NewID())
	if err := (&room{e}).check(tx, what, model.NewID(), &named); err != nil {
		return err
	}
	config.Memory = named.Memory // rounded
	return nil
}

// NamesHostFile says whether a boot configuration names a file of the host that the
// one before does not name: that is for those who may set what administrators set.
func NamesHostFile(before, now model.OS) bool { return namesHostFile(before, now) }

func (r *room) checkName(tx *inventory.Tx, what string, id model.ID, config *model.VMConfig) error {
	limit := r.Values.Int("MaxVmNameLength")
	switch {
	case config.Name == "":
		return fault.New(fault.NameIllegal, what, "The VM needs a name.")
	case utf8.RuneCountInString(config.Name) > limit:
		return fault.New(fault.NameIllegal, what, fmt.Sprintf("The name of a VM may have at most %d characters.", limit))
	case !names.MatchString(config.Name):
		return fault.New(fault.NameIllegal, what, "The name of a VM may hold letters, digits, '.', '_' and '-' only.")
	}
	mine, ok := tx.Clusters.Get(config.Cluster)
	if !ok {
		return nil
	}
	for _, other := range tx.VMs.Named(config.Name) {
		theirs, ok := tx.Clusters.Get(other.Cluster)
		if other.ID != id && ok && theirs.DataCenter == mine.DataCenter {
			return fault.New(fault.NameInUse, what, "VM", config.Name)
		}
	}
	return nil
}

func (r *room) checkPlace(tx *inventory.Tx, what string, _ model.ID, config *model.VMConfig) error {
	if _, ok := tx.Clusters.Get(config.Cluster); !ok {
		return fault.Missing("Cluster: id=" + string(config.Cluster))
	}
	for _, pinned := range config.Placement.Hosts {
		on, ok := tx.Hosts.Get(pinned)
		if !ok {
			return fault.Missing("Host: id=" + string(pinned))
		}
		if on.Cluster != config.Cluster {
			return fault.New(fault.Invalid, what, fmt.Sprintf("The host %s of the placement policy is in another cluster.", on.Name))
		}
	}
	return nil
}

func (r *room) checkSize(_ *inventory.Tx, what string, _ model.ID, config *model.VMConfig) error {
	config.Memory -= config.Memory % mebibyte
	most := int64(r.Values.Int("MaxVmMemory")) * mebibyte
	topology := config.CPU.Topology
	switch {
	case config.Memory < mebibyte || config.Memory > most:
		return fault.New(fault.Invalid, what, fmt.Sprintf("The memory must be between 1 MiB and %d MiB.", most/mebibyte))
	case config.GuaranteedMemory < 0:
		return fault.New(fault.Invalid, what, "The guaranteed memory cannot be negative.")
	case topology.Sockets < 1 || topology.Cores < 1 || topology.Threads < 1:
		return fault.New(fault.Invalid, what, "Sockets, cores and threads must be at least 1.")
	case tooMany(topology, r.Values.Int("MaxVmCpus")):
		return fault.New(fault.Invalid, what, fmt.Sprintf("The VM may have at most %d virtual CPUs.", r.Values.Int("MaxVmCpus")))
	case config.Display.Monitors < 1 || config.Display.Monitors > 4:
		return fault.New(fault.Invalid, what, "The number of monitors must be between 1 and 4.")
	case config.HA.Priority < 0 || config.HA.Priority > 100:
		return fault.New(fault.Invalid, what, "The priority must be between 0 and 100.")
	case config.IOThreads < 0 || config.IOThreads > 127:
		return fault.New(fault.Invalid, what, "The number of I/O threads must be between 0 and 127.")
	case config.CPUShares < 0 || config.CPUShares > 262144:
		return fault.New(fault.Invalid, what, "The CPU shares must be between 0 and 262144.")
	case !config.Migration.Bandwidth.Possible():
		return fault.New(fault.Invalid, what, "The bandwidth of migrations must be from 1 to 1000000 Mbit/s.")
	case config.MigrationDowntime < -1:
		return fault.New(fault.Invalid, what, "The migration downtime must be -1 or a number of milliseconds.")
	}
	return nil
}

// tooMany multiplies without overflow.
func tooMany(topology model.Topology, most int) bool {
	return topology.Sockets > most || topology.Cores > most || topology.Threads > most ||
		topology.Sockets*topology.Cores > most || topology.Count() > most
}

func (r *room) checkOS(_ *inventory.Tx, what string, _ model.ID, config *model.VMConfig) error {
	if len(config.OS.Boot) > 3 {
		return fault.New(fault.Invalid, what, "The boot sequence may name at most three devices.")
	}
	for i, device := range config.OS.Boot {
		if slices.Contains(config.OS.Boot[:i], device) {
			return fault.New(fault.Invalid, what, fmt.Sprintf("The boot sequence names %s twice.", device))
		}
	}
	if config.OS.Kernel == "" && (config.OS.Initrd != "" || config.OS.Cmdline != "") {
		return fault.New(fault.Invalid, what, "An initrd or kernel parameters need a kernel.")
	}
	for _, file := range []string{config.OS.Kernel, config.OS.Initrd} {
		name, onISO := strings.CutPrefix(file, isoScheme)
		if onISO && name == "" || !onISO && file != "" && !filepath.IsAbs(file) {
			return fault.New(fault.Invalid, what, fmt.Sprintf("The kernel or initrd %q is neither iso://file nor an absolute path.", file))
		}
	}
	for _, pin := range config.CPU.Pins {
		if pin.VCPU < 0 || pin.VCPU >= config.CPU.Topology.Count() {
			return fault.New(fault.Invalid, what, fmt.Sprintf("There is no virtual CPU %d to pin.", pin.VCPU))
		}
		if !cpuSet.MatchString(pin.CPUSet) {
			return fault.New(fault.Invalid, what, fmt.Sprintf("%.40q is not a set of CPUs.", pin.CPUSet))
		}
	}
	return nil
}

// cpuSet is libvirt's notation: 0-3,^2.
var cpuSet = regexp.MustCompile(`^\^?[0-9]{1,4}(-[0-9]{1,4})?(,\^?[0-9]{1,4}(-[0-9]{1,4})?){0,63}$`)

// words are machine types and CPU models.
var words = regexp.MustCompile(`^[A-Za-z0-9._+-]{0,100}$`)

// layouts are VNC keyboard layouts: en-us.
var layouts = regexp.MustCompile(`^[a-z]{0,3}(-[a-z]{1,3})?$`)

func (r *room) checkTexts(_ *inventory.Tx, what string, _ model.ID, config *model.VMConfig) error {
	for _, text := range []struct {
		name, value string
		most        int
	}{
		{"description", config.Description, maxDescription},
		{"comment", config.Comment, maxDescription},
		{"kernel", config.OS.Kernel, maxPath},
		{"initrd", config.OS.Initrd, maxPath},
		{"cmdline", config.OS.Cmdline, maxCmdline},
		{"time zone", config.TimeZone, 100},
		{"domain", config.Domain, 255},
		{"os type", config.OS.Type, 40},
	} {
		if len(text.value) > text.most {
			return fault.New(fault.Invalid, what, fmt.Sprintf("The %s may have at most %d bytes.", text.name, text.most))
		}
		if strings.ContainsFunc(text.value, control) {
			return fault.New(fault.Invalid, what, fmt.Sprintf("The %s holds control characters.", text.name))
		}
	}
	if !words.MatchString(config.CustomEmulatedMachine) || !words.MatchString(config.CustomCPUModel) {
		return fault.New(fault.Invalid, what, "Machine types and CPU models are single words.")
	}
	if !layouts.MatchString(config.Display.KeyboardLayout) {
		return fault.New(fault.Invalid, what, "The keyboard layout is not a word such as en-us.")
	}
	return nil
}

func control(char rune) bool {
	return char < 0x20 && char != '\t' && char != '\n' && char != '\r' || char == 0x7f
}

// checkProperties refuses custom properties that the engine option
// UserDefinedVMProperties does not allow.
func (r *room) checkProperties(verb string, properties []model.CustomProperty) error {
	if len(properties) == 0 {
		return nil
	}
	allowed := make(map[string]string)
	for entry := range strings.SplitSeq(r.Values.String("UserDefinedVMProperties"), ";") {
		if name, pattern, ok := strings.Cut(entry, "="); ok {
			allowed[name] = pattern
		}
	}
	for _, property := range properties {
		pattern, known := allowed[property.Name]
		if !known {
			return fault.New(fault.UnknownProperty, verb, property.Name)
		}
		if matched, err := regexp.MatchString("^(?:"+pattern+")$", property.Value); err != nil || !matched {
			return fault.New(fault.Invalid, verb+" VM", fmt.Sprintf("The value of the custom property %q is not allowed.", property.Name))
		}
	}
	return nil
}

// CheckNamed is Check with the name of the VM. what is the command in messages.
func CheckNamed(e *engine.Engine, tx *inventory.Tx, what string, vm *model.VM) error {
	return (&room{e}).check(tx, what, vm.ID, &vm.VMConfig)
}

// CheckProperty refuses a custom property that the engine's options do not allow.
func CheckProperty(e *engine.Engine, property model.CustomProperty) error {
	return (&room{e}).checkProperties("edit", []model.CustomProperty{property})
}
