package vms_test

import (
	"bytes"
	"testing"

	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// knowDomain makes a domain that the engine can join by itself, or, without a
// user, one that it cannot.
func knowDomain(site *sitetest.Site, name, user, password string) {
	site.Edit(func(tx *inventory.Tx) {
		tx.Domains.Put(&model.Domain{
			ID: model.DomainID(name), Name: name, JoinUser: user, JoinPassword: site.Vault.Seal(password),
		})
	})
}

func sysprep(change func(*model.RunOnce)) *vms.StartParams {
	params := &vms.StartParams{Initialization: model.InitializationSysprep, Once: &model.RunOnce{}}
	change(params.Once)
	return params
}

// TestWhoJoinsADomain: what the run asks for, else what is stored; who is not named
// is looked for among the domains that the engine knows.
func TestWhoJoinsADomain(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		knowDomain(site, "known.example", "joiner", "the joiner's password")
		stored := func(vm *model.VM) { vm.OS.Type, vm.Domain = "windows_7x64", "known.example" }
		plain := func(vm *model.VM) { vm.OS.Type = "windows_7x64" }
		for _, test := range []struct {
			name   string
			edit   func(*model.VM)
			params *vms.StartParams
			want   []string
		}{
			{"joe", plain, &vms.StartParams{Once: &model.RunOnce{
				Domain: &model.DomainJoin{Name: "other.example", User: "joe", Password: site.Vault.Seal("joe's password")},
			}}, []string{"other.example", "joe", "joe&#39;s password"}},
			{
				"engine", plain, &vms.StartParams{Once: &model.RunOnce{Domain: &model.DomainJoin{Name: "Known.Example"}}},
				[]string{"Known.Example", "joiner", "the joiner&#39;s password"},
			},
			{
				"vm", stored, &vms.StartParams{Initialization: model.InitializationSysprep},
				[]string{"known.example", "joiner", "the joiner&#39;s password"},
			},
			{"first", func(vm *model.VM) {
				stored(vm)
				vm.Domain, vm.Initialization = "nobody.example", &model.Initialization{Domain: "known.example"}
			}, sysprep(func(*model.RunOnce) {}), []string{"known.example", "joiner"}},
			{"nowhere", plain, sysprep(func(*model.RunOnce) {}), []string{"WORKGROUP"}},
		} {
			id := site.Add(test.name, test.edit)
			seeds := seedsOf(site, id, test.params)
			floppy := seeds["sysprep"]
			if len(seeds) != 1 || floppy.Drive != host.SeedFloppy || site.VM(id).Run.Initialization != model.InitializationSysprep {
				t.Errorf("%s: the guest has %v", test.name, seeds)
			}
			for _, wanted := range append(test.want, test.name) {
				if !bytes.Contains(floppy.Image, []byte(wanted)) {
					t.Errorf("%s: the answers have no %q", test.name, wanted)
				}
			}
			site.Do("stop", id, nil)
		}
	})
}

// TestWhatBeginsSysprep: the request does, and a domain to join of a guest that is
// Windows; others have no use for one, and cloud-init goes before it.
func TestWhatBeginsSysprep(t *testing.T) {
	domain := &model.RunOnce{Domain: &model.DomainJoin{Name: "known.example"}}
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		knowDomain(site, "known.example", "joiner", "secret")
		for name, test := range map[string]struct {
			os     string
			params *vms.StartParams
			want   string // empty: nothing
		}{
			"windows1": {"windows_xp", nil, ""},
			"windows2": {"windows_xp", &vms.StartParams{Once: &model.RunOnce{}}, ""},
			"windows3": {"windows_xp", &vms.StartParams{Once: domain}, "sysprep"},
			"windows4": {"windows_xp", &vms.StartParams{Initialization: model.InitializationSysprep}, "sysprep"},
			"windows5": {"windows_xp", &vms.StartParams{Once: domain, Initialization: model.InitializationCloudInit}, "cloud-init"},
			"linux":    {"debian_7", &vms.StartParams{Once: domain}, ""},
		} {
			id := site.Add(name, func(vm *model.VM) {
				vm.OS.Type, vm.Initialization = test.os, &model.Initialization{OrgName: "Vireo"}
			})
			seeds := seedsOf(site, id, test.params)
			if _, has := seeds[test.want]; has != (test.want != "") || len(seeds) > 1 {
				t.Errorf("%s has %v, not %q", name, seeds, test.want)
			}
			site.Do("stop", id, nil)
		}
	})
}

// TestSysprepBesideAFloppy: the answers go into the second drive (example 15.47).
func TestSysprepBesideAFloppy(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		putISO(t, site, "drivers.vfd")
		id := site.Add("vm", func(vm *model.VM) { vm.OS.Type = "windows_7x64" })
		seeds := seedsOf(site, id, sysprep(func(o *model.RunOnce) { o.Floppy = "drivers.vfd" }))
		spec := site.Machine(id).Spec("vm")
		if seeds["sysprep"].Drive != host.SeedFloppy || len(spec.Floppies) != 1 || spec.Floppies[0] != isoPath(t, site, "drivers.vfd") {
			t.Errorf("the guest has the floppies %v and the seeds %v", spec.Floppies, seeds)
		}
	})
}

