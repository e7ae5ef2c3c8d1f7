package e2e

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// dyingTool stands before qemu-img: the next time it is asked for what the file "dies"
// says, it does it, and is killed within a moment, as by the kernel when memory is short.
const dyingTool = `#!/bin/sh
folder=$(dirname "$0")
if [ -e "$folder/dies" ] && [ "$1" = "$(cat "$folder/dies")" ]; then
	mv "$folder/dies" "$folder/died"
	%[1]s "$@" &
	sleep 0.02
	kill -9 $!
	kill -9 $$
fi
exec %[1]s "$@"
`

// TestToolDies kills qemu-img under the work that it does for the engine: the work fails,
// says so, leaves nothing, and succeeds when it is asked for again.
func TestToolDies(t *testing.T) {
	t.Parallel()
	r, folder := newAtRest(t), t.TempDir()
	real, err := exec.LookPath("qemu-img")
	need(t, err)
	need(t, os.WriteFile(filepath.Join(folder, "qemu-img"), fmt.Appendf(nil, dyingTool, real), 0o755))
	r.e.stop(t)
	r.e.start(t, "PATH="+folder+":"+os.Getenv("PATH"))
	r.e.awaitHost(t, "up")
	for _, each := range []struct{ work, command string }{
		{"add disk", "create"},
		{"grow disk", "resize"},
		{"copy disk", "convert"},
		{"add snapshot", "create"},
		{"remove snapshot", "commit"},
		{"preview snapshot", "create"},
		{"clone VM", "convert"},
		{"import VM", "rebase"},
	} {
		at := slices.IndexFunc(restWorks, func(work restWork) bool { return work.name == each.work })
		t.Run(each.work+" with "+each.command, func(t *testing.T) { r.toolDies(t, restWorks[at], folder, each.command) })
	}
	t.Run("export", func(t *testing.T) {
		r.toolDies(t, restWork{
			ask: func(_ *testing.T, r *atRest) (method, path, body string) {
				return "POST", r.v.path() + "/export", "<action><storage_domain><name>local-export</name></storage_domain><discard_snapshots>true</discard_snapshots><exclusive>true</exclusive></action>"
			},
			over: func(t *testing.T, r *atRest) { r.plain(t) },
		}, folder, "convert")
	})
	t.Run("template", func(t *testing.T) {
		r.toolDies(t, restWork{
			ask: func(_ *testing.T, r *atRest) (method, path, body string) {
				return "POST", "/templates", `<template><name>golden</name><vm id="` + r.v.id + `"/></template>`
			},
			over: func(t *testing.T, r *atRest) { r.noTemplates(t) },
		}, folder, "convert")
	})
}

// toolDies asks for work twice: the first time the tool is killed in it.
func (r *atRest) toolDies(t *testing.T, work restWork, folder, command string) {
	e := r.e
	if work.ready != nil {
		work.ready(t, r)
	}
	died := filepath.Join(folder, "died")
	if command == "convert" || command == "rebase" {
		r.s.take(t, "below", "") // a disk that stands alone is copied without it
		if command == "rebase" {
			work.ready(t, r)
		}
	}
	need(t, os.WriteFile(filepath.Join(folder, "dies"), []byte(command), 0o600))
	method, path, body := work.ask(t, r)
	before := e.failures(t)
	_, err := e.try(method, path, body)
	need(t, err)
	within(t, 10*time.Second, "qemu-img to be killed", func() (bool, string) {
		_, err := os.Stat(died)
		return err == nil, "it was not asked for " + command
	})
	need(t, os.Remove(died))
	r.whole(t)
	if e.failures(t) == before {
		t.Error("no event tells of the failure")
	}
	method, path, body = work.ask(t, r)
	e.call(t, method, path, body)
	r.whole(t)
	work.over(t, r)
}

// failures counts the events that are errors.
func (e *engine) failures(t *testing.T) (count int) {
	t.Helper()
	for _, event := range e.call(t, "GET", "/events;max=1000", "").body.all("event") {
		if event.text("severity") == "error" || event.text("severity") == "warning" {
			count++
		}
	}
	return count
}
