package e2e

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// vm is a virtual machine as a client drives it.
type vm struct {
	e        *engine
	id, name string
}

// made counts engines and VMs, for names that are used once.
var made atomic.Int64

// create makes a VM from Blank that boots the small guest. words are for its
// kernel's command line (test/guest/README.md).
func (e *engine) create(t *testing.T, words ...string) *vm {
	t.Helper()
	name := fmt.Sprintf("%s%d", e.names, made.Add(1))
	said := e.call(t, "POST", "/vms", `<vm>
	<name>`+name+`</name>
	<cluster><name>Default</name></cluster>
	<template><name>Blank</name></template>
	<memory>134217728</memory>
	<os>
		<kernel>iso://`+kernelFile+`</kernel>
		<initrd>iso://`+initrdFile+`</initrd>
		<cmdline>`+strings.Join(append([]string{"console=ttyS0 quiet no_timer_check cryptomgr.notests"}, words...), " ")+`</cmdline>
	</os>
	<console enabled="true"/>
</vm>`)
	if said.code != 201 {
		t.Fatalf("creating a VM was answered %d: %s", said.code, said.text)
	}
	return &vm{e: e, id: said.body.attr("id"), name: name}
}

func (v *vm) path() string { return "/vms/" + v.id }

func (v *vm) get(t *testing.T) node {
	t.Helper()
	return v.e.call(t, "GET", v.path(), "").body
}

func (v *vm) status(t *testing.T) string {
	t.Helper()
	return v.get(t).text("status/state")
}

// act asks for an action, which must succeed.
func (v *vm) act(t *testing.T, action string, elements ...string) answer {
	t.Helper()
	return v.e.call(t, "POST", v.path()+"/"+action, "<action>"+strings.Join(elements, "")+"</action>")
}

// await waits until the VM has one of these statuses.
func (v *vm) await(t *testing.T, statuses ...string) {
	t.Helper()
	eventually(t, v.name+" to be "+strings.Join(statuses, " or "), func() (bool, string) {
		status := v.status(t)
		return slices.Contains(statuses, status), "it is " + status
	})
}

// up starts the VM and waits until it is up.
func (v *vm) up(t *testing.T) {
	t.Helper()
	v.act(t, "start")
	v.await(t, "up")
}

// running gives the VM's only QEMU process.
func (v *vm) running(t *testing.T) int {
	t.Helper()
	found := qemus(v.id)
	if len(found) != 1 {
		t.Fatalf("%s has %d QEMU processes", v.name, len(found))
	}
	return found[0]
}

// gone checks that nothing of the guest is left on its host.
func (v *vm) gone(t *testing.T) {
	t.Helper()
	if found := qemus(v.id); len(found) > 0 {
		t.Errorf("%s still has the QEMU processes %v", v.name, found)
	}
	eventually(t, "the host to forget "+v.name, func() (bool, string) {
		state := v.e.daemon.state(v.id)
		return state == "none", "it is " + state
	})
}

// inside runs a shell command in the guest.
func (v *vm) inside(t *testing.T, command string) string {
	t.Helper()
	var output string
	v.answers(t, func() (err error) {
		output, err = v.e.daemon.inside(v.id, command)
		return err
	})
	return output
}

// answers does something with the guest agent, again while the guest is too busy
// to answer.
func (v *vm) answers(t *testing.T, do func() error) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		err := do()
		if err == nil {
			return
		}
		if !strings.Contains(err.Error(), "Guest agent is not responding") || time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
}

// leave runs a shell command in the guest that it will not live to answer.
func (v *vm) leave(t *testing.T, command string) {
	t.Helper()
	asked := false
	v.answers(t, func() error {
		err := v.e.daemon.agent(v.id, "guest-exec", map[string]any{"path": "/bin/sh", "arg": []string{"-c", command}}, nil)
		// A guest that was asked, and gave no answer for a while, may have done it since.
		if asked && err != nil && strings.Contains(err.Error(), "is not valid: domain is not running") {
			return nil
		}
		asked = true
		return err
	})
}

// count is how far the guest has counted.
func (v *vm) count(t *testing.T) int {
	t.Helper()
	number, err := strconv.Atoi(v.inside(t, "cat /run/vireo/count"))
	if err != nil {
		t.Fatal(err)
	}
	return number
}

// events are the codes of the events that name the VM, oldest first.
func (v *vm) events(t *testing.T) []string {
	t.Helper()
	var codes []string
	for _, event := range v.e.call(t, "GET", "/events;max=1000", "").body.all("event") {
		if event.at("vm").attr("id") == v.id {
			codes = append(codes, event.text("code"))
		}
	}
	slices.Reverse(codes)
	return codes
}

// told waits for an event: some are written just after what they tell of.
func (v *vm) told(t *testing.T, codes ...string) {
	t.Helper()
	within(t, 5*time.Second, "the events "+strings.Join(codes, ", "), func() (bool, string) {
		written := v.events(t)
		for _, code := range codes {
			if !slices.Contains(written, code) {
				return false, fmt.Sprint("there are ", written)
			}
		}
		return true, ""
	})
}

// trail follows the statuses of a VM as fast as a client can ask.
type trail struct {
	stop chan struct{}
	wait sync.WaitGroup
	seen []sighting
}

// sighting is a status and when it was seen first.
type sighting struct {
	status string
	at     time.Time
	qemus  int // processes right after
}

func (v *vm) follow(t *testing.T) *trail {
	t.Helper()
	followed := &trail{stop: make(chan struct{})}
	first := make(chan struct{})
	followed.wait.Go(func() {
		started := sync.OnceFunc(func() { close(first) })
		for ended := false; ; {
			followed.look(v)
			started()
			if ended {
				return
			}
			select {
			case <-followed.stop:
				ended = true // what was seen by others is seen here too
			case <-time.After(5 * time.Millisecond):
			}
		}
	})
	<-first
	return followed
}

// look asks once. An engine that is dead says nothing.
func (f *trail) look(v *vm) {
	said, err := v.e.try("GET", v.path(), "")
	status := said.body.text("status/state")
	if n := len(f.seen); err == nil && (n == 0 || f.seen[n-1].status != status) {
		f.seen = append(f.seen, sighting{status, time.Now(), len(qemus(v.id))})
	}
}

// end gives the statuses seen, in order.
func (f *trail) end() []sighting {
	close(f.stop)
	f.wait.Wait()
	return f.seen
}

// passed checks that these statuses were seen in this order, perhaps among others.
func passed(t *testing.T, seen []sighting, statuses ...string) {
	t.Helper()
	var words []string
	next := 0
	for _, s := range seen {
		words = append(words, fmt.Sprintf("%s at %v", s.status, s.at.Sub(seen[0].at).Round(time.Millisecond)))
		if next < len(statuses) && s.status == statuses[next] {
			next++
		}
	}
	if next < len(statuses) {
		t.Errorf("the statuses were %v, want %v among them", words, statuses)
	}
	t.Logf("the statuses were %v", words)
}

func find(seen []sighting, status string) (sighting, bool) {
	i := slices.IndexFunc(seen, func(s sighting) bool { return s.status == status })
	if i < 0 {
		return sighting{}, false
	}
	return seen[i], true
}
