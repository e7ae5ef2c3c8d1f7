package fake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// savedState is what Save writes; the file, where one can be written, holds it
// as JSON so that another world can restore it.
type savedState struct {
	Guest  model.ID      `json:"guest"`
	Name   string        `json:"name"`
	Epoch  uint64        `json:"epoch"`
	Booted bool          `json:"booted"`
	Uptime time.Duration `json:"uptime"`
	Frozen bool          `json:"frozen,omitempty"`
	// Known is what the guest knows of its disk; see Entry.
	Known int64 `json:"known,omitempty"`
	// Kept is the memory of a snapshot, from which a guest may go on many times.
	Kept bool `json:"kept,omitempty"`

	// onDisk says that the file was really made; used that the guest has gone
	// on from it.
	onDisk, used bool
}

// saving is a save that goes on.
type saving struct {
	op     *operation
	path   string
	onDisk bool
	before host.State
	timer  *time.Timer
	guest  *guest
}

// Save stops the guest and writes its memory. A file is really made when its
// folder exists.
func (c *connection) Save(ctx context.Context, id model.ID, path string) error {
	w := c.world
	return c.call(ctx, "Save", id, "", func() (*operation, error) {
		g, err := c.machine.find(id)
		if err != nil {
			return nil, err
		}
		if s := w.saved[path]; !g.alive() && g.end == host.EndSaved && s != nil && s.Guest == id && s.Epoch == g.spec.Epoch {
			return nil, nil
		}
		if g.saving != nil && g.saving.path == path {
			return g.saving.op, nil
		}
		if g.saving != nil || g.moving != nil || g.deaf || g.state != host.Running && g.state != host.Paused {
			return nil, notNow(g)
		}
		onDisk, err := w.reserve(path)
		if err != nil {
			return nil, err
		}
		g.save(path, onDisk)
		return g.saving.op, nil
	})
}

// reserve makes the file that is to hold a state, if its folder exists.
func (w *World) reserve(path string) (onDisk bool, err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o660)
	if err == nil {
		return true, file.Close()
	}
	if errors.Is(err, fs.ErrNotExist) {
		if w.saved[path] == nil {
			return false, nil
		}
		err = fs.ErrExist
	}
	return false, Refuse(host.RefusedResource, fmt.Sprintf("cannot write %s: %v", path, err))
}

func (g *guest) save(path string, onDisk bool) {
	s := &saving{op: newOperation(), path: path, onDisk: onDisk, before: g.state, guest: g}
	if g.state == host.Running {
		g.hold(host.PauseWork, nil)
	}
	g.saving = s
	s.timer = g.machine.world.after(g.machine.world.options.SaveDelay, func() {
		if g.saving == s {
			s.complete()
		}
	})
}

func (s *saving) complete() {
	g := s.guest
	_, uptime := g.times()
	state := &savedState{
		Guest: g.spec.ID, Name: g.spec.Name, Epoch: g.spec.Epoch,
		Booted: g.booted, Uptime: uptime, Frozen: g.frozen, Known: g.known, onDisk: s.onDisk,
	}
	if s.onDisk {
		if err := state.write(s.path); err != nil {
			s.fail(err)
			return
		}
	}
	g.machine.world.saved[s.path] = state
	g.machine.world.savedOf[g.spec.ID] = s.path
	g.saving = nil
	g.quit(host.EndSaved, true)
	s.op.finish(nil)
}

// fail lets the guest run on as it did before.
func (s *saving) fail(err error) {
	g := s.guest
	s.abandon()
	if s.before == host.Running {
		g.run()
		g.emit(host.EventResumed, nil)
	}
	s.op.finish(Refuse(host.RefusedResource, err.Error()))
}

// abort is for a guest that ends while it is saved.
func (s *saving) abort() {
	s.abandon()
	s.op.finish(Refuse(host.RefusedState, "the guest ended while it was being saved"))
}

func (s *saving) abandon() {
	s.timer.Stop()
	s.guest.saving = nil
	if s.onDisk {
		_ = os.Remove(s.path)
	}
}

func (s *savedState) write(path string) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o660)
}

// Restore starts the guest from a saved state, which stays.
func (c *connection) Restore(ctx context.Context, spec *host.GuestSpec, path string) error {
	if err := c.writeSeeds(ctx, spec); err != nil {
		return err
	}
	return c.call(ctx, "Restore", spec.ID, spec.Name, func() (*operation, error) {
		if old := c.machine.guests[spec.ID]; old != nil && old.alive() {
			return nil, c.machine.launch(spec, nil)
		}
		state, err := c.world.savedAt(path)
		if err == nil && state.Guest != spec.ID {
			err = Refuse(host.RefusedOther, fmt.Sprintf("the state at %s is that of guest %s", path, state.Guest))
		}
		if err == nil {
			err = c.machine.launch(spec, state)
		}
		if err != nil {
			return nil, err
		}
		if state.used && !state.Kept {
			c.world.violated("guest %s (%s) was restored from %s after it had gone on from there", spec.Name, spec.ID, path)
		}
		state.used = true
		return nil, nil
	})
}

// savedAt finds a state in the world or, from another world, in its file.
func (w *World) savedAt(path string) (*savedState, error) {
	text, err := os.ReadFile(path)
	known := w.saved[path]
	if known != nil && (err == nil || !known.onDisk) {
		return known, nil
	}
	state := &savedState{onDisk: true}
	if err == nil {
		err = json.Unmarshal(text, state)
	}
	if err != nil {
		delete(w.saved, path)
		return nil, Refuse(host.RefusedResource, fmt.Sprintf("cannot read the saved state: %v", err))
	}
	w.saved[path] = state
	return state, nil
}
