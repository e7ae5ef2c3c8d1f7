package rest_test

import (
	"strings"
	"testing"
	"time"

	"vireo/internal/model"
)

// TestHostParts4: what there is below a host in version 4: interfaces, the networks that
// they carry, figures, and what cuts the host off.
func TestHostParts4(t *testing.T) {
	e := newEdge(t)
	host := e.withBridges("br0")
	at := newAPI + "/hosts/" + string(host)
	for deadline := time.Now().Add(10 * time.Second); e.engine.Engine.HostStats(host) == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a host that is connected is not sampled")
		}
	}
	e.engine.Engine.SetHostStats(host, &model.HostStats{
		Taken: time.Unix(1, 0), MemoryTotal: 1000, Known: true, CPUIdle: 87.5,
		NICs: map[string]model.NICStats{"br0": {ReceivedRate: 12.5, SentErrors: 7}},
	})
	e.want(200, "GET", at, "", at+`/nics" rel="nics"`, at+`/fenceagents" rel="fenceagents"`, at+`/statistics" rel="statistics"`, "<ksm>", "<power_management>")
	e.want(200, "GET", at+"/statistics", "", "<name>memory.total</name>", "<kind>gauge</kind>", "<type>integer</type>", "<unit>bytes</unit>", "<datum>1000</datum>", `<host href="`+at+`"`)
	total := "7816602b-c05c-3db7-a4da-3769f7ad8896"
	e.want(200, "GET", at+"/statistics/"+total, "", "memory.total")
	e.want(404, "GET", at+"/statistics/"+string(model.NewID()), "", "Entity not found")
	e.want(404, "GET", newAPI+"/hosts/"+string(model.NewID())+"/statistics", "", "Entity not found")

	bridge := at + "/nics/" + string(model.HostNICID(host, "br0"))
	e.want(200, "GET", at+"/nics", "", "<name>eth0</name>", "<bridged>true</bridged>", "<speed>1000000000</speed>")
	e.want(200, "GET", bridge, "", "<status>up</status>", `<host href="`+at+`"`, bridge+`/statistics" rel="statistics"`)
	e.want(404, "GET", at+"/nics/"+string(model.NewID()), "", "Entity not found")
	id := idIn(e.t, e.want(200, "GET", bridge+"/statistics", "", "data.current.rx", "<datum>12.5</datum>", "<kind>counter</kind>", `<host_nic href="`+bridge+`"`))
	e.want(200, "GET", bridge+"/statistics/"+id, "", "data.current.rx")
	e.want(404, "GET", at+"/nics/"+string(model.NewID())+"/statistics", "", "Entity not found")
	if answered := e.do("GET", at+"/nics", "", "Accept: application/json").Body.String(); !strings.Contains(answered, `"host_nic"`) {
		t.Errorf("in JSON the interfaces are %s", answered)
	}

	blue := e.make(newAPI+"/networks", `<network><name>blue</name><data_center><name>Default</name></data_center></network>`)
	cluster := e.first(newAPI + "/clusters")
	e.want(201, "POST", newAPI+"/clusters/"+cluster+"/networks", `<network id="`+blue+`"><required>false</required></network>`)
	list := at + "/networkattachments"
	e.want(400, "POST", list, "<network_attachment/>", "NetworkAttachment [network.id|name, hostNic.id|name] required for add")
	wanted := func(nic, more string) string {
		return `<network_attachment><network id="` + blue + `"/><host_nic><name>` + nic + `</name></host_nic>` + more + `</network_attachment>`
	}
	e.want(404, "POST", list, wanted("br7", ""), "HostNIC")
	e.want(400, "POST", list, wanted("br0", "<ip_address_assignments><ip_address_assignment><assignment_method>dhcp</assignment_method></ip_address_assignment></ip_address_assignments>"), "Addresses of hosts are set on the hosts")
	e.want(400, "POST", list, wanted("br0", "<properties><property><name>a</name></property></properties>"), "Properties of network attachments")
	made := e.make(list, wanted("br0", ""))
	e.want(200, "GET", list, "", made)
	e.want(200, "GET", bridge, "", `<network href="`+newAPI+`/networks/`+blue+`"`)
	e.want(409, "PUT", list+"/"+made, `<network_attachment id="`+string(model.NewID())+`"/>`, "immutable")
	e.want(200, "PUT", list+"/"+made, `<network_attachment><host_nic id="`+string(model.HostNICID(host, "br0"))+`"/></network_attachment>`, "<name>br0</name>")
	e.want(404, "PUT", newAPI+"/hosts/"+string(model.NewID())+"/networkattachments/"+made, "<network_attachment/>", "Entity not found")
	e.want(200, "DELETE", list+"/"+made, "", "complete")
	e.want(404, "GET", list+"/"+made, "", "Entity not found")

	agents := at + "/fenceagents"
	e.want(400, "POST", agents, "<agent><type>ipmilan</type></agent>", "Agent [address, order] required for add")
	agent := e.make(agents, `<agent><type>ipmilan</type><address>192.0.2.9</address><order>1</order><username>root</username><password>s3cret</password>
		<port>623</port><options><option><name>lanplus</name><value>1</value></option><option><name>snmp_priv_passwd</name><value>s3cret too</value></option></options></agent>`)
	if said := e.want(200, "GET", agents, "", "<type>ipmilan</type>", "<name>lanplus</name>", "<port>623</port>"); strings.Contains(said, "s3cret") {
		t.Error("the password of an agent is shown")
	}
	if said := e.want(200, "PUT", agents+"/"+agent, `<agent><options><option><name>snmp_priv_passwd</name><value/></option></options></agent>`, "<name>snmp_priv_passwd</name>"); strings.Contains(said, "s3cret") || strings.Contains(said, "lanplus") {
		t.Errorf("the options of an agent are %s", said)
	}
	e.want(200, "PUT", at, "<host><power_management><enabled>true</enabled></power_management></host>", "<power_management>")
	e.want(409, "PUT", agents+"/"+agent, `<agent id="`+string(model.NewID())+`"/>`, "immutable")
	e.want(200, "PUT", agents+"/"+agent, "<agent><order>2</order></agent>", "<order>2</order>", "<address>192.0.2.9</address>")
	e.want(404, "PUT", agents+"/"+string(model.NewID()), "<agent><order>2</order></agent>", "Entity not found")
	e.want(404, "DELETE", agents+"/"+string(model.NewID()), "", "Entity not found")
	e.want(200, "PUT", at, "<host><power_management><enabled>false</enabled></power_management></host>", "<enabled>false</enabled>")
	e.want(200, "DELETE", agents+"/"+agent, "", "complete")
	e.want(404, "GET", agents+"/"+agent, "", "Entity not found")

	center := e.first(newAPI + "/datacenters")
	within := newAPI + "/datacenters/" + center + "/networks/" + blue
	e.want(200, "GET", within, "", "<name>blue</name>")
	e.want(200, "PUT", within, "<network><description>sky</description></network>", "<description>sky</description>")
	e.want(404, "GET", newAPI+"/datacenters/"+string(model.NewID())+"/networks/"+blue, "", "Entity not found")
	e.want(200, "DELETE", within, "", "complete")
	vm := e.addVM("web")
	e.want(200, "GET", newAPI+"/vms/"+vm+"/statistics", "", "memory.installed", "<unit>bytes</unit>", `<vm href="`+newAPI+`/vms/`+vm+`"`)
	e.want(404, "GET", newAPI+"/vms/"+vm+"/statistics/"+string(model.NewID()), "", "Entity not found")
}

// make makes an object and gives its id.
func (e *edge) make(path, body string) string {
	e.t.Helper()
	return idIn(e.t, e.want(201, "POST", path, body))
}

// first is the id of the first object of a list.
func (e *edge) first(path string) string {
	e.t.Helper()
	return idIn(e.t, e.want(200, "GET", path, ""))
}
