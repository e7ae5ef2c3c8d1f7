package rest_test

import (
	"slices"
	"strings"
	"testing"

	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/server"
)

// withBridges gives the host of an edge bridges that the engine has seen.
func (e *edge) withBridges(names ...string) model.ID {
	e.t.Helper()
	e.world.Machine(e.engine.Inventory.Hosts.All()[0].Address).SetBridges(names...)
	host := e.engine.Inventory.Hosts.All()[0].ID
	e.edit(func(tx *inventory.Tx) {
		edited, _ := tx.Hosts.Edit(host)
		edited.Facts.Bridges = slices.Sorted(slices.Values(names))
		for _, name := range names {
			edited.Facts.NICs = append(edited.Facts.NICs, model.HostNIC{Name: name, MAC: "02:fa:fa:00:00:00", MTU: 9000, Up: true, Bridge: true})
		}
	})
	return host
}

// TestNetworks drives a network over version 3 through its whole life.
func TestNetworks(t *testing.T) {
	e := newEdge(t)
	center, cluster := "/api/datacenters/"+string(server.DefaultDataCenter), "/api/clusters/"+string(server.DefaultCluster)
	for _, refused := range []struct {
		code       int
		body, want string
	}{
		{400, "<network/>", "Network [name, dataCenter.id|name] required for add"},
		{404, "<network><name>blue</name><data_center><name>x</name></data_center></network>", "Entity not found: Datacenter: name=x"},
		{400, "<network><name>ovirtmgmt</name><data_center><name>Default</name></data_center></network>", "choose another name"},
		{400, "<network><name>b</name><data_center><name>Default</name></data_center><usages><usage>x</usage></usages></network>", "is not a member of NetworkUsage"},
		{400, "<network><name>b</name><data_center><name>Default</name></data_center><usages><usage>migration</usage></usages></network>", "no other network"},
		{400, "<network><name>b</name><data_center><name>Default</name></data_center><stp>true</stp></network>", "spanning tree"},
		{400, "<network><name>b</name><data_center><name>Default</name></data_center><ip address=\"10.0.0.1\"/></network>", "Addresses of hosts"},
	} {
		e.want(refused.code, "POST", "/api/networks", refused.body, refused.want)
	}
	made := e.want(201, "POST", center+"/networks", `<network><name>blue</name><description>sky</description><vlan id="5"/><mtu>9000</mtu></network>`,
		`<vlan id="5"/>`, "<mtu>9000</mtu>", "<usage>vm</usage>", "<description>sky</description>", "/vnicprofiles")
	blue := idIn(t, made)
	e.want(200, "GET", "/api/networks?search=vlanid%3D5+and+vmnetwork%3Dtrue", "", blue, "!ovirtmgmt")
	e.want(200, "PUT", "/api/networks/"+blue, "<network><comment>ours</comment></network>", "<comment>ours</comment>", "<mtu>9000</mtu>")
	e.want(200, "GET", center+"/networks/"+blue, "", "blue")
	e.want(404, "GET", "/api/datacenters/"+unknownID+"/networks/"+blue, "")

	e.want(200, "GET", cluster+"/networks", "", "ovirtmgmt", "<display>true</display>", "<required>true</required>", "!blue")
	e.want(400, "POST", cluster+"/networks", "<network/>", "Network [id|name] required for add")
	e.want(400, "POST", cluster+"/networks", "<network><name>blue</name><display>true</display></network>", "no other network")
	e.want(201, "POST", cluster+"/networks", "<network><name>blue</name></network>", "<state>non_operational</state>", "<required>true</required>", cluster+"/networks/"+blue)
	e.want(200, "PUT", cluster+"/networks/"+blue, "<network><required>false</required></network>", "<required>false</required>")
	host := e.withBridges("br1")
	hostNICs := "/api/hosts/" + string(host) + "/nics"
	nic := string(model.HostNICID(host, "br1"))
	e.want(200, "GET", hostNICs, "", "<name>eth0</name>", "<name>br1</name>", "<bridged>true</bridged>", "<mtu>9000</mtu>", "<speed>1000000000</speed>", "!"+blue)
	at := "/api/hosts/" + string(host) + "/networkattachments"
	e.want(400, "POST", at, "<network_attachment/>", "NetworkAttachment [network.id|name, hostNic.id|name] required for add")
	e.want(404, "POST", at, "<network_attachment><network><name>blue</name></network><host_nic><name>br7</name></host_nic></network_attachment>", "Entity not found: HostNIC: name=br7")
	e.want(409, "POST", at, "<network_attachment><network><name>blue</name></network><host_nic><name>eth0</name></host_nic></network_attachment>", "is not a bridge")
	attachment := idIn(t, e.want(201, "POST", at, `<network_attachment><network><name>blue</name></network><host_nic id="`+nic+`"/></network_attachment>`, "<name>br1</name>", nic))
	e.want(200, "GET", at, "", attachment, blue)
	e.want(200, "GET", at+"/"+attachment, "", attachment)
	e.want(200, "PUT", at+"/"+attachment, "<network_attachment><host_nic><name>br1</name></host_nic></network_attachment>", attachment)
	e.want(200, "GET", hostNICs+"/"+nic, "", blue)
	e.want(200, "GET", cluster+"/networks/"+blue, "", "<state>operational</state>")

	profiles := e.want(200, "GET", "/api/networks/"+blue+"/vnicprofiles", "", "<name>blue</name>", "<mode>disabled</mode>")
	profile := idIn(t, profiles[strings.Index(profiles, "<vnic_profile "):])
	vm := "/api/vms/" + e.addVM("web")
	added := e.want(201, "POST", vm+"/nics", `<nic><name>nic1</name><vnic_profile id="`+profile+`"/></nic>`, `<network href="/api/networks/`+blue, profile)
	e.want(409, "DELETE", "/api/networks/"+blue, "", "used by these VMs and templates: web")
	e.want(200, "PUT", vm+"/nics/"+idIn(t, added), "<nic><network/></nic>", "!vnic_profile", "!<network")
	e.want(200, "DELETE", at+"/"+attachment, "")
	e.want(200, "DELETE", cluster+"/networks/"+blue, "")
	e.want(404, "GET", cluster+"/networks/"+blue, "")
	e.want(200, "DELETE", "/api/networks/"+blue, "", "<state>complete</state>")
	e.want(404, "GET", "/api/vnicprofiles/"+profile, "")
	e.want(409, "DELETE", "/api/networks/"+string(server.ManagementNetwork), "", "mandatory")
}

