package vms_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

func ticket(vm model.ID, params *vms.TicketParams) *engine.Call {
	return &engine.Call{On: model.KindVM, Name: "ticket", Target: vm, Params: params}
}

func valued(value string) *vms.TicketParams { return &vms.TicketParams{Value: &value} }

// TestTicketEnds compares the end that the host was given with the clock.
func TestTicketEnds(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	for _, asked := range []struct {
		params *vms.TicketParams
		lasts  time.Duration
	}{
		{nil, 2 * time.Hour},
		{&vms.TicketParams{}, 2 * time.Hour},
		{&vms.TicketParams{Expiry: new(5 * time.Minute)}, 5 * time.Minute},
		{&vms.TicketParams{Expiry: new(365 * 24 * time.Hour)}, 365 * 24 * time.Hour},
		{&vms.TicketParams{Expiry: new(time.Duration(0))}, 0},
	} {
		call := ticket(vm, asked.params)
		if asked.params == nil {
			call.Params = nil
		}
		before := time.Now()
		b.Must(call)
		after := time.Now()
		used := call.Params.(*vms.TicketParams)
		set, _ := b.Machine().Ticket("web1")
		if *used.Expiry != asked.lasts || *used.Value != set.Password || len(*used.Value) != 12 {
			t.Errorf("asked for %v, used are %v and %d characters", asked.params, *used.Expiry, len(*used.Value))
		}
		switch {
		case asked.lasts == 0 && !set.ValidTo.IsZero():
			t.Errorf("a ticket without end ends at %v", set.ValidTo)
		case asked.lasts != 0 && (set.ValidTo.Before(before.Add(asked.lasts)) || set.ValidTo.After(after.Add(asked.lasts))):
			t.Errorf("a ticket for %v set at %v ends at %v", asked.lasts, before, set.ValidTo)
		}
	}
}

func TestTicketRefuses(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	for _, wrong := range []*vms.TicketParams{
		valued(""), valued(strings.Repeat("x", 61)), valued(strings.Repeat("x", 10_000)), valued("two\nlines"), valued("nul\x00"),
		valued("gehäim"), valued("\x7f"),
		{Expiry: new(-time.Second)},
		{Expiry: new(365*24*time.Hour + time.Second)},
	} {
		if f := b.Refused(ticket(vm, wrong), fault.Invalid); f.Kind != fault.BadRequest {
			t.Errorf("refused as %s", f.Kind)
		}
	}
	if _, set := b.Machine().Ticket("web1"); set {
		t.Error("what was refused was set")
	}
	b.Must(ticket(vm, valued(strings.Repeat("x", 60))))

	// UserTemplateBasedVm may not connect; UserRole may.
	user := b.Caller("user", auth.UserRole, model.Ref{})
	nobody := ticket(vm, nil)
	nobody.Caller = b.Caller("nobody", "def00009-0000-0000-0000-def000000009", model.Ref{Kind: model.KindVM, ID: vm})
	b.Refused(nobody, fault.NotAuthorized)
	other := b.Running("web2")
	of := func(vm model.ID) *engine.Call {
		call := ticket(vm, &vms.TicketParams{})
		call.Caller = user
		return call
	}
	b.Must(of(other))

	// Where somebody else sits already, only those may sit down who may reconnect, or
	// where everybody may.
	b.Refused(of(vm), fault.ReconnectDenied)
	b.Edit(vm, func(vm *model.VM) { vm.Display.AllowOverride = true })
	b.Must(of(vm))
	b.Edit(vm, func(vm *model.VM) { vm.Display.AllowOverride = false })
	b.Must(of(vm)) // who sits there now
	b.Must(ticket(other, &vms.TicketParams{}))
	b.Refused(of(other), fault.ReconnectDenied)

	// A new run is everybody's, and so is a guest that was rebooted.
	b.Edit(other, func(vm *model.VM) { engine.SetStatus(vm, model.StatusRebootInProgress, "") })
	b.Must(of(other))
	b.Must(ticket(other, nil))
	b.Must(&engine.Call{On: model.KindVM, Name: "stop", Target: other})
	if vm, _ := b.Server.Inventory.VMs.Get(other); vm.Run.ConsoleUser != "" {
		b.Errorf("a VM that is down has %s before it", vm.Run.ConsoleUser)
	}
}

