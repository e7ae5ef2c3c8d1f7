package v3

import (
	"fmt"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// absent refuses a reference to a kind of thing of which there is none here, as any
// that names nothing is refused (api-v3 5.2). what is the word for the kind.
func (r *Reference) absent(what string) error {
	switch {
	case !r.given():
		return nil
	case r.ID != nil && *r.ID != "":
		if _, err := model.ParseID(*r.ID); err != nil {
			return fault.Bad("Invalid value", fmt.Sprintf("%q is not a valid id of a %s", shorten(*r.ID), what))
		}
		return fault.Missing(what + ": id=" + shorten(*r.ID))
	}
	return fault.Missing(what + ": name=" + shorten(*r.Name))
}

// checkAbsent refuses what a VM cannot have here: an instance type, a quota, a CPU
// profile, an icon. Empty elements ask for none of these and are taken.
func (s *VM) checkAbsent() error {
	for _, each := range []struct {
		reference *Reference
		what      string
	}{
		{s.InstanceType, "InstanceType"},
		{s.Quota, "Quota"},
		{s.CPUProfile, "CpuProfile"},
		{s.SmallIcon.reference(), "Icon"},
		{s.LargeIcon.reference(), "Icon"},
	} {
		if err := each.reference.absent(each.what); err != nil {
			return err
		}
	}
	for _, icon := range []*Icon{s.SmallIcon, s.LargeIcon} {
		if icon != nil && icon.Data != nil && *icon.Data != "" {
			return unsupported("Icons of VMs are not supported.")
		}
	}
	return nil
}

func (s *Icon) reference() *Reference {
	if s == nil {
		return nil
	}
	return &Reference{ID: s.ID}
}

// checkAbsent refuses what a disk cannot have here.
func (s *Disk) checkAbsent() error {
	if err := s.Quota.absent("Quota"); err != nil {
		return err
	}
	return s.DiskProfile.absent("DiskProfile")
}