// TestNetworks4 drives networks, profiles and pools over version 4.
func TestNetworks4(t *testing.T) {
	e := newEdge(t)
	const at = "/ovirt-engine/api/v4/"
	e.want(200, "GET", at+"networks", "", "<name>ovirtmgmt</name>", "<vdsm_name>ovirtmgmt</vdsm_name>", "<usage>management</usage>")
	e.want(200, "GET", at+"networks?search=name%3Dnone", "", "!<network ")
	management := string(server.ManagementNetwork)
	e.want(200, "GET", at+"networks/"+management+"/vnicprofiles", "", "<name>ovirtmgmt</name>", "<mode>disabled</mode>", management)
	e.want(200, "GET", at+"clusters/"+string(server.DefaultCluster)+"/networks/"+management, "", "<status>operational</status>", "<required>true</required>")
	e.want(200, "GET", at+"datacenters/"+string(server.DefaultDataCenter)+"/networks", "", management)
	e.want(200, "GET", at+"vnicprofiles/0000000a-000a-000a-000a-000000000398", "", "<migratable>true</migratable>")
	e.want(200, "GET", at+"macpools/"+string(model.DefaultMACPool), "", "<default_pool>true</default_pool>", "<from>00:1a:4a:16:01:51</from>")

	blue := idIn(t, e.want(201, "POST", at+"networks", `<network><name>blue</name><mtu>9000</mtu><vlan id="5"/><data_center><name>Default</name></data_center></network>`, "<mtu>9000</mtu>", `<vlan id="5"/>`))
	e.want(400, "POST", at+"networks", "<network/>", "Network [name, dataCenter.id|name] required for add")
	e.want(400, "PUT", at+"networks/"+blue, "<network><port_isolation>true</port_isolation></network>", "isolated")
	e.want(200, "PUT", at+"networks/"+blue, "<network><mtu>1400</mtu></network>", "<mtu>1400</mtu>")
	in := at + "clusters/" + string(server.DefaultCluster) + "/networks"
	e.want(400, "POST", in, "<network/>", "Network [id|name] required for add")
	e.want(400, "POST", in, "<network><name>blue</name><usages><usage>migration</usage></usages></network>", "no other network")
	e.want(201, "POST", in, "<network><name>blue</name></network>", "<status>non_operational</status>", "<required>true</required>")
	e.want(200, "PUT", in+"/"+blue, "<network><required>false</required></network>", "<required>false</required>")
	e.want(400, "POST", at+"vnicprofiles", "<vnic_profile/>", "VnicProfile [name, network.id] required for add")
	e.want(400, "POST", at+"vnicprofiles", `<vnic_profile><name>x</name><network id="`+blue+`"/><port_mirroring>true</port_mirroring></vnic_profile>`, "Port mirroring")
	profile := idIn(t, e.want(201, "POST", at+"vnicprofiles", `<vnic_profile><name>x</name><network id="`+blue+`"/></vnic_profile>`, blue))
	e.want(200, "PUT", at+"vnicprofiles/"+profile, "<vnic_profile><name>y</name></vnic_profile>", "<name>y</name>")
	e.want(200, "DELETE", at+"vnicprofiles/"+profile, "", "<status>complete</status>")
	pool := idIn(t, e.want(201, "POST", at+"macpools", "<mac_pool><name>p</name><ranges><range><from>02:00:00:00:00:01</from><to>02:00:00:00:00:02</to></range></ranges></mac_pool>"))
	e.want(200, "PUT", at+"macpools/"+pool, "<mac_pool><allow_duplicates>true</allow_duplicates></mac_pool>", "<allow_duplicates>true</allow_duplicates>", "02:00:00:00:00:02")
	e.want(200, "DELETE", at+"macpools/"+pool, "")
	e.want(200, "DELETE", in+"/"+blue, "")
	e.want(200, "DELETE", at+"networks/"+blue, "")
	e.want(404, "GET", at+"networks/"+blue, "")
}

