package libvirt

import (
	"reflect"
	"testing"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/model"
)

func TestHostNIC(t *testing.T) {
	for name, each := range map[string]struct {
		isUp bool
		text string
		want model.HostNIC
	}{
		"a card": {
			true, `<interface type='ethernet' name='x'><mtu size='9000'/><link speed='10000' state='up'/><mac address='02:fc:00:00:00:01'/></interface>`,
			model.HostNIC{MTU: 9000, Speed: 10_000_000_000, Up: true},
		},
		"a card of unknown speed": {true, `<interface type='ethernet' name='x'><link speed='4294967295' state='down'/></interface>`, model.HostNIC{}},
		"a bridge with a VLAN, and a guest's interface": {
			true, `<interface type='bridge' name='x'><mtu size='1500'/><bridge stp='off' delay='1500'>
			<interface type='ethernet' name='vnet3'/><interface type='vlan' name='eth0.5'><vlan tag='5'><interface name='eth0'/></vlan></interface></bridge></interface>`,
			model.HostNIC{MTU: 1500, Up: true, Bridge: true, Ports: []string{"eth0.5"}},
		},
		"a VLAN": {false, `<interface type='vlan' name='x'><vlan tag='5'><interface name='eth0'/></vlan></interface>`, model.HostNIC{VLAN: 5, Base: "eth0"}},
	} {
		t.Run(name, func(t *testing.T) {
			each.want.Name, each.want.MAC = "x", "02:fc:00:00:00:0a"
			got, ok := hostNIC(libvirt.Interface{Name: "x", Mac: "02:FC:00:00:00:0A"}, each.text, each.isUp)
			if !ok || !reflect.DeepEqual(got, each.want) {
				t.Errorf("it is\n%+v, want\n%+v", got, each.want)
			}
		})
	}
	if _, ok := hostNIC(libvirt.Interface{Name: "x"}, "<interface", true); ok {
		t.Error("half a document was read")
	}
}

func TestVLANOf(t *testing.T) {
	for text, want := range map[string]int{
		`<network><name>x</name></network>`:                                                             0,
		`<network><name>x</name><vlan><tag id='5'/></vlan></network>`:                                   5,
		`<network><name>x</name><vlan><tag id='5'/><tag id='6'/></vlan></network>`:                      0,
		`<network><name>x</name><vlan trunk='yes'><tag id='5' nativeMode='untagged'/></vlan></network>`: 0,
		`<network><name>x</name><vlan`:                                                                  0,
	} {
		if got := vlanOf(text); got != want {
			t.Errorf("%s: %d, want %d", text, got, want)
		}
	}
}
