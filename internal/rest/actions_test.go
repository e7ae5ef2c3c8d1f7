package rest_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const unknownID = "11111111-2222-3333-4444-555555555555"

// TestActionsAnswer goes through what an answered action carries (api-v3 3.1).
func TestActionsAnswer(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	at := "/api/vms/" + vm
	body := e.want(200, "POST", at+"/start", "<action><pause>true</pause><async>false</async></action>",
		`<link href="`+at+`" rel="parent"/>`, `<link href="`+at+`/start" rel="replay"/>`,
		"<async>false</async>", "<pause>true</pause>", `<vm href="`+at+`" id="`+vm+`">`, `<link href="`+at+`/disks" rel="disks"/>`,
		`<job href="/api/jobs/`, "<state>complete</state>", "!<fault>", "!<memory>")
	validate(t, "an answered action", body)
	id := idIn(t, body)
	e.want(200, "GET", at+"/start/"+id, "", `<action href="`+at+`/start/`+id+`" id="`+id+`">`,
		"<state>complete</state>", `rel="parent"`, `rel="replay"`)
	e.want(200, "GET", "/api/jobs/"+id, "", "<state>FINISHED</state>", "Launching VM web1")
	e.want(200, "GET", "/api/jobs/"+id+"/steps", "", "<state>FINISHED</state>", "<type>executing</type>")

	// Another action's state resource knows nothing of it; what is forgotten was complete.
	e.want(200, "GET", at+"/stop/"+id+"%2C"+unknownID, "", "<state>complete</state>")
	e.want(404, "GET", at+"/start/nonsense", "", "<fault>")
	e.want(405, "GET", at+"/start", "", "<fault>")

	e.wait(at, "<state>paused</state>")
	e.want(409, "POST", at+"/suspend", "<action/>", "<action>", "<state>failed</state>", `rel="replay"`,
		"<reason>Operation Failed</reason>", "<detail>[Cannot hibernate VM.")
	e.want(200, "POST", at+"/start", "<action/>", "<state>complete</state>")
	e.wait(at, "<state>up</state>")

	// Work in the background: 202, and a resource that says how far it is.
	body = e.want(202, "POST", at+"/suspend", "<action/>", "<state>pending</state>", "<async>true</async>")
	e.wait(at+"/suspend/"+idIn(t, body), "<state>complete</state>")
	e.wait(at, "<state>suspended</state>")
	e.want(200, "POST", at+"/stop", "<action><async>false</async></action>", "<state>complete</state>")
	e.wait(at, "<state>down</state>")

	// Stopping what is down succeeds, with an id like any other.
	body = e.want(200, "POST", at+"/stop", "<action/>", "<state>complete</state>", "!<job ")
	e.want(200, "GET", at+"/stop/"+idIn(t, body), "", "<state>complete</state>")

	e.want(404, "POST", "/api/vms/"+unknownID+"/stop", "<action/>", "<action>", "<detail>[Cannot stop VM. VM is not found.]</detail>")
	e.want(404, "POST", "/api/vms/"+unknownID+"/start", "<action><vm/></action>", "<detail>[Cannot run VM. VM is not found.]</detail>")
	e.want(404, "GET", "/api/vms/"+unknownID+"/start/"+unknownID, "", "<fault>")
}

func TestStartRefusesWhatItCannotDo(t *testing.T) {
	e := newEdge(t)
	at := "/api/vms/" + e.addVM("web1") + "/start"
	e.want(409, "POST", at, "<action><use_sysprep>true</use_sysprep><use_cloud_init>true</use_cloud_init></action>",
		"<fault>", "<reason>Cannot use sysprep and cloud_init tags simultaneously when running VM.</reason>", "!<detail>", "!<action>")
	e.want(400, "POST", at, "<action><pause>maybe</pause></action>", "<fault>", "<reason>Invalid value</reason>",
		`Value "maybe" isn't a valid boolean, it should be "true" , "false", "0" or "1"`)
	e.want(400, "POST", at, "<vm/>", "<usage_message>", "Request syntactically incorrect. See the description below for the correct usage:", `rel="start"`)
	e.want(200, "GET", strings.TrimSuffix(at, "/start"), "", "<state>down</state>")
}

// TestEchoHidesSecrets: what is echoed never holds a password.
func TestEchoHidesSecrets(t *testing.T) {
	e := newEdge(t)
	body := e.do("POST", "/api/vms/"+unknownID+"/stop", `<action><ticket><value>geheim</value></ticket><vm><initialization><root_password>geheim</root_password>
		<cloud_init><users><user><user_name>root</user_name><password>geheim</password></user></users></cloud_init></initialization>
		<domain><name>D</name><user><user_name>u</user_name><password>geheim</password></user></domain></vm></action>`).Body.String()
	if strings.Contains(body, "geheim") || !strings.Contains(body, "******") {
		t.Errorf("the echo is\n%s", body)
	}
}