// TestProfiles: what a vNIC profile cannot do is refused.
func TestProfiles(t *testing.T) {
	e := newEdge(t)
	of := "/api/networks/" + string(server.ManagementNetwork) + "/vnicprofiles"
	e.want(400, "POST", "/api/vnicprofiles", "<vnic_profile/>", "VnicProfile [name, network.id] required for add")
	e.want(400, "POST", of, "<vnic_profile><name>x</name><port_mirroring>true</port_mirroring></vnic_profile>", "Port mirroring is not supported.")
	e.want(400, "POST", of, "<vnic_profile><name>x</name><pass_through><mode>enabled</mode></pass_through></vnic_profile>", "passed through")
	e.want(400, "POST", of, "<vnic_profile><name>x</name><pass_through><mode>maybe</mode></pass_through></vnic_profile>", "is not a member of VnicPassThroughMode")
	e.want(400, "POST", of, `<vnic_profile><name>x</name><custom_properties><custom_property name="a" value="b"/></custom_properties></vnic_profile>`, "Custom properties")
	e.want(404, "POST", of, `<vnic_profile><name>x</name><qos id="`+unknownID+`"/></vnic_profile>`, "Entity not found: Qos")
	id := idIn(t, e.want(201, "POST", of, "<vnic_profile><name>x</name><port_mirroring>false</port_mirroring><pass_through><mode>disabled</mode></pass_through></vnic_profile>"))
	at := "/api/vnicprofiles/" + id
	e.want(200, "PUT", at, "<vnic_profile><name>y</name><description>d</description></vnic_profile>", "<name>y</name>", "<description>d</description>")
	e.want(409, "PUT", at, `<vnic_profile id="`+unknownID+`"/>`, "Attempt to set immutable field: id")
	e.want(200, "GET", "/api/vnicprofiles", "", "<name>y</name>", "<name>ovirtmgmt</name>", "0000000a-000a-000a-000a-000000000398")
	given := e.give(at, string(server.Administrator), "VnicProfileUser")
	e.want(200, "GET", at+"/permissions", "", given)
	e.want(404, "GET", "/api/networks/"+unknownID+"/vnicprofiles/"+id, "")
	e.want(200, "DELETE", of+"/"+id, "")
	e.want(404, "GET", "/api/permissions/"+given, "")
}

