package transfers_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/transfers"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/server"
)

const mib = 1 << 20

// diskOperator is the role of who may do all with a disk (api-v4 C.3).
const diskOperator model.ID = "def0000a-0000-0000-0000-def00000000b"

// addDisk makes a disk of 8 MiB, of a VM if one is given.
func addDisk(b *enginetest.Bench, vm model.ID, format model.DiskFormat) model.ID {
	b.Helper()
	return b.Must(&engine.Call{On: model.KindDisk, Name: "add", Parent: vm, Params: &disks.AddParams{Edit: func(d *model.Disk) error {
		d.ProvisionedSize, d.Format, d.Sparse, d.Interface = 8*mib, format, true, model.DiskVirtio
		return nil
	}}}).Object.Ref().ID
}

func addCall(disk model.ID, edits ...func(*transfers.AddParams)) *engine.Call {
	params := &transfers.AddParams{Disk: disk}
	for _, edit := range edits {
		edit(params)
	}
	return &engine.Call{On: model.KindImageTransfer, Name: "add", Params: params}
}

func download(p *transfers.AddParams) { p.Direction = model.TransferDownload }

// begin begins a transfer, which is transferring then.
func begin(b *enginetest.Bench, call *engine.Call) model.ID {
	b.Helper()
	id := b.Begin(call).Object.Ref().ID
	await(b, id, model.TransferTransferring)
	return id
}

func get(b *enginetest.Bench, id model.ID) *model.ImageTransfer {
	b.Helper()
	transfer, ok := b.Server.Inventory.ImageTransfers.Get(id)
	if !ok {
		b.Fatalf("there is no transfer %s", id)
	}
	return transfer
}

func await(b *enginetest.Bench, id model.ID, phase model.TransferPhase) {
	b.Helper()
	b.Await("the transfer is "+string(phase), func() bool { return get(b, id).Phase == phase })
}

func change(name string, id model.ID) *engine.Call {
	return &engine.Call{On: model.KindImageTransfer, Name: name, Target: id}
}

// write writes to the beginning of what is transferred.
func write(b *enginetest.Bench, id model.ID, text []byte) {
	b.Helper()
	session, ok := b.Server.Transfers.Find(string(get(b, id).Ticket))
	if !ok {
		b.Fatal("there is no session")
	}
	during, done, ok := session.Begin(b.Context())
	if !ok {
		b.Fatal("the session has ended")
	}
	defer done()
	if err := session.Content.WriteAt(during, text, 0); err != nil {
		b.Fatal(err)
	}
	session.Move(int64(len(text)))
}

