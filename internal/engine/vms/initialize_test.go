package vms_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// cloudInit are the parameters of a start with cloud-init; a nil initialization is
// that of the VM.
func cloudInit(given *model.Initialization) *vms.StartParams {
	params := &vms.StartParams{Initialization: model.InitializationCloudInit}
	if given != nil {
		params.Once = &model.RunOnce{Initialization: given}
	}
	return params
}

// seedsOf starts a VM and gives the seeds of its guest, by their names.
func seedsOf(site *sitetest.Site, id model.ID, params *vms.StartParams) map[string]host.Seed {
	up(site, id, params)
	seeds := make(map[string]host.Seed)
	for _, seed := range site.Machine(id).Spec(string(id)).Seeds {
		seeds[seed.Name] = seed
	}
	return seeds
}

// TestWhatBeginsCloudInit: the request does; what is stored alone does not.
func TestWhatBeginsCloudInit(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Add("vm", func(vm *model.VM) { vm.Initialization = &model.Initialization{HostName: "stored"} })
		for _, test := range []struct {
			name   string
			params *vms.StartParams
			host   string // empty: no cloud-init
		}{
			{"a plain start", nil, ""},
			{"run once", &vms.StartParams{Once: &model.RunOnce{}}, ""},
			{"run once with data and no wish for them", &vms.StartParams{Once: &model.RunOnce{Initialization: &model.Initialization{}}}, ""},
			{"the wish alone", cloudInit(nil), "stored"},
			{"the wish with data", cloudInit(&model.Initialization{HostName: "given"}), "given"},
			{"a plain start after that", nil, ""},
		} {
			seeds := seedsOf(site, id, test.params)
			drive, has := seeds["cloud-init"]
			switch {
			case has != (test.host != "") || len(seeds) > 1:
				t.Errorf("%s: the guest has %v", test.name, slices.Collect(maps.Keys(seeds)))
			case has && (drive.Drive != host.SeedCDROM || !bytes.Contains(drive.Image, []byte(`"hostname": "`+test.host+`"`))):
				t.Errorf("%s: the drive is a %s, and not for the host %s", test.name, drive.Drive, test.host)
			}
			site.Do("stop", id, nil)
		}
	})
}

// TestHostNameOfAGuest is the VM's name where nothing else is said, and where it can
// be one.
func TestHostNameOfAGuest(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		for _, test := range []struct {
			vm, given, want string
		}{
			{"web1.example.com", "", "web1.example.com"}, {"web2", "db", "db"}, {"my_vm", "", ""}, {"früh", "", ""},
		} {
			id := site.Add(test.vm)
			image := seedsOf(site, id, cloudInit(&model.Initialization{HostName: test.given}))["cloud-init"].Image
			if test.want == "" && bytes.Contains(image, []byte(`"hostname"`)) ||
				test.want != "" && !bytes.Contains(image, []byte(`"hostname": "`+test.want+`"`)) {
				t.Errorf("the guest of %s is not called %q", test.vm, test.want)
			}
		}
	})
}

// TestCloudInitIsGivenEverything that is said, with its secrets in plain text.
func TestCloudInitIsGivenEverything(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Add("vm")
		image := seedsOf(site, id, cloudInit(&model.Initialization{
			HostName: "web", TimeZone: "Europe/Berlin", RegenerateSSHKeys: true,
			UserName: "admin", RootPassword: site.Vault.Seal("root's password"),
			Users:          []model.GuestUser{{Name: "anna", Password: site.Vault.Seal("anna's password")}},
			AuthorizedKeys: []model.AuthorizedKey{{User: "anna", Key: aKey}},
			DNSServers:     []string{"192.0.2.53"}, DNSSearch: []string{"dns.example"},
			NICs: []model.NICConfiguration{{
				Name: "eth7", BootProtocol: model.BootProtocolStatic, OnBoot: true,
				Address: "192.0.2.7", Netmask: "255.255.255.0", Gateway: "192.0.2.1",
			}},
			Files:        []model.GuestFile{{Path: "/etc/motd.vireo", Content: site.Vault.Seal("a file's content")}},
			CustomScript: site.Vault.Seal("final_message: the script's message"),
		}))["cloud-init"].Image
		for _, wanted := range []string{
			string(site.VM(id).Run.Instance), `"hostname": "web"`, "Europe/Berlin", "ssh_deletekeys", "admin", "root's password",
			"anna", "anna's password", aKey, "192.0.2.53", "dns.example", "auto eth7", "192.0.2.7", "255.255.255.0", "192.0.2.1",
			"/etc/motd.vireo", "the script's message",
		} {
			if !bytes.Contains(image, []byte(wanted)) {
				t.Errorf("the config drive has no %q", wanted)
			}
		}
	})
}

const aKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIHUOYZVQh1Qh3wCUUL3DpWOWq0xMN8ZQFpbUzDhs6mdN anna"

// TestInstances: each start makes a new instance, and is given the same seeds as
// long as its run lasts: on other hosts, and after each restore.
func TestInstances(t *testing.T) {
	onSite(t, twoHosts, func(t *testing.T, site *sitetest.Site) {
		id := site.Add("vm", func(vm *model.VM) { vm.Payloads = []model.Payload{somePayload(site, model.PayloadFloppy)} })
		seen := make(map[model.ID]bool)
		for range 2 {
			first := seedsOf(site, id, cloudInit(&model.Initialization{RootPassword: site.Vault.Seal("secret")}))
			instance := site.VM(id).Run.Instance
			if seen[instance] || !bytes.Contains(first["cloud-init"].Image, []byte(`"uuid": "`+string(instance)+`"`)) {
				t.Errorf("the instance is %s", instance)
			}
			seen[instance] = true
			from := site.Machine(id)
			for range 2 {
				site.Do("suspend", id, nil)
				if left := site.World.Machine(from.Address()).Seeded(); len(left) > 0 {
					t.Errorf("while it is suspended seeds of %v are left", left)
				}
				from.Disappear()
				site.Pass(time.Minute)
				again := seedsOf(site, id, nil)
				from.Answer()
				site.Connected()
				if site.Machine(id) == from || len(again) != 2 || len(first) != 2 || site.VM(id).Run.Instance != instance {
					t.Errorf("it was restored on %s with %d seeds", site.Machine(id).Address(), len(again))
				}
				for name, seed := range first {
					if !bytes.Equal(seed.Image, again[name].Image) || seed.Drive != again[name].Drive {
						t.Errorf("the seed %s is another one after the restore", name)
					}
				}
				from = site.Machine(id)
			}
			site.Do("stop", id, nil)
		}
	})
}

// TestInitializationRefused holds what cloud-init could not be given.
func TestInitializationRefused(t *testing.T) {
	bad := func(initialization model.Initialization, why string) refusal {
		return refusal{
			func(w *wish) { w.params = cloudInit(&initialization) },
			fault.BadRequest, fault.Invalid, "Cannot run VM. " + why,
		}
	}
	nic := func(change func(*model.NICConfiguration)) model.Initialization {
		one := model.NICConfiguration{Name: "eth0", BootProtocol: model.BootProtocolStatic, Address: "192.0.2.7", Netmask: "24"}
		change(&one)
		return model.Initialization{NICs: []model.NICConfiguration{one}}
	}
	sealed := func(change func(*model.Initialization, func(string) model.Secret), why string) refusal {
		return refusal{func(w *wish) {
			w.params = cloudInit(&model.Initialization{})
			change(w.params.Once.Initialization, w.Vault.Seal)
		}, fault.BadRequest, fault.Invalid, "Cannot run VM. " + why}
	}
	allRefused(t, map[string]refusal{
		"a host name": bad(model.Initialization{HostName: "no name"},
			`The host name "no name" is no name of letters, digits, hyphens and dots.`),
		"a time zone": bad(model.Initialization{TimeZone: "Berlin, Europe"},
			`The time zone "Berlin, Europe" is no name such as Europe/Berlin.`),
		"a key": bad(model.Initialization{AuthorizedKeys: []model.AuthorizedKey{{Key: "ssh-rsa none"}}},
			`An authorized key of the user "root" is not one OpenSSH public key on one line.`),
		"a user's name":     bad(model.Initialization{UserName: "a:b"}, `The user name "a:b" is no name of a Linux user.`),
		"a user twice":      bad(model.Initialization{Users: []model.GuestUser{{Name: "root"}}}, `The user "root" is given twice.`),
		"a file's name":     bad(model.Initialization{Files: []model.GuestFile{{Path: "../x"}}}, `The file name "../x" is no absolute path without '..'.`),
		"a server of DNS":   bad(model.Initialization{DNSServers: []string{"dns"}}, `The DNS server "dns" is no IP address.`),
		"a domain of DNS":   bad(model.Initialization{DNSSearch: []string{"a b"}}, `The DNS search domain "a b" is no domain name.`),
		"an address":        bad(nic(func(n *model.NICConfiguration) { n.Address = "192.0.2" }), `The address "192.0.2" of the nic "eth0" is no IP address of an interface.`),
		"a netmask":         bad(nic(func(n *model.NICConfiguration) { n.Netmask = "255.0.255.0" }), `The netmask "255.0.255.0" of the nic "eth0" is no netmask of an IPv4 address.`),
		"a gateway":         bad(nic(func(n *model.NICConfiguration) { n.Gateway = "198.51.100.1" }), `The gateway "198.51.100.1" of the nic "eth0" is not in the network 192.0.2.0/24.`),
		"an interface":      bad(nic(func(n *model.NICConfiguration) { n.Name = "eth 0" }), `The nic name "eth 0" is no name of a Linux interface.`),
		"a boot protocol":   bad(nic(func(n *model.NICConfiguration) { n.BootProtocol = "bootp" }), `The boot protocol "bootp" of the nic "eth0" is not dhcp, static or none.`),
		"a static one bare": bad(nic(func(n *model.NICConfiguration) { n.Address = "" }), `The nic "eth0" is static and has no address.`),
		"a password": sealed(func(i *model.Initialization, seal func(string) model.Secret) { i.RootPassword = seal("a\nb") },
			`The password of the user "root" has characters that cannot be typed.`),
		"a script": sealed(func(i *model.Initialization, seal func(string) model.Secret) { i.CustomScript = seal("a: [") },
			`The custom_script is no valid YAML.`),
		"stored data": {func(w *wish) {
			w.edit(func(vm *model.VM) { vm.Initialization = &model.Initialization{HostName: "-"} })
			w.params = cloudInit(nil)
		}, fault.BadRequest, fault.Invalid, `Cannot run VM. The host name "-" is no name of letters, digits, hyphens and dots.`},
		"a secret of another key": {
			func(w *wish) { w.params = cloudInit(&model.Initialization{RootPassword: "v1:AAAA"}) },
			fault.Conflict, fault.SecretLost,
			"Cannot run VM. A secret that it needs was sealed with another key; set the passwords, keys and scripts of the VM anew.",
		},
	})
}

