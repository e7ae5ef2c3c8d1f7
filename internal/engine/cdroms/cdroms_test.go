package cdroms_test

import (
	"path/filepath"
	"slices"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/cdroms"
	"vireo/internal/engine/enginetest"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
	"vireo/internal/store/storetest/postgres"
)

func put(vm model.ID, file string, current bool) *engine.Call {
	return &engine.Call{
		On: model.KindCDROM, Name: "update", Parent: vm, Target: model.BlankID,
		Params: &cdroms.UpdateParams{File: file, Current: current},
	}
}

func remove(vm model.ID) *engine.Call {
	return &engine.Call{On: model.KindCDROM, Name: "remove", Parent: vm, Target: model.BlankID}
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

// inDrive is the file in the drive of the VM's guest.
func inDrive(b *enginetest.Bench, vm model.ID) string {
	b.Helper()
	path := b.Machine().CDROM(string(vm))
	if path == "" {
		return ""
	}
	return filepath.Base(path)
}

func TestConfigure(t *testing.T) {
	b := enginetest.New(t, nil)
	b.PutISO("one.iso")
	vm := b.VM("web1")
	before := b.LastEvent()
	b.Must(put(vm, "one.iso", false))
	want(t, "medium", b.Get(vm).CDROM, "one.iso")
	b.Start(vm)
	want(t, "in the drive", inDrive(b, vm), "one.iso")
	want(t, "current", b.Get(vm).Run.CDROM, "one.iso")
	b.Must(remove(vm))
	want(t, "medium", b.Get(vm).CDROM, "")
	want(t, "in the drive still", inDrive(b, vm), "one.iso")
	want(t, "current still", b.Get(vm).Run.CDROM, "one.iso")
	wantEvents(b, before, 38, 528)
	b.Stop(vm)
	b.Start(vm)
	want(t, "in the drive", inDrive(b, vm), "")
}

func TestChangeCurrent(t *testing.T) {
	b := enginetest.New(t, nil)
	b.PutISO("one.iso")
	b.PutISO("two.iso")
	vm := b.VM("web1")
	b.Must(put(vm, "one.iso", false))
	b.Start(vm)
	before := b.LastEvent()
	b.Must(put(vm, "two.iso", true))
	want(t, "in the drive", inDrive(b, vm), "two.iso")
	want(t, "current", b.Get(vm).Run.CDROM, "two.iso")
	want(t, "medium", b.Get(vm).CDROM, "one.iso")
	b.Must(put(vm, "", true))
	want(t, "in the drive", inDrive(b, vm), "")
	want(t, "current", b.Get(vm).Run.CDROM, "")
	wantEvents(b, before, 38, 528)
	b.Must(put(vm, "two.iso", true))
	b.Machine().PauseGuest(string(vm))
	b.Await("the VM is paused", func() bool { return b.Get(vm).Run.Status == model.StatusPaused })
	b.Must(put(vm, "one.iso", true))
	want(t, "in the drive", inDrive(b, vm), "one.iso")
}

func TestHostRefuses(t *testing.T) {
	b := enginetest.New(t, nil)
	b.PutISO("one.iso")
	vm := b.Running("web1")
	before := b.LastEvent()
	b.World.Fail(fake.Rule{Call: "ChangeCDROM", Error: fake.Refuse(host.RefusedOther, "the tray is locked")})
	b.Fails(put(vm, "one.iso", true))
	want(t, "current", b.Get(vm).Run.CDROM, "")
	want(t, "status", b.Get(vm).Run.Status, model.StatusUp)
	wantEvents(b, before, 102)
}

func TestRefused(t *testing.T) {
	b := enginetest.New(t, nil)
	b.PutISO("one.iso")
	vm := b.VM("web1")
	for _, file := range []string{"none.iso", "../one.iso", "/etc/passwd", ".", "one.iso/"} {
		b.Refused(put(vm, file, false), fault.NoISOFile)
	}
	b.Refused(put(vm, "one.iso", true), fault.VMNotRunning)
	b.Refused(put(model.NewID(), "one.iso", false), fault.VMNotFound)
	b.Refused(put("", "one.iso", false), "NOT_FOUND")
	for _, status := range model.Statuses {
		switch status {
		case model.StatusUp, model.StatusPoweringUp, model.StatusPaused, model.StatusRebootInProgress, model.StatusPoweringDown:
		case model.StatusDown, model.StatusSuspended, model.StatusImageIllegal, model.StatusImageLocked:
			b.InStatus(vm, status)
			b.Refused(put(vm, "one.iso", true), fault.VMNotRunning)
		default:
			b.InStatus(vm, status)
			b.Refused(put(vm, "one.iso", true), fault.VMStatusIllegal)
		}
	}
	b.InStatus(vm, model.StatusDown)
	inactive := model.Clone(b.Domain("local-iso"))
	inactive.Status = model.StorageDomainMaintenance
	b.Put(inactive)
	b.Refused(put(vm, "one.iso", false), fault.NoISOFile)
	b.Must(put(vm, "", false))
}

func TestWhileJobHoldsVM(t *testing.T) {
	b := enginetest.New(t, nil)
	b.PutISO("one.iso")
	vm := b.Running("web1")
	struck, release := make(chan struct{}), make(chan struct{})
	b.World.Fail(fake.Rule{Call: "ChangeCDROM", Do: func() { close(struck); <-release }})
	begun := b.Begin(put(vm, "one.iso", true))
	<-struck
	b.Refused(put(vm, "one.iso", false), fault.ObjectLocked)
	close(release)
	want(t, "job", b.Wait(begun.Job.ID).Status, model.JobFinished)
}

func TestPermits(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, other := b.VM("web1"), b.VM("web2")
	user := b.Caller("user", auth.UserRole, model.Ref{Kind: model.KindVM, ID: vm})
	mine := put(vm, "", false)
	mine.Caller = user
	b.Must(mine)
	foreign := put(other, "", false)
	foreign.Caller = user
	b.Refused(foreign, fault.NotAuthorized)
}

func TestNextRunKeepsMedium(t *testing.T) {
	b := enginetest.New(t, nil)
	b.PutISO("one.iso")
	vm := b.Running("web1")
	b.Edit(vm, func(vm *model.VM) {
		next := model.Clone(vm).VMConfig
		next.Memory = 128 << 20
		vm.NextRun = &next
	})
	b.Must(put(vm, "one.iso", false))
	want(t, "medium of the next run", b.Get(vm).NextRun.CDROM, "one.iso")
	b.Stop(vm)
	want(t, "medium", b.Get(vm).CDROM, "one.iso")
	want(t, "memory", b.Get(vm).Memory, int64(128<<20))
}

func TestEngineDies(t *testing.T) {
	scenario := enginetest.Scenario{
		Prepare: func(b *enginetest.Bench) *engine.Call {
			b.PutISO("one.iso")
			return put(b.Running("web1"), "one.iso", true)
		},
		Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
			want(b, "job", ended.Status, model.JobFinished)
			want(b, "in the drive", inDrive(b, call.Parent), "one.iso")
			want(b, "current", b.Get(call.Parent).Run.CDROM, "one.iso")
		},
	}
	enginetest.DieEverywhere(t, scenario)
	t.Run("on PostgreSQL", func(t *testing.T) { enginetest.DieEverywhere(t, scenario.On(postgres.Start)) })
}