// TestTicket is example 15.58, and what a ticket refuses (api-v3 3.13).
func TestTicket(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	at := "/api/vms/" + vm
	ask := func(elements string) string { return "<action><ticket>" + elements + "</ticket></action>" }
	e.want(409, "POST", at+"/ticket", ask("<value>geheim</value><expiry>5</expiry>"), "<action>", "<state>failed</state>", "!geheim", "!<expiry>",
		"<detail>[Cannot set Virtual Machine Ticket because the VM is in Down status.]</detail>")
	e.want(404, "POST", "/api/vms/"+unknownID+"/ticket", ask("<value>geheim</value>"), "<fault>", "Entity not found: ", "!<action>", "!geheim")

	e.want(200, "POST", at+"/start", "<action/>")
	e.wait(at, "<state>up</state>")
	body := e.want(200, "POST", at+"/ticket", ask("<expiry>120</expiry>"), "<expiry>120</expiry>", "<state>complete</state>", "!<job ",
		`<link href="`+at+`" rel="parent"/>`, `<link href="`+at+`/ticket" rel="replay"/>`, `<vm href="`+at+`"`, "!<async>")
	validate(t, "an answered ticket", body)
	id := idIn(t, body)
	if !strings.Contains(body, `<action href="`+at+`/ticket/`+id+`" id="`+id+`">`) {
		t.Errorf("the answer has no address:\n%s", body)
	}
	e.want(200, "GET", at+"/ticket/"+id, "", "<state>complete</state>", "!<ticket>")
	e.want(200, "GET", "/api/jobs", "", "!"+id)
	value := regexp.MustCompile("<value>([A-Za-z0-9]{12})</value>").FindStringSubmatch(body)
	if value == nil {
		t.Fatalf("no random value in\n%s", body)
	}
	if _, letIn := e.world.Machine("fake://local").Enter("web1", value[1]); !letIn {
		t.Error("the value of the answer does not open the display")
	}

	for _, asked := range []string{"<action/>", ask("")} {
		e.want(200, "POST", at+"/ticket", asked, "<value>", "<expiry>120</expiry>")
	}
	e.want(200, "POST", at+"/ticket", ask("<value>a&amp;b c</value><expiry>0</expiry>"), "<value>a&amp;b c</value>", "<expiry>0</expiry>")
	e.want(200, "POST", at+"/ticket", ask("<expiry>525600</expiry>"), "<expiry>525600</expiry>")
	json := e.do("POST", at+"/ticket", `{"ticket":{"value":"geheim","expiry":"7"}}`, "Content-Type: application/json", "Accept: application/json")
	e.check(json, 200, "in JSON", `"ticket":{"value":"geheim","expiry":"7"}`)

	for _, wrong := range []struct{ elements, said string }{
		{"<expiry>525601</expiry>", "[Cannot set Virtual Machine Ticket. The expiry must be between 0, which is no end, and 365 days.]"},
		{"<expiry>4294967295</expiry>", "365 days"},
		{"<expiry>-1</expiry>", "isn't a valid integer"},
		{"<expiry>4294967296</expiry>", "isn't a valid integer"},
		{"<expiry>soon</expiry>", "isn't a valid integer"},
		{"<expiry>1.5</expiry>", "isn't a valid integer"},
		{"<value/>", "[Cannot set Virtual Machine Ticket. The value cannot be empty"},
		{"<value>" + strings.Repeat("x", 61) + "</value>", "at most 60 characters"},
		{"<value>" + strings.Repeat("x", 10_000) + "</value>", "at most 60 characters"},
		{"<value>gehäim</value>", "printable ASCII"},
		{"<value>a&#9;b</value>", "printable ASCII"},
	} {
		e.want(400, "POST", at+"/ticket", ask(wrong.elements), "<fault>", wrong.said, "!xxxxx", "!gehäim")
	}
	e.want(200, "GET", "/api/events", "", "<code>164</code>", "!geheim", "!"+value[1])
}