// TestSeedsGoWithAFailedStart: whatever ends a start, and wherever it was by then,
// leaves no seeds.
func TestSeedsGoWithAFailedStart(t *testing.T) {
	refused := fake.Refuse(host.RefusedResource, "no room")
	for name, rule := range map[string]fake.Rule{
		"refused before the seeds":            {Call: fake.WriteSeeds, Error: refused},
		"refused after the seeds":             {Call: "Boot", Error: refused},
		"interrupted before the seeds":        {Call: fake.WriteSeeds, Nth: 1, Cut: true},
		"interrupted after the seeds":         {Call: fake.WriteSeeds, Nth: 1, Cut: true, After: true},
		"interrupted before the guest":        {Call: "Boot", Nth: 1, Cut: true},
		"interrupted after the guest":         {Call: "Boot", Nth: 1, Cut: true, After: true},
		"interrupted while it writes them":    {Call: fake.WriteSeeds, Nth: 1, Delay: sitetest.Held},
		"interrupted while the guest is made": {Call: "Boot", Nth: 1, Delay: sitetest.Held},
	} {
		t.Run(name, func(t *testing.T) {
			onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
				id := site.Add("vm")
				lift := site.World.Fail(rule)
				begun := site.Begin(&engine.Call{On: model.KindVM, Name: "start", Target: id, Params: cloudInit(nil)})
				site.Pass(time.Millisecond)
				if strings.HasPrefix(name, "interrupted") {
					site.Do("stop", id, nil)
				}
				if _, err := site.Engine.Wait(t.Context(), begun.Job.ID); err != nil {
					t.Fatal(err)
				}
				run := site.VM(id).Run
				if run.Status != model.StatusDown || run.Initialization != "" || run.Instance != "" || run.Host != "" ||
					run.Memory != 0 || run.Topology != (model.Topology{}) {
					t.Errorf("the run is %+v", run)
				}
				if left := site.World.Machine(sitetest.Host(1)).Seeded(); len(left) > 0 {
					t.Errorf("seeds of %v are left", left)
				}
				lift()
				if seeds := seedsOf(site, id, nil); len(seeds) > 0 {
					t.Errorf("the next run has %d seeds", len(seeds))
				}
			})
		})
	}
}
