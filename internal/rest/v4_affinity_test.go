package rest_test

import (
	"testing"

	"vireo/internal/model"
)

// TestAffinityGroups4 makes, changes, fills and removes an affinity group in version 4.
func TestAffinityGroups4(t *testing.T) {
	e := newEdge(t)
	vm, at := e.addVM("web"), newAPI+"/clusters/"+e.first(newAPI+"/clusters")
	list := at + "/affinitygroups"
	e.want(200, "GET", at, "", list+`" rel="affinitygroups"`)
	e.want(400, "POST", list, "<affinity_group/>", "AffinityGroup [name] required for add")
	e.want(400, "POST", list, "<affinity_group><name>a</name><vms_rule><enabled>false</enabled></vms_rule></affinity_group>", "cannot be switched off")
	e.want(400, "POST", list, "<affinity_group><name>a</name><hosts_rule><enabled>true</enabled></hosts_rule></affinity_group>", "no rule for hosts")
	e.want(400, "POST", list, "<affinity_group><name>a</name><hosts_rule><positive>true</positive></hosts_rule></affinity_group>", "no rule for hosts")
	e.want(404, "POST", newAPI+"/clusters/"+string(model.NewID())+"/affinitygroups", "<affinity_group><name>a</name></affinity_group>", "Entity not found")
	group := list + "/" + e.make(list, "<affinity_group><name>together</name><vms_rule><enabled>true</enabled><positive>true</positive><enforcing>false</enforcing></vms_rule></affinity_group>")
	e.want(200, "GET", group, "", "<positive>true</positive>", "<vms_rule>", "<priority>1</priority>", "<hosts_rule>", "<enabled>false</enabled>", `<cluster href="`+at+`"`, group+`/vms" rel="vms"`)
	e.want(200, "GET", list, "", "<name>together</name>")
	e.want(409, "PUT", group, `<affinity_group id="`+string(model.NewID())+`"/>`, "immutable")
	e.want(200, "PUT", group, "<affinity_group><positive>false</positive></affinity_group>", "<positive>false</positive>")
	e.want(400, "POST", group+"/vms", "<vm/>", "VM [id|name] required for add")
	e.want(404, "POST", group+"/vms", "<vm><name>nobody</name></vm>", "Entity not found")
	e.want(404, "POST", list+"/"+string(model.NewID())+"/vms", "<vm><name>web</name></vm>", "Entity not found")
	e.want(201, "POST", group+"/vms", "<vm><name>web</name></vm>", group+"/vms/"+vm)
	e.want(200, "GET", group+"/vms", "", "<name>web</name>")
	e.want(200, "DELETE", group+"/vms/"+vm, "", "complete")
	e.want(200, "GET", group+"/vms", "", "<vms/>")
	e.want(200, "DELETE", group, "", "complete")
	e.want(404, "GET", group, "", "Entity not found")
}

// TestRemoveOfCenters4 removes a cluster and its data center in version 4.
func TestRemoveOfCenters4(t *testing.T) {
	e := newEdge(t)
	center := e.make("/api/datacenters", "<data_center><name>far</name><local>false</local></data_center>")
	cluster := e.make("/api/clusters", `<cluster><name>there</name><data_center id="`+center+`"/><version major="4" minor="7"/><cpu id="Intel Nehalem Family"/></cluster>`)
	e.want(409, "DELETE", newAPI+"/datacenters/"+center, "", "fault")
	e.want(200, "DELETE", newAPI+"/clusters/"+cluster, "", "complete")
	e.want(404, "DELETE", newAPI+"/clusters/"+cluster, "", "Entity not found")
	e.want(200, "DELETE", newAPI+"/datacenters/"+center, "", "complete")
	e.want(404, "GET", newAPI+"/datacenters/"+center, "", "Entity not found")
}
