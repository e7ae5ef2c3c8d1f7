package rest_test

import (
	"strings"
	"testing"

	"vireo/internal/server"
)

const cluster4Path = "/ovirt-engine/api/v4/clusters/" + string(server.DefaultCluster)

// TestMigrationOptions: how VMs of a cluster migrate is given in either version and shown
// in both; a VM has the same.
func TestMigrationOptions(t *testing.T) {
	e := newEdge(t)
	e.want(200, "PUT", clusterPath, `<cluster><migration><auto_converge>true</auto_converge><compressed>inherit</compressed></migration><tunnel_migration>true</tunnel_migration></cluster>`,
		"<auto_converge>true</auto_converge>", "<compressed>inherit</compressed>", "<tunnel_migration>true</tunnel_migration>")
	e.want(200, "GET", cluster4Path, "", "<auto_converge>true</auto_converge>", "<tunnel_migration>true</tunnel_migration>")
	e.want(200, "PUT", cluster4Path, `<cluster><comment>by 4</comment><tunnel_migration>false</tunnel_migration><migration>
		<encrypted>true</encrypted><bandwidth><custom_value>100</custom_value></bandwidth>
		<policy id="a7aeedb2-8d66-4e51-bb22-32595027ce71"/></migration></cluster>`,
		"<encrypted>true</encrypted>", "<assignment_method>custom</assignment_method>", "<custom_value>100</custom_value>",
		`<policy id="a7aeedb2-8d66-4e51-bb22-32595027ce71"/>`, "<auto_converge>true</auto_converge>")
	e.want(200, "GET", clusterPath, "", "<comment>by 4</comment>", "<encrypted>true</encrypted>", "<tunnel_migration>false</tunnel_migration>")
	after := e.want(200, "PUT", cluster4Path, `<cluster><name>Default</name><threads_as_cores>true</threads_as_cores><cpu><type>Intel Nehalem Family</type></cpu>
		<memory_policy><over_commit><percent>120</percent></over_commit></memory_policy>
		<scheduling_policy><name>power_saving</name></scheduling_policy>
		<migration><policy/><bandwidth><assignment_method>auto</assignment_method></bandwidth></migration></cluster>`,
		"<type>Intel Nehalem Family</type>", "<percent>120</percent>", "<assignment_method>auto</assignment_method>")
	if strings.Contains(after, "<policy") || strings.Contains(after, "custom_value") {
		t.Errorf("what was taken back is shown:\n%s", after)
	}

	vm := e.addVM("vm", `<migration><encrypted>false</encrypted><policy id="80554327-0569-496b-bdeb-fcbbf52b827b"/></migration>`)
	e.want(200, "GET", "/api/vms/"+vm, "", "<encrypted>false</encrypted>", `<policy id="80554327-0569-496b-bdeb-fcbbf52b827b"/>`)
	for _, path := range []string{clusterPath, cluster4Path} {
		for _, elements := range []string{
			"<encrypted>perhaps</encrypted>", `<policy id="00000000-0000-0000-0000-000000000001"/>`,
			"<bandwidth><assignment_method>guess</assignment_method></bandwidth>", "<bandwidth><custom_value>0</custom_value></bandwidth>",
		} {
			e.want(400, "PUT", path, "<cluster><migration>"+elements+"</migration></cluster>")
		}
	}
	e.want(404, "PUT", cluster4Path, `<cluster><scheduling_policy><name>dice</name></scheduling_policy></cluster>`)
	e.want(409, "PUT", cluster4Path, `<cluster id="00000000-0000-0000-0000-00000000beef"/>`)
	e.want(404, "PUT", "/ovirt-engine/api/v4/clusters/00000000-0000-0000-0000-00000000beef", `<cluster/>`)
}
