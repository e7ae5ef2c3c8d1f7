package rest_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest"
)

// asked keeps the parameters of commands that it refuses.
type asked struct {
	rest.Engine
	params any
}

func (a *asked) Act(ctx context.Context, call *engine.Call) (*engine.Result, error) {
	if call.Name != "start" {
		return a.Engine.Act(ctx, call)
	}
	a.params = call.Params
	return nil, &fault.Fault{Kind: fault.Conflict, Code: "NOT_NOW", Messages: []string{"Not now."}, Command: true}
}

// TestStartReads: which initialization a start asks for, and that the parameters
// which the job keeps hold no secret that can be read.
func TestStartReads(t *testing.T) {
	engine := &asked{}
	e := newEdge(t, func(o *rest.Options) {
		engine.Engine = o.Engine
		o.Engine = engine
	})
	at := "/api/vms/" + e.addVM("web1", "<initialization><host_name>stored</host_name><root_password>geheim</root_password></initialization>") + "/start"
	const nested = "<vm><initialization><cloud_init/></initialization></vm>"
	for body, want := range map[string]*vms.StartParams{
		"<action/>":                                                             {},
		"<action><pause>true</pause></action>":                                  {Pause: true},
		"<action><vm/></action>":                                                {Once: &model.RunOnce{}},
		"<action><use_sysprep>1</use_sysprep></action>":                         {Initialization: model.InitializationSysprep},
		"<action><use_sysprep>false</use_sysprep></action>":                     {},
		"<action><use_cloud_init>true</use_cloud_init></action>":                {Initialization: model.InitializationCloudInit},
		"<action>" + nested + "</action>":                                       {Once: &model.RunOnce{}, Initialization: model.InitializationCloudInit},
		"<action><use_cloud_init>false</use_cloud_init>" + nested + "</action>": {Once: &model.RunOnce{}},
		"<action><use_cloud_init>false</use_cloud_init><use_sysprep>true</use_sysprep>" + nested + "</action>": {Once: &model.RunOnce{}, Initialization: model.InitializationSysprep},
		"<action><vm><initialization><host_name>once</host_name></initialization></vm></action>":               {Once: &model.RunOnce{}},
		"<action><vm><stateless>true</stateless></vm></action>":                                                {Once: &model.RunOnce{Stateless: true}},
		"<action><vm><placement_policy><host><name>local</name></host></placement_policy></vm></action>":       {Once: &model.RunOnce{Host: e.engine.Inventory.Hosts.Named("local")[0].ID}},
	} {
		e.want(409, "POST", at, body, "<action>", "<detail>[Not now.]</detail>")
		got, _ := engine.params.(*vms.StartParams)
		if got.Once != nil && strings.Contains(body, "<initialization>") {
			stored := got.Once.Initialization
			if name := map[bool]string{true: "once", false: "stored"}[strings.Contains(body, "once")]; stored == nil || stored.HostName != name {
				t.Errorf("%s: the initialization is %+v", body, stored)
			} else if password, err := e.engine.Vault.Reveal(stored.RootPassword); err != nil || password != "geheim" {
				t.Errorf("%s: the password is %q, %v", body, password, err)
			}
			got.Once.Initialization = nil
		}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v instead of %+v", body, got, want)
		}
	}

	const both = "<reason>Cannot use sysprep and cloud_init tags simultaneously when running VM.</reason>"
	e.want(409, "POST", at, "<action><use_sysprep>true</use_sysprep>"+nested+"</action>", "<fault>", both, "!<action>", "!<detail>")
	e.want(404, "POST", at, "<action><vm><placement_policy><host><name>nobody</name></host></placement_policy></vm></action>",
		"<fault>", "<detail>Entity not found: Hosts: name=nobody</detail>", "!<action>")
	e.want(404, "POST", at, `<action><vm><placement_policy><host id="`+unknownID+`"/></placement_policy></vm></action>`, "<fault>", "!<action>")

	secrets := `<vm><domain><name>D</name><user><user_name>u</user_name><password>geheim</password></user></domain>
		<initialization><root_password>geheim</root_password><windows_license_key>geheim</windows_license_key><custom_script>runcmd: [geheim]</custom_script>
		<cloud_init><users><user><user_name>bob</user_name><password>geheim</password></user></users>
		<files><file><name>/x</name><content>geheim</content></file></files></cloud_init></initialization>
		<payloads><payload type="cdrom"><files><file><name>a</name><content>geheim</content></file></files></payload>
		<payload type="floppy"><file name="a"><content>geheim</content></file></payload></payloads></vm>`
	e.want(409, "POST", at, "<action>"+secrets+"</action>", "!geheim")
	kept, err := json.Marshal(engine.params)
	if err != nil || strings.Contains(string(kept), "geheim") {
		t.Errorf("the job would hold %s, %v", kept, err)
	}
	// The VM that does not exist is not replaced by its links, so all of it comes back.
	body := e.want(409, "POST", "/api/vms/"+unknownID+"/start", "<action>"+secrets+"</action>", "!geheim", "<name>D</name>")
	if hidden := strings.Count(body, "******"); hidden != 8 {
		t.Errorf("%d secrets are hidden:\n%s", hidden, body)
	}
	for _, wrong := range []string{
		`{"vm":{"initialization":{"root_password":["geheim"]}}}`, `{"vm":{"initialization":{"root_password":{"geheim":"geheim"}}}}`,
		`{"vm":{"initialization":{"root_password":"geheim"`, `{"vm":{"initialization":{"root_password":geheim}}}`,
		`{"vm":{"domain":{"user":{"password":"geheim\x"}}}}`,
	} {
		e.check(e.do("POST", at, wrong, "Content-Type: application/json"), 400, wrong, "!geheim")
	}
}

