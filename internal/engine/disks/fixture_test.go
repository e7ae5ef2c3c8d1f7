package disks_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/enginetest"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

const mib = 1 << 20

var errBroken = errors.New("the storage is broken")

// addCall adds a thin disk of 8 MiB to a VM; edits change that.
func addCall(vm model.ID, edits ...func(*model.Disk)) *engine.Call {
	return &engine.Call{On: model.KindDisk, Name: "add", Parent: vm, Params: &disks.AddParams{
		Edit: func(disk *model.Disk) error {
			disk.ProvisionedSize, disk.Format, disk.Interface = 8*mib, model.DiskCOW, model.DiskVirtio
			for _, edit := range edits {
				edit(disk)
			}
			return nil
		},
	}}
}

// how sets the attachment of an add or an attach.
func how(call *engine.Call, attach func(*model.DiskAttachment)) *engine.Call {
	edit := engine.Edit[model.DiskAttachment](func(a *model.DiskAttachment) error { attach(a); return nil })
	switch params := call.Params.(type) {
	case *disks.AddParams:
		params.Attach = edit
	case *disks.AttachParams:
		params.Attach = edit
	case *disks.UpdateParams:
		params.Attach = edit
	}
	return call
}

func active(is bool) func(*model.DiskAttachment) {
	return func(a *model.DiskAttachment) { a.Active = is }
}

func call(name string, vm, disk model.ID) *engine.Call {
	return &engine.Call{On: model.KindDisk, Name: name, Parent: vm, Target: disk}
}

func attachCall(vm, disk model.ID, attach func(*model.DiskAttachment)) *engine.Call {
	made := call("attach", vm, disk)
	made.Params = &disks.AttachParams{}
	if attach != nil {
		how(made, attach)
	}
	return made
}

func updateCall(vm, disk model.ID, edit func(*model.Disk)) *engine.Call {
	made := call("update", vm, disk)
	made.Params = &disks.UpdateParams{Edit: func(d *model.Disk) error { edit(d); return nil }}
	return made
}

// add adds a disk that is ready.
func add(b *enginetest.Bench, vm model.ID, edits ...func(*model.Disk)) model.ID {
	b.Helper()
	return b.Must(addCall(vm, edits...)).Object.Ref().ID
}

func attachment(b *enginetest.Bench, vm, disk model.ID) *model.DiskAttachment {
	b.Helper()
	for _, a := range b.Get(vm).Disks {
		if a.Disk == disk {
			return &a
		}
	}
	return nil
}

// guestHas says whether the VM's guest has the disk.
func guestHas(b *enginetest.Bench, vm, disk model.ID) bool {
	b.Helper()
	return slices.ContainsFunc(b.Machine().Disks(string(vm)), func(d host.DiskSpec) bool { return d.ID == disk })
}

// hasImage says whether there is anything of the disk in the data domain.
func hasImage(b *enginetest.Bench, disk model.ID) bool {
	b.Helper()
	domain := b.Domain("local-data")
	found, err := filepath.Glob(filepath.Join(domain.Path, string(domain.ID), "images", "*"+string(disk)+"*"))
	if err != nil {
		b.Fatal(err)
	}
	for _, path := range found {
		if _, err := os.Stat(path); err == nil {
			return true
		}
	}
	return false
}

func want(t testing.TB, what string, got, wanted any) {
	t.Helper()
	if got != wanted {
		t.Errorf("%s is %v, not %v", what, got, wanted)
	}
}

func wantEvents(b *enginetest.Bench, after int64, wanted ...int) {
	b.Helper()
	got := b.Events(after)
	for _, code := range wanted {
		if !slices.Contains(got, code) {
			b.Errorf("there is no event %d among %v", code, got)
		}
	}
}

// refusing makes the host refuse every call of that name.
func refusing(b *enginetest.Bench, name string) {
	b.World.Fail(fake.Rule{Call: name, Error: fake.Refuse(host.RefusedOther, "no more slots")})
}
