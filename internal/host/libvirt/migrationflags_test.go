package libvirt

import (
	"slices"
	"testing"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
)

// TestMigrationFlags: what a migration is to be like, in libvirt's words.
func TestMigrationFlags(t *testing.T) {
	for flag, migration := range map[libvirt.DomainMigrateFlags]host.Migration{
		0:                           {},
		libvirt.MigrateAutoConverge: {AutoConverge: true},
		libvirt.MigrateCompressed:   {Compressed: true},
		libvirt.MigrateTLS:          {Encrypted: true},
		libvirt.MigrateTunnelled:    {Tunnelled: true},
		libvirt.MigratePostcopy:     {PostCopy: true},
	} {
		if got := migrationFlags(migration); got != migrateFlags|flag {
			t.Errorf("%+v has the flags %b, want %b", migration, got, migrateFlags|flag)
		}
	}
}

// TestLinkParameters: the name of the destination is the one that it is known by; libvirt
// refuses any where it carries the migration itself.
func TestLinkParameters(t *testing.T) {
	names := func(migration host.Migration) (found []string) {
		for _, each := range linkParameters(migration) {
			found = append(found, each.Field)
		}
		return found
	}
	to := host.Migration{To: "qemu+tls://[2001:db8::1]/system", Bandwidth: 5}
	if got := names(to); !slices.Equal(got, []string{libvirt.MigrateParamURI, libvirt.MigrateParamBandwidth}) {
		t.Errorf("the parameters are %v", got)
	}
	if uri := linkParameters(to)[0].Value.I; uri != "tcp://[2001:db8::1]" {
		t.Errorf("the destination is %v", uri)
	}
	to.Tunnelled, to.Bandwidth = true, 0
	if got := names(to); len(got) > 0 {
		t.Errorf("of what is tunnelled the parameters are %v", got)
	}
}

// TestPostCopyStates: where part of a guest's memory is on another host.
func TestPostCopyStates(t *testing.T) {
	for _, test := range []struct {
		state, reason int32
		want          bool
	}{
		{int32(libvirt.DomainRunning), int32(libvirt.DomainRunningPostcopy), true},
		{int32(libvirt.DomainRunning), int32(libvirt.DomainRunningPostcopyFailed), true},
		{int32(libvirt.DomainRunning), int32(libvirt.DomainRunningMigrated), false},
		{int32(libvirt.DomainPaused), int32(libvirt.DomainPausedPostcopy), true},
		{int32(libvirt.DomainPaused), int32(libvirt.DomainPausedPostcopyFailed), true},
		{int32(libvirt.DomainPaused), int32(libvirt.DomainPausedMigration), false},
		{int32(libvirt.DomainShutoff), int32(libvirt.DomainShutoffMigrated), false},
	} {
		if got := inPostCopy(test.state, test.reason); got != test.want {
			t.Errorf("state %d, reason %d: %v", test.state, test.reason, got)
		}
	}
	if _, pause, _ := stateOf(int32(libvirt.DomainPaused), int32(libvirt.DomainPausedPostcopyFailed)); pause != host.PausePostCopy {
		t.Errorf("a guest that is broken in two is paused as %q", pause)
	}
}