// TestInitializationOfVMs: it is made with the VM, shown as far as it may be, and
// changed in parts; the inventory never holds a secret that can be read.
func TestInitializationOfVMs(t *testing.T) {
	e := newEdge(t)
	at := "/api/vms/" + e.addVM("web1", `<initialization><host_name>web1</host_name><cloud_init><users><user><user_name>root</user_name><password>geheim</password></user></users></cloud_init>
		<custom_script>runcmd: [x]</custom_script></initialization>
		<payloads><payload type="floppy"><files><file><name>a.txt</name><content>inhalt</content></file></files></payload></payloads>`)
	one := func(headers ...string) string { return e.do("GET", at, "", headers...).Body.String() }
	const all = "All-Content: true"
	for name, c := range map[string]struct {
		got       string
		has, lack []string
	}{
		"one":          {one(), []string{"<host_name>web1</host_name>", "<root_password>******</root_password>", "<custom_script>******</custom_script>", "<payload type=\"floppy\">", "<content>******</content>"}, []string{"inhalt", "runcmd"}},
		"one, all":     {one(all), []string{"<root_password>******</root_password>", "<custom_script>runcmd: [x]</custom_script>", "<content>inhalt</content>"}, nil},
		"list":         {e.do("GET", "/api/vms", "").Body.String(), []string{"<host_name>web1</host_name>"}, []string{"<payload", "runcmd"}},
		"list, detail": {e.do("GET", "/api/vms;detail=nics", "").Body.String(), []string{"<host_name>web1</host_name>"}, []string{"<payload", "runcmd"}},
		"list, all":    {e.do("GET", "/api/vms", "", all).Body.String(), []string{"<content>inhalt</content>", "runcmd: [x]"}, nil},
		"filtered":     {one(all, "Filter: true"), []string{"<host_name>web1</host_name>"}, []string{"geheim"}},
	} {
		for _, text := range c.has {
			if !strings.Contains(c.got, text) {
				t.Errorf("%s lacks %s:\n%s", name, text, c.got)
			}
		}
		for _, text := range append(c.lack, "geheim", "cloud_init") {
			if strings.Contains(c.got, text) {
				t.Errorf("%s shows %s:\n%s", name, text, c.got)
			}
		}
		validate(t, name, c.got)
	}

	stored := func() *model.VM { return e.engine.Inventory.VMs.All()[0] }
	before := stored()
	if kept, err := json.Marshal(before); err != nil || strings.Contains(string(kept), "geheim") || strings.Contains(string(kept), "inhalt") {
		t.Errorf("kept is %s, %v", kept, err)
	}
	for _, shown := range []string{one(), one(all)} {
		if e.want(200, "PUT", at, shown); stored() != before {
			t.Error("given back, it has changed the VM")
		}
	}
	e.want(200, "PUT", at, "<vm><initialization><root_password>geheim</root_password></initialization></vm>")
	if stored() != before {
		t.Error("the same password has changed the VM")
	}
	e.want(200, "PUT", at, "<vm><initialization><dns_servers>192.0.2.1</dns_servers></initialization></vm>",
		"<host_name>web1</host_name>", "<dns_servers>192.0.2.1</dns_servers>", "<root_password>******</root_password>", "<payload type")
	e.want(200, "PUT", at, "<vm><initialization><root_password/></initialization><payloads/></vm>", "<host_name>web1</host_name>", "!<root_password>", "!<payload")
	e.want(200, "PUT", at, "<vm><initialization/></vm>", "!<initialization>")
	e.want(400, "PUT", at, `<vm><payloads><payload type="cdrom"><files><file><name>a</name><content>geheim!</content><type>base64</type></file></files></payload></payloads></vm>`,
		"<fault>", "<detail>The content of the file a is not valid base64.</detail>", "!geheim")
	e.want(200, "GET", "/api/events", "", "!geheim")
	e.want(200, "GET", "/api/capabilities", "", "<boot_protocol>dhcp</boot_protocol>", "<payload_encodings>base64</payload_encodings>", "<vm_device_types>floppy</vm_device_types>")
}
