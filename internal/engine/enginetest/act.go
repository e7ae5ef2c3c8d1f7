package enginetest

import (
	"context"
	"errors"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/server"
	"vireo/internal/store"
)

// Act runs a command as the administrator and waits for its end, unless the call
// says otherwise.
func (b *Bench) Act(call *engine.Call) (*engine.Result, error) {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	if call.Caller == nil {
		admin, _ := b.Server.Inventory.Users.Get(server.Administrator)
		call.Caller = new(auth.CallerOf(b.Server.Engine.Records(), admin))
	}
	if call.Async == nil {
		call.Async = new(false)
	}
	return b.Server.Engine.Act(ctx, call)
}

// Must runs a command that succeeds.
func (b *Bench) Must(call *engine.Call) *engine.Result {
	b.Helper()
	result, err := b.Act(call)
	if err != nil {
		b.Fatalf("%s %s: %v", call.On, call.Name, err)
	}
	if result.Pending && (call.Async == nil || !*call.Async) {
		b.Fatalf("%s %s did not end", call.On, call.Name)
	}
	return result
}

// Begin runs a command that succeeds in being accepted, and does not wait.
func (b *Bench) Begin(call *engine.Call) *engine.Result {
	b.Helper()
	call.Async = new(true)
	return b.Must(call)
}

// Refused runs a command that is refused when it is accepted, with this code of
// the message catalogue, and changes nothing.
func (b *Bench) Refused(call *engine.Call, code string) *fault.Fault {
	b.Helper()
	before := b.version()
	result, err := b.Act(call)
	f, ok := errors.AsType[*fault.Fault](err)
	switch {
	case !ok:
		b.Fatalf("%s %s was not refused with %s but gave %v, %v", call.On, call.Name, code, result, err)
	case f.Code != code:
		b.Fatalf("%s %s was refused with %s (%s), not with %s", call.On, call.Name, f.Code, f.Message(), code)
	case result != nil && result.Job != nil:
		b.Fatalf("%s %s was accepted and then failed: %v", call.On, call.Name, err)
	}
	if after := b.version(); after != before {
		b.Fatalf("%s %s was refused and changed something", call.On, call.Name)
	}
	return f
}

// Fails runs a command that is accepted and then fails.
func (b *Bench) Fails(call *engine.Call) *fault.Fault {
	b.Helper()
	result, err := b.Act(call)
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok || result == nil || result.Job == nil || result.Job.Status != model.JobFailed {
		b.Fatalf("%s %s did not fail as a job but gave %+v, %v", call.On, call.Name, result, err)
	}
	return f
}

// Wait returns a job when it has ended.
func (b *Bench) Wait(id model.ID) *model.Job {
	b.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	ended, err := b.Server.Engine.Wait(ctx, id)
	if err != nil {
		b.Fatalf("waiting for a job: %v", err)
	}
	return ended
}

// version is a text that changes with what the commands here may change.
func (b *Bench) version() string {
	newest := b.told()
	text := []byte{}
	for _, vm := range b.Server.Inventory.VMs.All() {
		text = appendJSON(text, vm.ID, vm.VMConfig, vm.NextRun)
	}
	for _, pool := range b.Server.Inventory.VMPools.All() {
		text = appendJSON(text, pool)
	}
	for _, disk := range b.Server.Inventory.Disks.All() {
		text = appendJSON(text, disk)
	}
	for _, tag := range b.Server.Inventory.Tags.All() {
		text = appendJSON(text, tag)
	}
	for _, set := range b.Server.Inventory.Options.All() {
		text = appendJSON(text, set)
	}
	return string(appendJSON(text, newest))
}

// told is the id of the newest event that is not about a missing permit, nor about the room
// that the machine has.
func (b *Bench) told() int64 {
	var newest int64
	err := b.Server.Store.Events(context.Background(), store.EventQuery{}, func(event *model.Event) bool {
		newest = event.ID
		return event.Code == int(audit.NotPermitted) || event.Code == int(audit.DomainLowSpace)
	})
	if err != nil {
		b.Fatal(err)
	}
	return newest
}

// Events gives the codes of the events since the one of that id, oldest first.
func (b *Bench) Events(after int64) []int {
	b.Helper()
	var codes []int
	err := b.Server.Store.Events(context.Background(), store.EventQuery{After: after}, func(event *model.Event) bool {
		codes = append([]int{event.Code}, codes...)
		return true
	})
	if err != nil {
		b.Fatal(err)
	}
	return codes
}

// LastEvent is the id of the newest event.
func (b *Bench) LastEvent() int64 {
	b.Helper()
	id, err := b.Server.Store.LastEvent(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	return id
}
