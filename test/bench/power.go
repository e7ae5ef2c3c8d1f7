package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/digitalocean/go-libvirt"
	"github.com/google/uuid"
)

// contestant is one way to start and to stop a guest.
type contestant struct {
	guest       uuid.UUID
	start, stop func(context.Context) error
	// Until libvirt reported it, and until the command came back.
	started, startReturned, stopped, stopReturned times
}

// measurePower compares POST start and stop with virsh create and destroy of the
// same XML, and with the same calls over a connection that is open already.
func measurePower(ctx context.Context, s *settings, out *report) (err error) {
	h, e, id, err := runningEngine(ctx, s, "power", "")
	if err != nil {
		return err
	}
	defer h.close()
	defer func() { err = errors.Join(err, e.stop()) }()
	vm := uuid.MustParse(id)
	defer h.remove(vm)
	ours := &contestant{
		guest: vm,
		start: func(ctx context.Context) error { return post(ctx, e, id, "start") },
		stop:  func(ctx context.Context) error { return post(ctx, e, id, "stop") },
	}
	// A first start warms both sides and tells the XML.
	if err := ours.turn(ctx, h); err != nil {
		return err
	}
	if err := post(ctx, e, id, "start"); err != nil {
		return err
	}
	definition, err := h.definition(vm)
	if err != nil {
		return fmt.Errorf("reading the guest's XML: %w", err)
	}
	if err := post(ctx, e, id, "stop"); err != nil {
		return err
	}
	virsh, err := virshContestant(s, h, definition, id)
	if err != nil {
		return err
	}
	defer h.remove(virsh.guest)
	direct := directContestant(h, definition, id)
	defer h.remove(direct.guest)
	if err := takeTurns(ctx, s, h, ours, virsh, direct); err != nil {
		return err
	}
	reportPower(out, ours, virsh, direct)
	return nil
}

func reportPower(out *report, ours, virsh, direct *contestant) {
	out.ratio("`POST start` / `virsh create`, until libvirt reports the guest running",
		ours.started.over(virsh.started), ours.started.middle(), virsh.started.middle(), 1.1)
	out.ratio("`POST stop` / `virsh destroy`, until libvirt reports the guest gone",
		ours.stopped.over(virsh.stopped), ours.stopped.middle(), virsh.stopped.middle(), 1.1)
	out.ratio("`POST start` / `virsh create`, until the command has come back",
		ours.startReturned.over(virsh.startReturned), ours.startReturned.middle(), virsh.startReturned.middle(), 0)
	out.ratio("`POST stop` / `virsh destroy`, until the command has come back",
		ours.stopReturned.over(virsh.stopReturned), ours.stopReturned.middle(), virsh.stopReturned.middle(), 0)
	out.ratio("`POST start` / the bare call over an open connection, until libvirt reports the guest running",
		ours.started.over(direct.started), ours.started.middle(), direct.started.middle(), 0)
	out.ratio("`POST stop` / the bare call over an open connection, until libvirt reports the guest gone",
		ours.stopped.over(direct.stopped), ours.stopped.middle(), direct.stopped.middle(), 0)
}

// takeTurns lets all start and stop in turn, after a first time that does not count.
func takeTurns(ctx context.Context, s *settings, h *hypervisor, all ...*contestant) error {
	for _, c := range all {
		if err := c.turn(ctx, h); err != nil {
			return err
		}
		c.started, c.startReturned, c.stopped, c.stopReturned = nil, nil, nil, nil
	}
	for round := range s.pairs {
		for i := range all {
			if err := all[(i+round)%len(all)].turn(ctx, h); err != nil {
				return err
			}
		}
	}
	return nil
}

// turn starts and stops once.
func (c *contestant) turn(ctx context.Context, h *hypervisor) error {
	reported, returned, err := c.take(ctx, h, c.start, libvirt.DomainEventStarted)
	for again := 0; err != nil && again < 2 && ctx.Err() == nil; again++ {
		// Others on the machine take the port of a display now and then.
		reported, returned, err = c.take(ctx, h, c.start, libvirt.DomainEventStarted)
	}
	if err != nil {
		return fmt.Errorf("starting: %w", err)
	}
	c.started, c.startReturned = append(c.started, reported), append(c.startReturned, returned)
	reported, returned, err = c.take(ctx, h, c.stop, libvirt.DomainEventStopped)
	if err != nil {
		return fmt.Errorf("stopping: %w", err)
	}
	c.stopped, c.stopReturned = append(c.stopped, reported), append(c.stopReturned, returned)
	return nil
}

