package v3

import (
	"strings"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// Overrides reads what overrides a configuration for one run: the elements that
// api-v3 3.2 names and no others. Of those that cannot be overridden only the
// words are looked at. Elements of initialization and domain that are not given
// are those of the configuration.
func (s *VM) Overrides(of *model.VMConfig, find Finder) (*model.RunOnce, error) {
	read := model.VMConfig{Initialization: of.Initialization, Payloads: of.Payloads}
	if err := s.Apply(&read, anyObject{find}); err != nil {
		return nil, err
	}
	once := &model.RunOnce{
		Stateless:       read.Stateless,
		Boot:            read.OS.Boot,
		CPUShares:       s.CPUShares,
		CPUModel:        s.CustomCPUModel,
		EmulatedMachine: s.CustomEmulatedMachine,
		CDROM:           s.CDROMs.First(),
		Floppy:          s.Floppies.first(),
	}
	if s.Display != nil {
		once.KeyboardLayout = s.Display.KeyboardLayout
		if s.Display.Type != nil {
			once.DisplayType = &read.Display.Type
		}
	}
	if s.BIOS != nil && s.BIOS.BootMenu != nil {
		once.BootMenu = s.BIOS.BootMenu.Enabled
	}
	if s.OS != nil {
		once.Kernel, once.Initrd, once.Cmdline = s.OS.Kernel, s.OS.Initrd, s.OS.Cmdline
	}
	if s.CustomProperties != nil {
		once.CustomProperties = &read.CustomProperties
	}
	if s.Initialization != nil {
		once.Initialization = read.Initialization
		if once.Initialization == nil {
			once.Initialization = &model.Initialization{}
		}
	}
	var err error
	if once.Domain, err = s.Domain.join(of.Domain, find); err != nil {
		return nil, err
	}
	once.Host, err = s.PlacementPolicy.only(find)
	return once, err
}

// join reads the domain that a guest is to join. That there are both a user and a
// password, or neither, is for the engine to see.
func (s *Domain) join(stored string, seal Sealer) (*model.DomainJoin, error) {
	if s == nil || s.Name == nil && s.User == nil {
		return nil, nil
	}
	join := &model.DomainJoin{Name: stored}
	setTrimmed(&join.Name, s.Name)
	if s.User == nil {
		return join, nil
	}
	join.User = (&CloudUser{Name: s.User.Name, UserName: s.User.UserName}).name()
	setSecret(&join.Password, s.User.Password, seal)
	if join.Name == "" {
		return nil, fault.Bad("Incomplete parameters", "If Domain supplied, Domain name expected to be supplied as well.")
	}
	return join, nil
}

// only is the host to run on: the first one named; empty if none is.
func (s *PlacementPolicy) only(find Finder) (model.ID, error) {
	if s == nil {
		return "", nil
	}
	references, _ := s.hosts()
	if len(references) == 0 {
		return "", nil
	}
	return references[0].Resolve(model.KindHost, find)
}

// First is the medium of the first drive: nil if none is named, empty for an
// empty drive.
func (s *CDROMs) First() *string {
	if s == nil || len(s.CDROM) == 0 || s.CDROM[0].File == nil || s.CDROM[0].File.ID == nil {
		return nil
	}
	return new(strings.TrimSpace(*s.CDROM[0].File.ID))
}

func (s *Floppies) first() string {
	if s == nil || len(s.Floppy) == 0 || s.Floppy[0].File == nil || s.Floppy[0].File.ID == nil {
		return ""
	}
	return strings.TrimSpace(*s.Floppy[0].File.ID)
}

// HasCloudInit says whether the request brings data in the form that is
// cloud-init's alone.
func (s *VM) HasCloudInit() bool {
	return s != nil && s.Initialization != nil && s.Initialization.CloudInit != nil
}

// anyObject finds everything. References that a run once cannot override are
// ignored, so it does not matter whether what they name exists.
type anyObject struct{ Sealer }

func (anyObject) Find(model.Kind, string) (model.ID, error) { return model.BlankID, nil }

func (anyObject) Exists(model.Kind, model.ID) bool { return true }
