package libvirt

import (
	"errors"
	"testing"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
)

// TestMigrates: only a libvirt that tells of the work on a guest says that it does not
// migrate, and not one that is too busy to tell.
func TestMigrates(t *testing.T) {
	out := int32(libvirt.DomainJobOperationStrMigrationOut)
	job := func(kind libvirt.DomainJobType, operation int32) fields {
		made := newFields([]libvirt.TypedParam{{Field: "operation", Value: *libvirt.NewTypedParamValueInt(operation)}})
		made["type"] = kind
		return made
	}
	busy := translate("asking", libvirt.Error{Code: uint32(libvirt.ErrOperationTimeout), Message: "cannot acquire state change lock"})
	for name, each := range map[string]struct {
		job     fields
		err     error
		want    host.MigrationState
		wantErr error
	}{
		"it migrates":       {job(libvirt.DomainJobUnbounded, out), nil, host.Migrating, nil},
		"no work":           {fields{"type": libvirt.DomainJobNone}, nil, host.MigrationNone, nil},
		"other work":        {job(libvirt.DomainJobUnbounded, out+1), nil, host.MigrationNone, nil},
		"it is over":        {job(libvirt.DomainJobNone, out), nil, host.MigrationNone, nil},
		"busy for too long": {nil, busy, host.MigrationNone, host.ErrUnreachable},
		"it cannot tell":    {nil, translate("asking", libvirt.Error{Code: uint32(libvirt.ErrNoSupport)}), host.MigrationNone, host.ErrRefused},
		"out of reach":      {nil, host.ErrUnreachable, host.MigrationNone, host.ErrUnreachable},
		"not there":         {nil, host.ErrNotFound, host.MigrationNone, host.ErrNotFound},
	} {
		got, err := migrates(each.job, each.err)
		if got != each.want || !errors.Is(err, each.wantErr) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