func (c *contestant) take(ctx context.Context, h *hypervisor, do func(context.Context) error, what libvirt.DomainEventType) (reported, returned time.Duration, err error) {
	began := time.Now()
	if err := do(ctx); err != nil {
		return 0, 0, err
	}
	returned = time.Since(began)
	at, err := h.await(ctx, c.guest, what)
	return at.Sub(began), returned, err
}

// virshContestant does it as an operator would, with a new process each time.
func virshContestant(s *settings, h *hypervisor, definition, id string) (*contestant, error) {
	guest := uuid.New()
	path := filepath.Join(s.folder, "guest.xml")
	if err := os.WriteFile(path, []byte(other(definition, id, guest, "bench-virsh")), 0o600); err != nil {
		return nil, err
	}
	virsh := func(arguments ...string) func(context.Context) error {
		return func(ctx context.Context) error {
			said, err := exec.CommandContext(ctx, "virsh", append([]string{"-q", "-c", h.uri}, arguments...)...).CombinedOutput()
			if err != nil {
				return fmt.Errorf("virsh %s: %w: %s", arguments[0], err, said)
			}
			return nil
		}
	}
	return &contestant{guest: guest, start: virsh("create", path), stop: virsh("destroy", guest.String())}, nil
}

// directContestant makes the bare calls: what libvirt and QEMU themselves take.
func directContestant(h *hypervisor, definition, id string) *contestant {
	guest := uuid.New()
	text := other(definition, id, guest, "bench-direct")
	return &contestant{
		guest: guest,
		start: func(context.Context) error {
			_, err := h.rpc.DomainCreateXML(text, 0)
			return err
		},
		stop: func(context.Context) error { return h.rpc.DomainDestroy(h.domain(guest)) },
	}
}

// other is the definition of a guest like another one, with an id and a name of
// its own.
func other(definition, id string, guest uuid.UUID, name string) string {
	return strings.NewReplacer(
		id, guest.String(), // also in what the guest reads of its machine
		"<name>"+benchVM+"</name>", "<name>"+name+"-"+guest.String()[:8]+"</name>",
	).Replace(definition)
}

// benchVM is the name of the engine's VM; libvirt wants names to be unique.
var benchVM = "bench-" + uuid.NewString()[:8]

// runningEngine starts an engine on the libvirt of this machine, with a VM of
// the small guest that is down.
func runningEngine(ctx context.Context, s *settings, name, cmdline string) (*hypervisor, *engine, string, error) {
	if s.guest == "" {
		return nil, nil, "", errors.New("-guest names no folder")
	}
	h, err := openHypervisor(ctx)
	if err != nil {
		return nil, nil, "", err
	}
	e, err := startEngine(ctx, s, filepath.Join(s.folder, name), nil)
	if err != nil {
		h.close()
		return nil, nil, "", err
	}
	id, err := prepare(ctx, s, e, cmdline)
	if err != nil {
		h.close()
		return nil, nil, "", errors.Join(err, e.stop())
	}
	return h, e, id, nil
}

func prepare(ctx context.Context, s *settings, e *engine, cmdline string) (string, error) {
	for _, file := range []string{"vmlinuz-guest", "initrd-guest.img"} {
		if err := copyFile(filepath.Join(s.guest, file), filepath.Join(e.dataDir, "iso", file)); err != nil {
			return "", err
		}
	}
	if err := e.waitFor(ctx, "/api/hosts", "<state>up</state>"); err != nil {
		return "", err
	}
	return e.addVM(ctx, benchVM, `<memory>134217728</memory><os><kernel>iso://vmlinuz-guest</kernel>`+
		`<initrd>iso://initrd-guest.img</initrd><cmdline>console=ttyS0 quiet no_timer_check cryptomgr.notests `+cmdline+`</cmdline></os>`)
}

func post(ctx context.Context, e *engine, id, action string) error {
	_, err := e.ask(ctx, http.MethodPost, "/api/vms/"+id+"/"+action, "<action/>")
	return err
}

func copyFile(from, to string) (err error) {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	target, err := os.Create(to)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	_, err = io.Copy(target, source)
	return err
}