func TestCreateUpdateRemove(t *testing.T) {
	e := newEdge(t)
	made := e.do("POST", "/ovirt-engine/api/v3/vms", `<vm><name>web1</name><cluster><name>Default</name></cluster><template><name>Blank</name></template></vm>`)
	e.check(made, 201, "add", `<vm href="/ovirt-engine/api/v3/vms/`, "<state>down</state>")
	vm := idIn(t, made.Body.String())
	if location := made.Header().Get("Location"); location != "/ovirt-engine/api/v3/vms/"+vm {
		t.Errorf("Location is %q", location)
	}
	at := "/api/vms/" + vm
	e.want(400, "POST", "/api/vms", "<vm/>", "<reason>Incomplete parameters</reason>", "<detail>VM [name, template.id|name, cluster.id|name] required for add</detail>")
	e.want(400, "POST", "/api/vms", `<vm><name>web1</name><cluster><name>Default</name></cluster><template><name>Blank</name></template></vm>`, "<fault>", "already")
	e.want(404, "POST", "/api/vms", `<vm><name>web2</name><cluster><name>foo</name></cluster><template><name>Blank</name></template></vm>`, "<detail>Entity not found: Cluster: name=foo</detail>")
	e.want(400, "POST", "/api/vms", `<vm><name>web2</name><type>toaster</type><cluster><name>Default</name></cluster><template><name>Blank</name></template></vm>`,
		"toaster is not a member of VmType. Possible values for VmType are: desktop, server")
	e.want(200, "PUT", at, "<vm><description>changed</description></vm>", "<description>changed</description>", "<name>web1</name>")
	e.want(409, "PUT", at, `<vm id="`+unknownID+`"/>`, "<reason>Broken immutability constraint</reason>", "<detail>Attempt to set immutable field: id</detail>")
	e.want(404, "PUT", "/api/vms/"+unknownID, "<vm/>", "<fault>")

	// The whole representation sent back, indented, with actions, links and
	// read-only elements, changes what was changed and nothing else (clients 1.6).
	before := e.want(200, "GET", at, "")
	after := e.want(200, "PUT", at, strings.Replace(before, "<comment/>", "<comment>mine</comment>", 1))
	if want := strings.Replace(before, "<comment/>", "<comment>mine</comment>", 1); after != want {
		t.Errorf("sent back, it became\n%s\ninstead of\n%s", after, want)
	}

	body := e.want(200, "DELETE", at, "<action><force>true</force></action>", "<action>", "<state>complete</state>", `<job href="/api/jobs/`)
	validate(t, "the answer to DELETE", body)
	e.want(404, "GET", at, "", "<fault>")
	e.want(404, "DELETE", at, "", "<fault>")
}

func TestNextRun(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	at := "/api/vms/" + vm
	e.want(200, "POST", at+"/start", "<action/>")
	e.wait(at, "<state>up</state>")
	e.want(200, "PUT", at, "<vm><memory>268435456</memory></vm>", "<memory>134217728</memory>", "<next_run_configuration_exists>true</next_run_configuration_exists>")
	e.want(200, "GET", at+";next_run", "", "<memory>268435456</memory>")
	e.want(200, "GET", at+";next_run=true", "", "<memory>268435456</memory>")
	e.want(200, "GET", at+";next_run=false", "", "<memory>134217728</memory>")
	e.want(400, "GET", at+";next_run=perhaps", "", "Illegal value 'perhaps' for matrix param: 'next_run'. Acceptable values are 'true' or 'false'")
	e.want(200, "POST", at+"/stop", "<action/>")
	e.wait(at, "<memory>268435456</memory>")
}