// TestComputerName is the VM's name where nothing else is said, and where it can be
// one; Windows makes one up otherwise.
func TestComputerName(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		for _, test := range []struct{ vm, given, want string }{
			{"desk-12", "", "desk-12"},
			{"desk-13", "front", "front"},
			{"a-name-of-more-than-15", "", ""},
			{"desk_14", "", ""},
			{"2026", "", ""},
		} {
			id := site.Add(test.vm, func(vm *model.VM) {
				vm.OS.Type, vm.Initialization = "windows_7x64", &model.Initialization{HostName: test.given}
			})
			image := seedsOf(site, id, sysprep(func(*model.RunOnce) {}))["sysprep"].Image
			if want := "<ComputerName>" + test.want + "</ComputerName>"; test.want != "" && !bytes.Contains(image, []byte(want)) ||
				test.want == "" && bytes.Contains(image, []byte(test.vm)) {
				t.Errorf("the guest of %s is not called %q", test.vm, test.want)
			}
			site.Do("stop", id, nil)
		}
	})
}

// TestSysprepRefused holds what sysprep could not be given.
func TestSysprepRefused(t *testing.T) {
	windows := func(change func(*wish, *model.RunOnce)) func(*wish) {
		return func(w *wish) {
			w.edit(func(vm *model.VM) { vm.OS.Type = "windows_7x64" })
			w.params = sysprep(func(o *model.RunOnce) { change(w, o) })
		}
	}
	join := func(join model.DomainJoin) func(*wish) {
		return windows(func(_ *wish, o *model.RunOnce) { o.Domain = &join })
	}
	bad := func(initialization model.Initialization, why string) refusal {
		return refusal{
			windows(func(_ *wish, o *model.RunOnce) { o.Initialization = &initialization }),
			fault.BadRequest, fault.Invalid, "Cannot run VM. " + why,
		}
	}
	unknown := func(domain string) string {
		return `Cannot run VM. The domain "` + domain + `" is not one of those that the engine can join by itself; a user name and a password are needed.`
	}
	allRefused(t, map[string]refusal{
		"no Windows": {
			func(w *wish) { w.params.Initialization = model.InitializationSysprep },
			fault.BadRequest, fault.Invalid, `Cannot run VM. Sysprep initializes Windows, and the operating system of the VM is "other".`,
		},
		"a user without a password": {
			join(model.DomainJoin{Name: "example.com", User: "joe"}),
			fault.BadRequest, fault.SysprepUser, "Cannot run VM. Missing UserName or Password.",
		},
		"a password without a user": {
			windows(func(w *wish, o *model.RunOnce) {
				o.Domain = &model.DomainJoin{Name: "example.com", Password: w.Vault.Seal("secret")}
			}),
			fault.BadRequest, fault.SysprepUser, "Cannot run VM. Missing UserName or Password.",
		},
		"a domain that is not known": {
			join(model.DomainJoin{Name: "nobody.example"}), fault.BadRequest, fault.SysprepDomain, unknown("nobody.example"),
		},
		"a domain that nobody can join": {
			windows(func(w *wish, o *model.RunOnce) {
				knowDomain(w.Site, "closed.example", "", "")
				o.Domain = &model.DomainJoin{Name: "closed.example"}
			}),
			fault.BadRequest, fault.SysprepDomain, unknown("closed.example"),
		},
		"a stored domain that is not known": {
			windows(func(w *wish, _ *model.RunOnce) { w.edit(func(vm *model.VM) { vm.Domain = "nobody.example" }) }),
			fault.BadRequest, fault.SysprepDomain, unknown("nobody.example"),
		},
		"a computer's name": bad(model.Initialization{HostName: "a b"},
			`The host name "a b" is no name of a Windows computer: up to 15 letters, digits and hyphens, and not digits only.`),
		"a secret of another key": {
			windows(func(_ *wish, o *model.RunOnce) {
				o.Initialization = &model.Initialization{WindowsLicenseKey: "v1:AAAA"}
			}),
			fault.Conflict, fault.SecretLost,
			"Cannot run VM. A secret that it needs was sealed with another key; set the passwords, keys and scripts of the VM anew.",
		},
		"a license key": {
			windows(func(w *wish, o *model.RunOnce) {
				o.Initialization = &model.Initialization{WindowsLicenseKey: w.Vault.Seal("short")}
			}),
			fault.BadRequest, fault.Invalid, "Cannot run VM. The Windows license key is not five groups of five letters or digits.",
		},
		"a place in no domain": bad(model.Initialization{ActiveDirectoryOU: "OU=a"},
			"There is an active directory OU, but no domain."),
	})
}
