package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"vireo/test/tinyguest"
)

const (
	// travellers is how many guests migrate at the same time.
	travellers = 10
	// tinyFile is the image that they boot from.
	tinyFile = "tiny-kernel"
)

// measureMany migrates ten guests of the engine at once, and ten of virsh, in turns.
func measureMany(ctx context.Context, s *settings, e *engine, all *farm, out *report) error {
	ours, theirs := &convoy{hosts: all.hosts}, &convoy{hosts: all.hosts}
	kernel, err := tinyguest.Kernel()
	if err == nil {
		err = os.WriteFile(filepath.Join(e.dataDir, "iso", tinyFile), kernel, 0o644) //nolint:gosec // QEMU reads it as another user
	}
	if err != nil {
		return err
	}
	for i := range travellers {
		id, twin, err := startPair(ctx, s, e, all.hosts[0], fmt.Sprintf("%s-%d", benchVM, i))
		if err != nil {
			return err
		}
		ours.moves = append(ours.moves, func(ctx context.Context, _, to *farmHost) error { return e.migrate(ctx, id, to) })
		theirs.moves = append(theirs.moves, func(ctx context.Context, from, to *farmHost) error { return from.migrate(ctx, twin, to) })
	}
	our, their, err := inTurns(s.few(), ours.travel(ctx), theirs.travel(ctx))
	if err != nil {
		return err
	}
	out.ratio(fmt.Sprintf("%d `POST migrate` at once / as many `virsh migrate --live --p2p --auto-converge` at once, of guests of 32 MiB, neither holding any back, until the last is there", travellers), our.over(their), our.middle(), their.middle(), 1.1)
	return nil
}

// startPair starts a VM of the engine, and a guest like it that the engine does not know.
func startPair(ctx context.Context, s *settings, e *engine, on *farmHost, name string) (id string, twin uuid.UUID, err error) {
	id, err = e.addVM(ctx, name, fmt.Sprintf(`<memory>%d</memory><os><kernel>iso://%s</kernel></os>`, tinyguest.Memory, tinyFile))
	if err != nil {
		return "", twin, err
	}
	if err := e.startOn(ctx, id, "local"); err != nil {
		return "", twin, err
	}
	if err := e.waitFor(ctx, "/api/vms/"+id, "<state>up</state>"); err != nil {
		return "", twin, err
	}
	definition, err := on.definition(uuid.MustParse(id))
	if err != nil {
		return "", twin, err
	}
	twin = uuid.New()
	definition = strings.NewReplacer(id, twin.String(), "<name>"+name+"</name>", "<name>bench-"+twin.String()[:8]+"</name>").Replace(definition)
	return id, twin, on.create(ctx, s, ownLabel.ReplaceAllString(definition, ""))
}

// convoy is guests that go from one host to the other at the same time.
type convoy struct {
	hosts []*farmHost
	at    int
	moves []func(ctx context.Context, from, to *farmHost) error
}

// travel migrates all of them and gives the time until the last is there.
func (c *convoy) travel(ctx context.Context) func() (time.Duration, error) {
	return func() (time.Duration, error) {
		from, to := c.hosts[c.at], c.hosts[1-c.at]
		c.at = 1 - c.at
		began := time.Now()
		var moving sync.WaitGroup
		failures := make([]error, len(c.moves))
		for i, move := range c.moves {
			moving.Go(func() { failures[i] = move(ctx, from, to) })
		}
		moving.Wait()
		return time.Since(began), errors.Join(failures...)
	}
}
