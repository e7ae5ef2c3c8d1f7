package rest_test

import (
	"strings"
	"testing"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// TestAdoption: guests of others are listed, become VMs, and VMs are handed back.
func TestAdoption(t *testing.T) {
	e := newEdge(t)
	on := e.engine.Inventory.Hosts.All()[0]
	at := "/api/hosts/" + string(on.ID)
	spec := &host.GuestSpec{
		ID: model.NewID(), Name: "stranger", Memory: 256 << 20, Topology: model.Topology{Sockets: 2, Cores: 1, Threads: 1},
		Machine: "pc-q35-7.2", Boot: []model.BootDevice{model.BootHardDisk}, Display: model.DisplayVNC,
	}
	e.world.Machine(on.Address).AddGuest(spec, false)
	list := ""
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(list, "stranger"); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("it is not listed: %s", list)
		}
		list = e.want(200, "GET", at+"/externalvms", "")
	}
	for _, text := range []string{"<origin>external</origin>", "<state>up</state>", "<memory>268435456</memory>", `<host href="` + at + `"`} {
		if !strings.Contains(list, text) {
			t.Errorf("there is no %s in %s", text, list)
		}
	}
	e.want(200, "GET", at+"/externalvms/"+string(spec.ID), "", "stranger")
	e.want(404, "GET", at+"/externalvms/"+string(model.NewID()), "")
	e.want(404, "GET", "/api/hosts/"+string(model.NewID())+"/externalvms", "")

	e.want(400, "POST", at+"/adopt", "<action/>", "Action [vm.id|name] required for adopt")
	e.want(404, "POST", at+"/adopt", "<action><vm><name>nobody</name></vm></action>", "Entity not found")
	e.want(404, "POST", at+"/adopt", "<action><vm><name>stranger</name></vm><storage_domain><name>nowhere</name></storage_domain></action>", "nowhere")
	e.want(200, "POST", at+"/adopt", "<action><async>false</async><vm><name>stranger</name></vm></action>", "complete")
	vm := "/api/vms/" + string(spec.ID)
	e.want(200, "GET", vm, "", "<name>stranger</name>", "<origin>external</origin>", "<state>up</state>")
	e.want(409, "POST", vm+"/suspend", "<action/>", "runs as it was adopted")
	e.want(409, "POST", at+"/adopt", `<action><vm id="`+string(spec.ID)+`"/></action>`, "guest of engine")
	e.want(200, "POST", vm+"/release", "<action><async>false</async></action>", "complete")
	e.want(404, "GET", vm, "")
}