// cow is a small qcow2 image.
func cow(t *testing.T, size string) []byte {
	t.Helper()
	path := filepath.Join(t.TempDir(), "image")
	if output, err := exec.CommandContext(t.Context(), "qemu-img", "create", "-q", "-f", "qcow2", path, size).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestPhases goes through all phases of an upload.
func TestPhases(t *testing.T) {
	b := enginetest.New(t, nil)
	disk := addDisk(b, "", model.DiskCOW)
	before := b.LastEvent()
	id := begin(b, addCall(disk))
	if b.Disk(disk).Status != model.DiskLocked || get(b, id).Ticket == "" {
		t.Errorf("the disk is %s", b.Disk(disk).Status)
	}
	b.Refused(addCall(disk), fault.ObjectLocked)
	b.Refused(&engine.Call{On: model.KindDisk, Name: "remove", Target: disk}, fault.ObjectLocked)
	write(b, id, cow(t, "8M"))
	ticket := string(get(b, id).Ticket)
	for range 2 {
		b.Must(change("pause", id))
	}
	await(b, id, model.TransferPausedUser)
	b.Await("the session has ended", func() bool { _, open := b.Server.Transfers.Find(ticket); return !open })
	b.Must(change("resume", id))
	await(b, id, model.TransferTransferring)
	b.Must(change("resume", id))
	b.Must(change("extend", id))
	if get(b, id).Transferred == 0 {
		t.Error("no byte was counted")
	}
	for range 2 {
		b.Must(change("finalize", id))
	}
	await(b, id, model.TransferFinishedSuccess)
	b.Must(change("finalize", id))
	for _, name := range []string{"pause", "resume", "cancel", "extend"} {
		b.Refused(change(name, id), fault.StateConflict)
	}
	if b.Disk(disk).Status != model.DiskOK || b.Disk(disk).ActualSize == 0 || get(b, id).Ticket != "" {
		t.Errorf("the disk is %+v", b.Disk(disk))
	}
	if codes := b.Events(before); !slices.Equal(codes, []int{20200, 20243, 20243, 20243, 20201}) {
		t.Errorf("the events are %v", codes)
	}
}

// TestEnds are the other ends: what becomes of the transfer and of its disk.
func TestEnds(t *testing.T) {
	for name, test := range map[string]struct {
		call   func(*transfers.AddParams)
		format model.DiskFormat
		write  string
		end    string
		phase  model.TransferPhase
		status model.DiskStatus // empty: there is no disk
	}{
		"upload cancelled":             {nil, model.DiskRaw, "", "cancel", model.TransferFinishedCleanup, ""},
		"image cancelled":              {nil, model.DiskCOW, "", "cancel", model.TransferFinishedCleanup, ""},
		"download cancelled":           {download, model.DiskRaw, "", "cancel", model.TransferFinishedCleanup, model.DiskOK},
		"download finalized":           {download, model.DiskCOW, "", "finalize", model.TransferFinishedSuccess, model.DiskOK},
		"nothing uploaded":             {nil, model.DiskCOW, "", "finalize", model.TransferFinishedFailure, model.DiskIllegal},
		"nothing uploaded to a raw":    {nil, model.DiskRaw, "", "finalize", model.TransferFinishedSuccess, model.DiskOK},
		"too large":                    {nil, model.DiskCOW, "9M", "finalize", model.TransferFinishedFailure, model.DiskIllegal},
		"smaller":                      {nil, model.DiskCOW, "1M", "finalize", model.TransferFinishedSuccess, model.DiskOK},
		"silent upload":                {func(p *transfers.AddParams) { p.Policy, p.InactivityTimeout = model.TimeoutCancel, new(1) }, model.DiskRaw, "", "", model.TransferFinishedCleanup, ""},
		"silent download":              {func(p *transfers.AddParams) { download(p); p.InactivityTimeout = new(1) }, model.DiskRaw, "", "", model.TransferFinishedCleanup, model.DiskOK},
		"silent upload, paused by law": {func(p *transfers.AddParams) { p.InactivityTimeout = new(1) }, model.DiskRaw, "", "", model.TransferPausedSystem, model.DiskLocked},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := enginetest.New(t, nil)
			disk := addDisk(b, "", test.format)
			call := addCall(disk)
			if test.call != nil {
				call = addCall(disk, test.call)
			}
			id := begin(b, call)
			if test.write != "" {
				write(b, id, cow(t, test.write))
			}
			if test.end != "" {
				b.Must(change(test.end, id))
			}
			await(b, id, test.phase)
			switch got := b.Disk(disk); {
			case got == nil && test.status == "":
			case got == nil || got.Status != test.status:
				t.Errorf("the disk is %+v", got)
			}
			if test.phase == model.TransferPausedSystem {
				b.Must(change("cancel", id))
				await(b, id, model.TransferFinishedCleanup)
			}
			if test.status == model.DiskIllegal { // an upload mends it
				again := begin(b, addCall(disk))
				write(b, again, cow(t, "8M"))
				b.Must(change("finalize", again))
				await(b, again, model.TransferFinishedSuccess)
				if b.Disk(disk).Status != model.DiskOK {
					t.Errorf("the disk is still %s", b.Disk(disk).Status)
				}
			}
		})
	}
}

