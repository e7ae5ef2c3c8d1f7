package vms_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/model"
)

// somePayload is a payload of two files.
func somePayload(site *sitetest.Site, kind model.PayloadType) model.Payload {
	return model.Payload{Type: kind, VolumeID: strings.ToUpper(string(kind)), Files: []model.PayloadFile{
		{Name: "one.txt", Content: site.Vault.Seal("one of the " + string(kind))},
		{Name: "two.txt", Content: site.Vault.Seal("two of the " + string(kind))},
	}}
}

// TestPayloads are there at every start, also beside what initializes the guest,
// where they do not share a drive with it.
func TestPayloads(t *testing.T) {
	drives := map[string]host.SeedDrive{
		"payload-cdrom": host.SeedCDROM, "payload-floppy": host.SeedFloppy,
		"cloud-init": host.SeedCDROM, "sysprep": host.SeedFloppy,
	}
	sysprep := &vms.StartParams{Initialization: model.InitializationSysprep}
	for name, test := range map[string]struct {
		payloads []model.PayloadType
		params   *vms.StartParams
		want     []string
	}{
		"a CD":                    {[]model.PayloadType{model.PayloadCDROM}, nil, []string{"payload-cdrom"}},
		"a floppy":                {[]model.PayloadType{model.PayloadFloppy}, nil, []string{"payload-floppy"}},
		"both, run once":          {[]model.PayloadType{model.PayloadCDROM, model.PayloadFloppy}, &vms.StartParams{Once: &model.RunOnce{}}, []string{"payload-cdrom", "payload-floppy"}},
		"a floppy and cloud-init": {[]model.PayloadType{model.PayloadFloppy}, cloudInit(nil), []string{"cloud-init", "payload-floppy"}},
		"a CD and sysprep":        {[]model.PayloadType{model.PayloadCDROM}, sysprep, []string{"payload-cdrom", "sysprep"}},
	} {
		t.Run(name, func(t *testing.T) {
			onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
				id := site.Add("vm", func(vm *model.VM) {
					vm.OS.Type = "windows_7x64"
					for _, kind := range test.payloads {
						vm.Payloads = append(vm.Payloads, somePayload(site, kind))
					}
				})
				for range 2 {
					seeds := seedsOf(site, id, test.params)
					if names := slices.Sorted(maps.Keys(seeds)); !slices.Equal(names, test.want) {
						t.Errorf("the guest has %v", names)
					}
					for name, seed := range seeds {
						if seed.Drive != drives[name] {
							t.Errorf("%s is in a %s", name, seed.Drive)
						}
					}
					for _, kind := range test.payloads {
						image := seeds["payload-"+string(kind)].Image
						for _, wanted := range []string{strings.ToUpper(string(kind)), "one of the " + string(kind), "two of the " + string(kind)} {
							if !bytes.Contains(image, []byte(wanted)) {
								t.Errorf("the payload has no %q", wanted)
							}
						}
					}
					site.Do("stop", id, nil)
				}
			})
		})
	}
}

// TestPayloadsRefused at a start: those in the way, and those that cannot be read.
func TestPayloadsRefused(t *testing.T) {
	with := func(kind model.PayloadType, and func(*wish)) func(*wish) {
		return func(w *wish) {
			w.edit(func(vm *model.VM) {
				vm.Payloads, vm.OS.Type = []model.Payload{somePayload(w.Site, kind)}, "windows_7x64"
			})
			and(w)
		}
	}
	allRefused(t, map[string]refusal{
		"a CD and cloud-init": {
			with(model.PayloadCDROM, func(w *wish) { w.params = cloudInit(nil) }), fault.Conflict, fault.PayloadCloudInit,
			"Cannot run VM. Payload cdrom deivce cannot be used with Cloud-Init via cdrom device.",
		},
		"a floppy and sysprep": {
			with(model.PayloadFloppy, func(w *wish) { w.params.Initialization = model.InitializationSysprep }),
			fault.Conflict, fault.PayloadSysprep, "Cannot run VM. Payload floppy deivce cannot be used with Sysprep via floppy device.",
		},
		"a floppy and a domain to join": {
			with(model.PayloadFloppy, func(w *wish) { w.params.Once.Domain = &model.DomainJoin{Name: "example.com"} }),
			fault.Conflict, fault.PayloadSysprep, "Cannot run VM. Payload floppy deivce cannot be used with Sysprep via floppy device.",
		},
		"a floppy and another": {
			with(model.PayloadFloppy, func(w *wish) { putISO(w.t, w.Site, "other.vfd"); w.params.Once.Floppy = "other.vfd" }),
			fault.Conflict, fault.PayloadFloppy, "Cannot run VM. Payload floppy deivce cannot be used with another floppy.",
		},
		"a secret of another key, at a plain start": {
			func(w *wish) {
				w.params = nil
				w.edit(func(vm *model.VM) {
					vm.Payloads = []model.Payload{{Type: model.PayloadCDROM, Files: []model.PayloadFile{{Name: "a", Content: "v1:AAAA"}}}}
				})
			}, fault.Conflict, fault.SecretLost,
			"Cannot run VM. A secret that it needs was sealed with another key; set the passwords, keys and scripts of the VM anew.",
		},
	})
}

