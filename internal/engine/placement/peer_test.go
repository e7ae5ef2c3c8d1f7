package placement

import (
	"testing"

	"vireo/internal/model"
)

// TestCarry: what migrations go through, by the addresses of the two hosts and the wish.
func TestCarry(t *testing.T) {
	const tls, ssh, tcp = "qemu+tls://h/system", "h.example.com", "qemu+tcp://h/system"
	for _, test := range []struct {
		from, to, vm, cluster string
		tunnel                bool
		want                  Carriage
		refused               bool
	}{
		{from: tls, to: tls, want: Carriage{Encrypted: true}},
		{from: tls, to: tls, vm: "inherit", cluster: "true", want: Carriage{Encrypted: true}},
		{from: tls, to: tls, vm: "false", cluster: "true"},
		{from: tls, to: tls, tunnel: true, want: Carriage{Tunnelled: true}},
		{from: tls, to: ssh},
		{from: ssh, to: ssh},
		{from: ssh, to: ssh, cluster: "true", want: Carriage{Tunnelled: true}},
		{from: ssh, to: tls, vm: "true", want: Carriage{Tunnelled: true}},
		{from: tls, to: tcp},
		{from: tls, to: tcp, vm: "true", refused: true},
		{from: tcp, to: tcp, tunnel: true, want: Carriage{Tunnelled: true}},
		{from: tcp, to: tcp, tunnel: true, vm: "true", refused: true},
	} {
		vm, cluster := &model.VM{}, &model.Cluster{}
		vm.Migration.Encrypted, cluster.Migration.Encrypted = test.vm, test.cluster
		vm.TunnelMigration = test.tunnel
		got, ok := Carry(&model.Host{Address: test.from}, &model.Host{Address: test.to}, cluster, vm)
		if ok == test.refused || ok && got != test.want {
			t.Errorf("%+v: %+v, %v", test, got, ok)
		}
	}
}
