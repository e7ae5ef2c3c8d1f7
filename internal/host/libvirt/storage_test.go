package libvirt

import (
	"errors"
	"strings"
	"testing"

	"vireo/internal/host"
)

// TestPoolOf: what a host is told to mount, and what it cannot mount.
func TestPoolOf(t *testing.T) {
	for _, test := range []struct {
		name  string
		mount host.StorageMount
		want  []string // parts of the definition; none is a refusal
	}{
		{
			"NFS",
			host.StorageMount{
				Path: "/data/mnt/nas:_x", Address: "nas", Source: "/x", Type: "nfs", Options: []string{"soft", "timeo=600"}, NFSVersion: "4.1",
			},
			[]string{
				`type="netfs"`, `<host name="nas"></host>`, `<dir path="/x"></dir>`, `<format type="nfs"></format>`, `<protocol ver="4.1">`,
				`<path>/data/mnt/nas:_x</path>`, `name="soft"`, `name="timeo=600"`,
			},
		},
		{
			"IPv6",
			host.StorageMount{Path: "/m", Address: "[fd00::1]", Source: "/x", Type: "nfs"},
			[]string{`<host name="fd00::1"></host>`},
		},
		{
			"a device",
			host.StorageMount{Path: "/m", Source: "/dev/mapper/lun", Type: "xfs"},
			[]string{`type="fs"`, `<device path="/dev/mapper/lun">`, `<format type="xfs">`},
		},
		{"FUSE", host.StorageMount{Path: "/m", Source: "x", Type: "fuse.sshfs"}, nil},
		{"a server's ext4", host.StorageMount{Path: "/m", Address: "nas", Source: "/x", Type: "ext4"}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, err := poolOf(test.mount)
			refused, ok := errors.AsType[*host.RefusedError](err)
			if (len(test.want) == 0) != (ok && refused.Code == host.RefusedUnsupported) {
				t.Fatalf("%q, %v", text, err)
			}
			for _, part := range test.want {
				if !strings.Contains(text, part) {
					t.Errorf("there is no %s in %s", part, text)
				}
			}
		})
	}
	if poolName("/a") == poolName("/b") {
		t.Error("the names of pools do not tell directories apart")
	}
	if quoted("it's") != `'it'\''s'` {
		t.Errorf("quoted is %s", quoted("it's"))
	}
}
