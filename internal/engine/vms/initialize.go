package vms

import (
	"cmp"
	"context"
	"strings"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/seed"
)

// The names of the seeds, which are parts of file names on hosts.
const (
	seedCloudInit     = "cloud-init"
	seedSysprep       = "sysprep"
	seedPayloadCDROM  = "payload-cdrom"
	seedPayloadFloppy = "payload-floppy"
)

// initializationOf says what initializes the guest of a start: what the request
// asks for, and sysprep for a Windows guest that is to join a domain (api-v3 3.3,
// example 15.47). What is stored alone begins nothing.
func initializationOf(params *StartParams, vm *model.VM) model.InitializationType {
	switch {
	case params.Initialization != model.InitializationNone:
		return params.Initialization
	case params.Once != nil && params.Once.Domain != nil && windows(&vm.VMConfig):
		return model.InitializationSysprep
	default:
		return model.InitializationNone
	}
}

// checkSeeds refuses a start whose guest could not be given what initializes it,
// and payloads that are in the way (api-v3 3.2, 3.3). vm is as it will run.
func (r *room) checkSeeds(call *engine.Call, vm *model.VM) error {
	if err := checkDrives(call.Verb, vm); err != nil {
		return err
	}
	if vm.Run.Initialization == model.InitializationSysprep {
		if err := r.checkJoin(call.Verb, vm); err != nil {
			return err
		}
	}
	if vm.Run.Initialization == model.InitializationNone && len(vm.Payloads) == 0 {
		return nil
	}
	// The images are made for the check: what cannot be made is refused before
	// anything has changed, and others need not wait for it.
	_, err := engine.Outside(call, "seeds", func(context.Context) ([]host.Seed, error) { return r.seeds(vm) })
	return err
}

// seeds are the images that a run's guest finds in drives of its own, the same
// ones each time. vm is as it runs. They hold secrets.
func (r *room) seeds(vm *model.VM) ([]host.Seed, error) {
	var made []host.Seed
	switch vm.Run.Initialization {
	case model.InitializationCloudInit:
		image, err := r.configDrive(vm)
		if err != nil {
			return nil, err
		}
		made = append(made, host.Seed{Name: seedCloudInit, Drive: host.SeedCDROM, Image: image})
	case model.InitializationSysprep:
		image, err := r.answerFloppy(vm)
		if err != nil {
			return nil, err
		}
		made = append(made, host.Seed{Name: seedSysprep, Drive: host.SeedFloppy, Image: image})
	case model.InitializationNone:
	}
	for _, payload := range vm.Payloads {
		one, err := r.payload(payload)
		if err != nil {
			return nil, err
		}
		made = append(made, one)
	}
	return made, nil
}

// configDrive is the CD that cloud-init reads.
func (r *room) configDrive(vm *model.VM) ([]byte, error) {
	reveal := r.revealing()
	wanted := cloudInit(reveal, vm)
	if reveal.err != nil {
		return nil, reveal.err
	}
	files, err := wanted.ConfigDrive()
	if err != nil {
		return nil, invalidRun(err)
	}
	image, err := seed.ISO(seed.ConfigDriveLabel, files)
	if err != nil {
		return nil, invalidRun(err)
	}
	return image, nil
}

// cloudInit is a VM's initialization in plain text. A guest without a host name of
// its own is called as its VM, where that can be a host name.
func cloudInit(reveal *revealing, vm *model.VM) seed.CloudInit {
	wanted := seed.CloudInit{Instance: string(vm.Run.Instance)}
	if seed.IsHostName(vm.Name) {
		wanted.HostName = vm.Name
	}
	from := vm.Initialization
	if from == nil {
		return wanted
	}
	wanted.HostName = cmp.Or(from.HostName, wanted.HostName)
	wanted.TimeZone = from.TimeZone
	wanted.UserName, wanted.Password = from.UserName, reveal.text(from.RootPassword)
	wanted.RegenerateSSHKeys = from.RegenerateSSHKeys
	wanted.DNSServers, wanted.DNSSearch = from.DNSServers, from.DNSSearch
	wanted.CustomScript = reveal.text(from.CustomScript)
	for _, user := range from.Users {
		wanted.Users = append(wanted.Users, seed.User{Name: user.Name, Password: reveal.text(user.Password)})
	}
	for _, key := range from.AuthorizedKeys {
		wanted.AuthorizedKeys = append(wanted.AuthorizedKeys, seed.AuthorizedKey{User: cmp.Or(key.User, "root"), Key: key.Key})
	}
	for _, nic := range from.NICs {
		wanted.NICs = append(wanted.NICs, seed.NIC{
			Name: nic.Name, Protocol: string(nic.BootProtocol),
			Address: nic.Address, Netmask: nic.Netmask, Gateway: nic.Gateway, OnBoot: nic.OnBoot,
		})
	}
	for _, file := range from.Files {
		wanted.Files = append(wanted.Files, seed.InjectedFile{Path: file.Path, Content: []byte(reveal.text(file.Content))})
	}
	return wanted
}

// checkInitialization refuses a stored initialization that cloud-init could not
// be given. What Windows is given depends on the start.
func (r *room) checkInitialization(_ *inventory.Tx, what string, _ model.ID, config *model.VMConfig) error {
	if config.Initialization == nil || windows(config) {
		return nil
	}
	reveal := r.revealing()
	wanted := cloudInit(reveal, &model.VM{VMConfig: *config, Run: model.Run{Given: model.Given{Instance: model.BlankID}}})
	if reveal.err != nil {
		return nil // other elements can be changed, also when its secrets are lost
	}
	if err := wanted.Check(); err != nil {
		return fault.New(fault.Invalid, what, sentenceOf(err)).Because(err)
	}
	return nil
}

// invalidRun is the refusal of a start for a value that no guest could be given.
func invalidRun(err error) error {
	return fault.New(fault.Invalid, "run VM", sentenceOf(err)).Because(err)
}

// sentenceOf is an error of package seed, which names no secret, as a sentence. If
// it begins with the name of an element, such as custom_script, that stays.
func sentenceOf(err error) string {
	text := strings.TrimSuffix(err.Error(), ".") + "."
	if first, _, _ := strings.Cut(text, " "); strings.Contains(first, "_") {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// revealing reveals secrets until one cannot be.
type revealing struct {
	room *room
	err  error
}

func (r *room) revealing() *revealing { return &revealing{room: r} }

// text is a secret's text; empty after a failure, which err then tells.
func (r *revealing) text(secret model.Secret) string {
	text, err := r.room.Vault.Reveal(secret)
	if err != nil && r.err == nil {
		r.err = fault.New(fault.SecretLost, "run").Because(err)
	}
	return text
}