// TestPayloadsOfAVM: what could not be on a drive is not stored.
func TestPayloadsOfAVM(t *testing.T) {
	onSite(t, sitetest.Options{}, func(t *testing.T, site *sitetest.Site) {
		id := site.Add("vm")
		file := func(name string, size int) model.PayloadFile {
			return model.PayloadFile{Name: name, Content: site.Vault.Seal(strings.Repeat("a", size))}
		}
		change := func(payloads ...model.Payload) error {
			_, err := site.Act(&engine.Call{On: model.KindVM, Name: "update", Target: id, Params: &vms.UpdateParams{
				Edit: func(vm *model.VM) error { vm.Payloads, vm.Description = payloads, vm.Description+"!"; return nil },
			}})
			return err
		}
		both := []model.Payload{
			{Type: model.PayloadCDROM, Files: []model.PayloadFile{file("a", 8192)}},
			{Type: model.PayloadFloppy, Files: []model.PayloadFile{file("a", 4096), file("b", 4096)}},
		}
		if err := change(both...); err != nil {
			t.Errorf("as much as may be: %v", err)
		}
		for _, test := range []struct {
			payloads []model.Payload
			code     string
			text     string
		}{
			{
				[]model.Payload{{Type: model.PayloadCDROM, Files: []model.PayloadFile{file("a", 8000), file("b", 193)}}},
				fault.PayloadSize, "Cannot edit VM. Payload is limited to 8K.",
			},
			{
				[]model.Payload{both[0], both[0]},
				fault.Invalid, "Cannot edit VM. There may be one payload of the type cdrom.",
			},
			{
				[]model.Payload{{Type: model.PayloadFloppy, VolumeID: "longer than it may be"}},
				fault.Invalid, `Cannot edit VM. The volume label "longer than it may be" of a floppy is longer than 11 characters.`,
			},
			{
				[]model.Payload{{Type: model.PayloadCDROM, Files: []model.PayloadFile{file("a", 1), file("A", 1)}}},
				fault.Invalid, `Cannot edit VM. The file name "A" is given twice.`,
			},
			{
				[]model.Payload{{Type: model.PayloadCDROM, Files: []model.PayloadFile{file("../a", 1)}}},
				fault.Invalid, `Cannot edit VM. The file name "../a" is a path; files lie in the first folder of the disk.`,
			},
		} {
			got := fault.Of(change(test.payloads...))
			if got.Kind != fault.BadRequest || got.Code != test.code || got.Message() != test.text {
				t.Errorf("refused with %v, not %s", got, test.text)
			}
		}
		if kept := site.VM(id); len(kept.Payloads) != 2 || kept.Description != "!" {
			t.Errorf("the VM has %d payloads and the description %s", len(kept.Payloads), kept.Description)
		}

		lost := model.Payload{Type: model.PayloadCDROM, Files: []model.PayloadFile{{Name: "a", Content: "v1:AAAA"}}}
		if err := change(lost); err != nil {
			t.Errorf("a VM whose secrets are lost cannot be changed: %v", err)
		}
	})
}