// TestRefusals are what cannot be transferred.
func TestRefusals(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("vm")
	used, raw, other := addDisk(b, vm, model.DiskCOW), addDisk(b, "", model.DiskRaw), addDisk(b, "", model.DiskCOW)
	edit := func(disk model.ID, do func(*inventory.Tx, *model.Disk)) {
		if err := b.Server.Inventory.Update(t.Context(), func(tx *inventory.Tx) error {
			edited, _ := tx.Disks.Edit(disk)
			do(tx, edited)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	b.Refused(addCall(raw, func(p *transfers.AddParams) { p.Format = model.DiskCOW }), fault.StateConflict)
	b.Refused(addCall(raw, func(p *transfers.AddParams) { p.InactivityTimeout = new(-1) }), fault.Invalid)
	b.Refused(&engine.Call{On: model.KindImageTransfer, Name: "add"}, fault.Invalid)
	for _, call := range []*engine.Call{addCall(model.NewID()), addCall(raw, func(p *transfers.AddParams) { p.Host = model.NewID() }), change("cancel", model.NewID())} {
		if _, err := b.Act(call); !fault.Is(err, fault.NotFound) {
			t.Errorf("%s gave %v", call.Name, err)
		}
	}
	b.Start(vm)
	b.Refused(addCall(used, download), fault.StateConflict)
	b.Stop(vm)
	edit(other, func(_ *inventory.Tx, d *model.Disk) {
		d.Chain = []model.Volume{{ID: model.NewID(), Format: model.DiskCOW}}
	})
	b.Refused(addCall(other), fault.StateConflict)
	b.Refused(addCall(other, download), fault.StateConflict) // its image alone is of no use
	edit(other, func(_ *inventory.Tx, d *model.Disk) { d.Chain, d.Status = nil, model.DiskIllegal })
	b.Refused(addCall(other, download), fault.StateConflict)
	edit(other, func(tx *inventory.Tx, d *model.Disk) {
		d.Status = model.DiskOK
		template, _ := tx.Templates.Edit(model.BlankID)
		template.Disks = []model.DiskAttachment{{Disk: d.ID}}
	})
	b.Refused(addCall(other), fault.StateConflict)
	id := begin(b, addCall(other, download))
	b.Must(change("finalize", id))
	await(b, id, model.TransferFinishedSuccess)
	edit(other, func(tx *inventory.Tx, _ *model.Disk) {
		template, _ := tx.Templates.Edit(model.BlankID)
		template.Disks = nil // its volume was never made one
	})
}

// TestLockedDisk: a VM does not start while its disk is transferred.
func TestLockedDisk(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := b.VM("vm")
	disk := addDisk(b, vm, model.DiskRaw)
	id := begin(b, addCall(disk))
	if _, err := b.Act(&engine.Call{On: model.KindVM, Name: "start", Target: vm}); !fault.Is(err, fault.Conflict) {
		t.Errorf("the VM started: %v", err)
	}
	// Cancelled, the disk of a VM is kept: it may have been written.
	b.Must(change("cancel", id))
	await(b, id, model.TransferFinishedCleanup)
	if b.Disk(disk).Status != model.DiskIllegal || len(b.Get(vm).Disks) != 1 {
		t.Errorf("the disk is %+v", b.Disk(disk))
	}
}

// TestRights: whoever may not edit a disk can neither transfer it nor see its ticket.
func TestRights(t *testing.T) {
	b := enginetest.New(t, nil)
	mine, others := addDisk(b, "", model.DiskRaw), addDisk(b, "", model.DiskRaw)
	caller := b.Caller("operator", diskOperator, model.Ref{Kind: model.KindDisk, ID: mine})
	as := func(call *engine.Call) *engine.Call { call.Caller = caller; return call }
	theirs := begin(b, addCall(others, download))
	own := begin(b, as(addCall(mine, download)))
	for _, call := range []*engine.Call{as(addCall(others, download)), as(change("cancel", theirs)), as(change("extend", theirs))} {
		b.Refused(call, fault.NotAuthorized)
	}
	view := b.Server.Engine.View(caller)
	if _, err := view.ImageTransfer(theirs); !fault.Is(err, fault.NotFound) {
		t.Errorf("the ticket of another was shown: %v", err)
	}
	if all := view.ImageTransfers(); len(all) != 1 || all[0].ID != own {
		t.Errorf("%d transfers are shown", len(all))
	}
	for _, id := range []model.ID{theirs, own} {
		b.Must(change("finalize", id))
		await(b, id, model.TransferFinishedSuccess)
	}
}

// TestForgotten: what has ended is shown for a while.
func TestForgotten(t *testing.T) {
	b := enginetest.New(t, map[string]string{"SucceededImageTransferCleanupTimeInMinutes": "0"})
	disk := addDisk(b, "", model.DiskRaw)
	first := begin(b, addCall(disk, download))
	b.Must(change("finalize", first))
	await(b, first, model.TransferFinishedSuccess)
	if !b.Server.Transfers.Forgotten(get(b, first)) {
		t.Error("it is not forgotten")
	}
	second := begin(b, addCall(disk, download))
	if _, kept := b.Server.Inventory.ImageTransfers.Get(first); kept {
		t.Error("it is still kept")
	}
	b.Must(change("cancel", second))
	await(b, second, model.TransferFinishedCleanup)
}

// TestGoesOn kills the engine while an image is uploaded: what was written is there,
// and the ticket is still good.
func TestGoesOn(t *testing.T) {
	b := enginetest.New(t, nil)
	disk := addDisk(b, "", model.DiskCOW)
	id := begin(b, addCall(disk))
	image := cow(t, "8M")
	write(b, id, image[:len(image)/2])
	ticket := get(b, id).Ticket
	b.Restart()
	b.Await("the transfer is open", func() bool { _, open := b.Server.Transfers.Find(string(ticket)); return open })
	session, _ := b.Server.Transfers.Find(string(ticket))
	if err := session.Content.WriteAt(t.Context(), image[len(image)/2:], int64(len(image)/2)); err != nil {
		t.Fatal(err)
	}
	b.Must(change("finalize", id))
	await(b, id, model.TransferFinishedSuccess)
}

// TestDies kills the engine at every point of an upload that succeeds, that is
// refused at its end, and that is cancelled.
func TestDies(t *testing.T) {
	for name, test := range map[string]struct {
		content, end string
		status       model.JobStatus
		disk         model.DiskStatus
	}{
		"success":   {"8M", "finalize", model.JobFinished, model.DiskOK},
		"refused":   {"9M", "finalize", model.JobFailed, model.DiskIllegal},
		"cancelled": {"8M", "cancel", model.JobFailed, ""},
	} {
		t.Run(name, func(t *testing.T) {
			enginetest.DieEverywhere(t, enginetest.Scenario{
				Prepare: func(b *enginetest.Bench) *engine.Call {
					disk := addDisk(b, "", model.DiskCOW)
					image := cow(b.T, test.content)
					go client(b, disk, image, test.end)
					return addCall(disk)
				},
				Check: func(b *enginetest.Bench, call *engine.Call, ended *model.Job) {
					params, _ := call.Params.(*transfers.AddParams)
					disk := b.Disk(params.Disk)
					if ended.Status != test.status || (disk == nil) != (test.disk == "") || disk != nil && disk.Status != test.disk {
						b.Errorf("the job is %s (%+v), the disk %+v", ended.Status, ended.Fault, disk)
					}
					left, _ := filepath.Glob(filepath.Join(b.Domain("local-data").Path, "*", "images", "*", ".*"))
					if len(left) > 0 {
						b.Errorf("left over are %v", left)
					}
				},
			})
		})
	}
}

// client sends an image as soon as it can, and then ends the transfer; it goes on with
// the next engine.
func client(b *enginetest.Bench, disk model.ID, image []byte, end string) {
	for {
		now := b.Now()
		changed := now.Inventory.Changed()
		for _, transfer := range now.Inventory.ImageTransfers.All() {
			if transfer.Disk == disk && transfer.Phase == model.TransferTransferring && send(b, now, transfer, image) {
				_, _ = now.Engine.Act(b.Context(), change(end, transfer.ID)) // or the next engine's
			}
		}
		select {
		case <-changed:
		case <-time.After(5 * time.Millisecond): // there may be another engine
		case <-b.Context().Done():
			return
		}
	}
}

func send(b *enginetest.Bench, to *server.Server, transfer *model.ImageTransfer, image []byte) bool {
	session, open := to.Transfers.Find(string(transfer.Ticket))
	if !open {
		return false
	}
	during, done, ok := session.Begin(b.Context())
	if !ok {
		return false
	}
	defer done()
	return session.Content.WriteAt(during, image, 0) == nil
}