// TestWhoMayConnect: who may change the network interfaces of a VM connects them by the
// profiles alone that the user may use (api-v3 appendix C).
func TestWhoMayConnect(t *testing.T) {
	e := newEdge(t)
	alice := e.addUser("alice")
	of := "/api/networks/" + string(server.ManagementNetwork) + "/vnicprofiles"
	open := "/api/vnicprofiles/0000000a-000a-000a-000a-000000000398"
	closed := idIn(t, e.want(201, "POST", of, "<vnic_profile><name>few</name></vnic_profile>"))
	everybody := idIn(t, strings.ReplaceAll(e.want(200, "GET", open+"/permissions", "", "eee00000-0000-0000-0000-123456789eee", "def0000a-0000-0000-0000-def000000010"), "<permissions>", ""))
	e.check(e.do("GET", "/api", "", as("alice")), 401, "that everybody may use a network lets nobody in")

	vm := "/api/vms/" + e.addVM("hers")
	e.give(vm, alice, "UserVmManager")
	nic := func(name, profile string) string {
		return "<nic><name>" + name + `</name><vnic_profile id="` + profile + `"/></nic>`
	}
	const refusal = "User is not authorized to perform this action."
	made := e.do("POST", vm+"/nics", "<nic><name>nic1</name><network><name>ovirtmgmt</name></network></nic>", as("alice"), filter)
	e.check(made, 201, "by what everybody may use")
	first := vm + "/nics/" + idIn(t, made.Body.String())
	e.check(e.do("POST", vm+"/nics", nic("nic2", closed), as("alice"), filter), 404, "by what few may use", "Entity not found: VnicProfile: id="+closed)
	e.check(e.do("PUT", first, nic("nic1", closed), as("alice"), filter), 404, "by what few may use, later")
	reader := e.give("/api/vnicprofiles/"+closed, alice, "UserRole")
	e.check(e.do("PUT", first, nic("nic1", closed), as("alice"), filter), 400, "by what she sees and may not use", refusal)
	e.want(200, "DELETE", "/api/permissions/"+reader, "")
	e.check(e.do("POST", vm+"/nics", "<nic><name>loose</name></nic>", as("alice"), filter), 201, "by nothing")
	given := e.give("/api/vnicprofiles/"+closed, alice, "VnicProfileUser")
	e.check(e.do("PUT", first, nic("nic1", closed), as("alice"), filter), 200, "by what she may use", closed)
	e.want(200, "DELETE", "/api/permissions/"+given, "")
	e.check(e.do("PUT", first, "<nic><linked>false</linked></nic>", as("alice"), filter), 200, "what is not connected anew", closed)

	e.want(200, "DELETE", open+"/permissions/"+everybody, "")
	e.check(e.do("PUT", first, "<nic><network><name>ovirtmgmt</name></network></nic>", as("alice"), filter), 200, "it stays where it is")
	e.check(e.do("POST", vm+"/nics", "<nic><name>nic3</name><network><name>ovirtmgmt</name></network></nic>", as("alice"), filter), 400, "nobody may use it", refusal)
	e.want(201, "POST", vm+"/nics", nic("nic3", closed))
	e.check(e.do("POST", vm+"/nics", nic("nic4", unknownID), as("alice"), filter), 404, "what is not there")
	e.check(e.do("POST", vm+"/nics", nic("nic3", "odd id"), as("alice"), filter), 400, "what cannot be", "is not a valid id")
}

// TestMACPools drives a pool over version 3.
func TestMACPools(t *testing.T) {
	e := newEdge(t)
	center := "/api/datacenters/" + string(server.DefaultDataCenter)
	e.want(200, "GET", "/api/macpools", "", "<name>Default</name>", "<default_pool>true</default_pool>", "<from>00:1a:4a:16:01:51</from>", "<to>00:1a:4a:16:ff:ff</to>")
	e.want(200, "GET", center, "", `<mac_pool href="/api/macpools/`+string(model.DefaultMACPool))
	e.want(400, "POST", "/api/macpools", "<mac_pool/>", "MacPool [name, ranges.range] required for add")
	const ranges = "<ranges><range><from>02:00:00:00:00:01</from><to>02:00:00:00:00:01</to></range></ranges>"
	e.want(400, "POST", "/api/macpools", "<mac_pool><name>x</name><default_pool>true</default_pool>"+ranges+"</mac_pool>", "default MAC pool")
	id := idIn(t, e.want(201, "POST", "/api/macpools", "<mac_pool><name>small</name>"+ranges+"</mac_pool>", "<allow_duplicates>false</allow_duplicates>"))
	e.want(200, "PUT", "/api/macpools/"+id, "<mac_pool><description>one only</description></mac_pool>", "<from>02:00:00:00:00:01</from>")
	e.want(200, "PUT", center, `<data_center><mac_pool id="`+id+`"/></data_center>`, id)
	vm := "/api/vms/" + e.addVM("web")
	e.want(201, "POST", vm+"/nics", "<nic><name>nic1</name></nic>", "02:00:00:00:00:01")
	e.want(409, "POST", vm+"/nics", "<nic><name>nic2</name></nic>", "has not enough addresses left")
	e.want(409, "POST", vm+"/nics", `<nic><name>nic2</name><mac address="02:00:00:00:00:01"/></nic>`, "is in use already")
	e.want(409, "DELETE", "/api/macpools/"+id, "", "used by these data centers: Default")
	e.want(200, "PUT", center, `<data_center><mac_pool id="`+string(model.DefaultMACPool)+`"/></data_center>`)
	e.want(200, "DELETE", "/api/macpools/"+id, "")
	e.want(409, "DELETE", "/api/macpools/"+string(model.DefaultMACPool), "", "cannot be removed")
}
