package hosttest

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

// calls are all calls about one guest, by name, except those to which an
// unknown guest is success.
func (b *bench) calls(ctx context.Context, id model.ID) map[string]error {
	_, guest := b.Guest(ctx, id)
	_, info := b.GuestInfo(ctx, id)
	_, uptime := b.GuestUptime(ctx, id)
	disk := host.DiskSpec{ID: model.NewID(), Path: "/nonexistent/disk", Format: model.DiskRaw, Interface: model.DiskVirtio}
	nic := host.NICSpec{ID: model.NewID(), MAC: "52:54:00:12:34:56", Model: model.NICVirtio, Linked: true}
	_, display := b.DialConsole(ctx, id, host.ConsoleDisplay)
	_, serial := b.DialConsole(ctx, id, host.ConsoleSerial)
	_, screenshot := b.Screenshot(ctx, id)
	_, subject := b.DisplaySubject(ctx, id)
	_, channel := b.OpenChannel(ctx, id, func([]byte) {})
	return map[string]error{
		"Guest":          guest,
		"DialDisplay":    display,
		"DialSerial":     serial,
		"Screenshot":     screenshot,
		"DisplaySubject": subject,
		"OpenChannel":    channel,
		"GuestInfo":      info,
		"GuestUptime":    uptime,
		"Save":           b.Save(ctx, id, filepath.Join(b.TempDir(), "state")),
		"Pause":          b.Pause(ctx, id),
		"Resume":         b.Resume(ctx, id),
		"PressPower":     b.PressPower(ctx, id),
		"Reboot":         b.Reboot(ctx, id),
		"ChangeCDROM":    b.ChangeCDROM(ctx, id, ""),
		"PlugDisk":       b.PlugDisk(ctx, id, disk),
		"UnplugDisk":     b.UnplugDisk(ctx, id, disk.ID),
		"ResizeDisk":     b.ResizeDisk(ctx, id, disk.ID, 1<<30),
		"PlugNIC":        b.PlugNIC(ctx, id, nic),
		"UnplugNIC":      b.UnplugNIC(ctx, id, nic.MAC),
		"UpdateNIC":      b.UpdateNIC(ctx, id, nic),
		"BeginMirror":    b.BeginMirror(ctx, id, host.Mirror{Disk: disk.ID, To: disk.Path}),
		"PivotMirror":    b.PivotMirror(ctx, id, host.Mirror{Disk: disk.ID, To: disk.Path}),
		"SetTicket":      b.SetTicket(ctx, id, host.Ticket{Password: "opensesame"}),
		"AgentPing":      b.AgentPing(ctx, id),
		"AgentShutdown":  b.AgentShutdown(ctx, id, false),
	}
}

// calmCalls are the other calls.
func (b *bench) calmCalls(ctx context.Context, id model.ID) map[string]error {
	_, facts := b.Facts(ctx)
	_, bootID := b.BootID(ctx)
	_, _, memory := b.Memory(ctx)
	_, guests := b.Guests(ctx)
	_, stats := b.Stats(ctx)
	return map[string]error{
		"Facts": facts, "BootID": bootID, "Memory": memory, "Guests": guests, "Stats": stats,
		"Alive":   b.Alive(ctx),
		"Destroy": b.Destroy(ctx, id),
		"Forget":  b.Forget(ctx, id),
	}
}

func unknownGuestIsNotFound(t *testing.T, target Target) {
	b := open(t, target)
	id := model.NewID()
	for name, err := range b.calls(b.ctx, id) {
		if !errors.Is(err, host.ErrNotFound) {
			t.Errorf("%s: got %v, want ErrNotFound", name, err)
		}
	}
	for name, err := range b.calmCalls(b.ctx, id) {
		if err != nil {
			t.Errorf("%s: got %v, want success", name, err)
		}
	}
}

func cancelledContextEndsCalls(t *testing.T, target Target) {
	b := open(t, target)
	ctx, cancel := context.WithCancel(b.ctx)
	cancel()
	spec := b.bootPaused("cancelled")
	for _, errs := range []map[string]error{b.calls(ctx, spec.ID), b.calmCalls(ctx, spec.ID)} {
		for name, err := range errs {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v, want context.Canceled", name, err)
			}
		}
	}
	if _, err := target.Driver.Connect(ctx, target.Address); !errors.Is(err, context.Canceled) {
		t.Errorf("Connect: got %v, want context.Canceled", err)
	}
	b.must("Alive after cancelled calls", b.Alive(b.ctx))
	b.wantState(spec.ID, host.Paused)
}

func closedConnectionSaysSo(t *testing.T, target Target) {
	b := open(t, target)
	select {
	case <-b.Done():
		t.Fatal("Done is closed while the connection is open")
	default:
	}
	b.twice("Close", b.Close)
	b.wantLost(model.NewID())
}

// wantLost wants the connection to say that it is lost, in all ways there are.
func (b *bench) wantLost(id model.ID) {
	b.Helper()
	b.until("Done is closed", func() bool {
		select {
		case <-b.Done():
			return true
		default:
			return false
		}
	})
	b.until("the channel of events is closed", func() bool {
		select {
		case <-b.events.ended:
			return true
		default:
			return false
		}
	})
	for _, errs := range []map[string]error{b.calls(b.ctx, id), b.calmCalls(b.ctx, id)} {
		for name, err := range errs {
			if !errors.Is(err, host.ErrUnreachable) {
				b.Errorf("%s on a lost connection: got %v, want ErrUnreachable", name, err)
			}
		}
	}
}