// TestTicketBesideOtherWork: work on the VM is not in the way of who wants to
// watch it, but another ticket is.
func TestTicketBesideOtherWork(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	other := &model.Job{
		ID: model.NewID(), Action: "vm.export", Target: model.Ref{Kind: model.KindVM, ID: vm}, External: true,
		Locks: []model.Ref{{Kind: model.KindVM, ID: vm}}, Status: model.JobStarted, StartTime: time.Now(),
	}
	put := func() {
		err := b.Server.Inventory.Update(t.Context(), func(tx *inventory.Tx) error { tx.PutJob(model.Clone(other)); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	put()
	b.Must(ticket(vm, valued("first")))

	b.World.Fail(fake.Rule{Call: "SetTicket", Delay: time.Second})
	slow := b.Begin(ticket(vm, valued("second")))
	b.Refused(ticket(vm, valued("third")), fault.ObjectLocked)
	if ended := b.Wait(slow.Job.ID); ended.Status != model.JobFinished {
		t.Errorf("the slow one is %s", ended.Status)
	}
	if set, _ := b.Machine().Ticket("web1"); set.Password != "second" {
		t.Errorf("the ticket is %q", set.Password)
	}
	other.Status = model.JobFinished
	put()
}

// TestTicketFails: a host that refuses or is silent fails the ticket, at once.
func TestTicketFails(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.Running("web1")
	before := b.LastEvent()
	b.World.Fail(fake.Rule{Call: "SetTicket", Nth: 1, Error: fake.Refuse(host.RefusedOther, "no such thing")})
	if f := b.Fails(ticket(vm, nil)); f.Message() != "Cannot set the ticket of VM. The host local refused: no such thing" {
		t.Errorf("refused with %q", f.Message())
	}
	b.World.Fail(fake.Rule{Call: "SetTicket", Nth: 1, Error: host.ErrUnreachable})
	if f := b.Fails(ticket(vm, nil)); f.Message() != "Cannot set the ticket of VM. The host local does not answer." {
		t.Errorf("silent with %q", f.Message())
	}
	wantCodes(b, before, 165, 165)
	b.Must(ticket(vm, nil))
	wantCodes(b, before, 165, 165, 164)
}

func wantCodes(b *enginetest.Bench, since int64, want ...int) {
	b.Helper()
	got := b.Events(since)
	if len(got) != len(want) {
		b.Fatalf("the events are %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			b.Fatalf("the events are %v, want %v", got, want)
		}
	}
}

const secret = "xyzzy-plugh"

// TestTicketDies: whoever takes up the work of an engine that died does not know
// the ticket; the job has failed, and nothing waits for it.
func TestTicketDies(t *testing.T) {
	enginetest.DieEverywhere(t, enginetest.Scenario{
		Prepare: func(b *enginetest.Bench) *engine.Call { return ticket(b.Running("web1"), valued(secret)) },
		Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
			alive := ended.Status == model.JobFinished
			if !alive && ended.Fault.Message != "Cannot set Virtual Machine Ticket. The engine was restarted meanwhile." {
				b.Errorf("it failed with %q", ended.Fault.Message)
			}
			nowhereIn(b, b.Server.DataDir)
			b.Must(ticket(call.Target, valued("another")))
			if _, letIn := b.Machine().Enter("web1", secret); letIn {
				b.Error("the first ticket opens the display still")
			}
		},
	})
}

// nowhereIn looks for the secret in all that an engine has written.
func nowhereIn(b *enginetest.Bench, folder string) {
	b.Helper()
	files := 0
	err := filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil // the engine lives, and tries whether it can write
		}
		if bytes.Contains(text, []byte(secret)) {
			b.Errorf("the ticket is in %s", path)
		}
		files++
		return err
	})
	if err != nil || files == 0 {
		b.Fatalf("%d files were looked at: %v", files, err)
	}
}