func TestDevices(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	at := "/api/vms/" + vm
	nic := idIn(t, e.want(201, "POST", at+"/nics", "<nic><name>eth0</name><network><name>ovirtmgmt</name></network></nic>",
		`<nic href="`+at+`/nics/`, "<plugged>true</plugged>", "<mac address="))
	e.want(400, "POST", at+"/nics", "<nic/>", "NIC [name] required for add")
	e.want(200, "PUT", at+"/nics/"+nic, "<nic><linked>false</linked></nic>", "<linked>false</linked>", "<name>eth0</name>")
	e.want(200, "PUT", at+"/nics/"+nic, e.want(200, "GET", at+"/nics/"+nic, ""), "<linked>false</linked>", "<name>eth0</name>")
	e.want(200, "POST", at+"/nics/"+nic+"/deactivate", "<action/>", "<state>complete</state>")
	e.want(200, "GET", at+";detail=nics", "", "<nics>", "<plugged>false</plugged>")

	made := e.do("POST", at+"/disks", "<disk><size>1048576</size><format>raw</format><interface>virtio</interface><sparse>true</sparse></disk>", "Expect: 201-created")
	e.check(made, 201, "add disk", "<state>ok</state>", "<active>true</active>")
	disk := idIn(t, made.Body.String())
	e.want(200, "PUT", at+"/disks/"+disk, "<disk><alias>root</alias></disk>", "<name>root</name>")
	e.want(200, "GET", at+"/disks", "", "<alias>root</alias>", `<vm href="`+at+`"`)
	e.want(200, "DELETE", at+"/disks/"+disk, "<action><detach>true</detach></action>", "<state>complete</state>")
	e.want(200, "GET", at+"/disks", "", "<disks/>")
	e.want(200, "GET", "/api/disks/"+disk, "", "<alias>root</alias>", "!<vms>")
	e.want(201, "POST", at+"/disks", `<disk id="`+disk+`"><active>true</active></disk>`, "<active>true</active>", `<disk href="`+at+`/disks/`)
	e.want(200, "GET", "/api/disks/"+disk, "", "<vms>")
	e.want(404, "POST", at+"/disks", `<disk id="`+unknownID+`"/>`, "Entity not found")
	pending := e.want(202, "POST", at+"/disks", "<disk><size>1048576</size><format>cow</format><interface>virtio</interface></disk>",
		"<creation_status>", `rel="creation_status"`)
	status := regexp.MustCompile(`href="([^"]*)" rel="creation_status"`).FindStringSubmatch(pending)
	validate(t, "creation", e.wait(status[1], "<state>complete</state>"))
	e.want(400, "POST", at+"/disks", "<disk><size>1</size><format>vmdk</format><interface>virtio</interface></disk>",
		"vmdk is not a member of DiskFormat. Possible values for DiskFormat are: cow, raw")

	e.want(200, "GET", at+"/cdroms", "", "00000000-0000-0000-0000-000000000000", "!<file")
	drive := at + "/cdroms/00000000-0000-0000-0000-000000000000"
	e.want(400, "PUT", drive, "<cdrom/>", "CdRom [file.id] required for update")
	e.want(400, "PUT", drive, `<cdrom><file id="nothere.iso"/></cdrom>`, "<fault>")
	e.want(200, "PUT", drive, `<cdrom><file id=""/></cdrom>`, "<cdrom ")
	e.want(409, "PUT", drive+";current", `<cdrom><file id=""/></cdrom>`, "<fault>")
	e.want(404, "GET", at+"/cdroms/"+unknownID, "", "<fault>")

	// A VM may be made with a CD in its drive (api-v3 2.2).
	if err := os.WriteFile(filepath.Join(e.engine.DataDir, "iso", "tool.iso"), []byte("tool"), 0o600); err != nil {
		t.Fatal(err)
	}
	medium := "<vm><name>web9</name><cluster><name>Default</name></cluster><template><name>Blank</name></template>" +
		`<cdroms><cdrom><file id="%s"/></cdrom></cdroms></vm>`
	e.want(400, "POST", "/api/vms", fmt.Sprintf(medium, "../tool.iso"), "Invalid ISO image path")
	e.want(400, "POST", "/api/vms", fmt.Sprintf(medium, "nothere.iso"), "Invalid ISO image path")
	with := idIn(t, e.want(201, "POST", "/api/vms", fmt.Sprintf(medium, "tool.iso")))
	e.want(200, "GET", "/api/vms/"+with+"/cdroms", "", `id="tool.iso"`)
	e.want(200, "DELETE", "/api/vms/"+with, "")

	tag := idIn(t, e.want(201, "POST", "/api/tags", "<tag><name>production</name></tag>", "<parent>"))
	e.want(201, "POST", at+"/tags", "<tag><name>production</name></tag>", `<tag href="`+at+`/tags/`+tag+`"`)
	e.want(200, "GET", "/api/vms?search=tag%3Dproduction", "", "<name>web1</name>")
	e.want(200, "DELETE", at+"/tags/"+tag, "", "<state>complete</state>")
	e.want(404, "GET", at+"/tags/"+tag, "", "<fault>")
	e.want(200, "GET", at+"/permissions", "", "<permissions/>")
	e.want(200, "GET", at+"/statistics", "", "memory.installed", "5a89a1d2-32be-33f7-a0d1-f8b5bc974ff6", "<datum>134217728</datum>")
	e.want(200, "GET", at+"/graphicsconsoles", "", `id="564e43"`, "<protocol>VNC</protocol>")
}

// TestActionsListIsDerived: what the actions list names can be posted, and its
// state resource answers OPTIONS.
func TestActionsListIsDerived(t *testing.T) {
	e := newEdge(t)
	at := "/api/vms/" + e.addVM("web1")
	found := regexp.MustCompile(`<link href="(`+at+`/\w+)" rel="(\w+)"/>`).FindAllStringSubmatch(e.want(200, "GET", at, ""), -1)
	names := ""
	for _, link := range found {
		names += link[2] + " "
		allow := e.do(http.MethodOptions, link[1], "").Header().Get("Allow")
		if allow != "POST, OPTIONS" && !strings.HasPrefix(allow, "GET, HEAD, ") {
			t.Errorf("%s allows %q", link[1], allow)
		}
	}
	if want := "start stop shutdown suspend reboot migrate cancelmigration ticket logon detach freezefilesystems thawfilesystems clone release move export preview_snapshot commit_snapshot undo_snapshot serialticket applications disks nics cdroms snapshots tags permissions statistics reporteddevices sessions graphicsconsoles "; names != want {
		t.Errorf("a VM links to\n%s\ninstead of\n%s", names, want)
	}
}
