package vms_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// logon is the call of somebody who may connect to VMs and has come with a password; none is
// nil.
func logon(b *enginetest.Bench, vm model.ID, name string, password *string) *engine.Call {
	caller := b.Caller(name, auth.UserRole, model.Ref{})
	if password != nil {
		caller = new(caller.With(*password))
	}
	return &engine.Call{On: model.KindVM, Name: "logon", Target: vm, Caller: caller}
}

// listening is a VM that runs, and whose guest has the engine's own agent.
func listening(b *enginetest.Bench, name string) model.ID {
	b.Helper()
	b.World.Behave(name, fake.Behavior{EngineAgent: true})
	vm := b.Running(name)
	b.Await("the agent is heard", func() bool { return b.Server.Engine.HearsAgent(vm) })
	return vm
}

// logins are what the agent in a guest was given.
func logins(b *enginetest.Bench, name string) (found [][2]string) {
	for _, line := range b.Machine().Told(name) {
		var order struct {
			Name     string `json:"__name__"`
			UserName string `json:"username"`
			Password string `json:"password"`
		}
		if err := json.Unmarshal([]byte(line), &order); err != nil {
			b.Errorf("the agent was told %q: %v", line, err)
		}
		if order.Name == "login" {
			found = append(found, [2]string{order.UserName, order.Password})
		}
	}
	return found
}

// TestLogon: user, domain and password arrive exactly, and are nowhere else.
func TestLogon(t *testing.T) {
	b := enginetest.New(t, nil)
	vm := listening(b, "web1")
	after := b.LastEvent()
	passwords := []string{"s3cret-and-l0ng", `"quotes" \ and <tags> & 'more'`, "pässwörd \U0001F511", " blank "}
	for i, password := range passwords {
		result := b.Must(logon(b, vm, "jim"+strings.Repeat("m", i), &password))
		if result.Job == nil || result.Job.Params != nil || result.Job.Monitored {
			t.Errorf("the job is %+v", result.Job)
		}
	}
	got := logins(b, "web1")
	if len(got) != len(passwords) {
		t.Fatalf("the agent was given %q", got)
	}
	for i, password := range passwords {
		if want := [2]string{"jim" + strings.Repeat("m", i) + "@internal", password}; got[i] != want {
			t.Errorf("the agent was given %q, want %q", got[i], want)
		}
	}
	if events := b.Events(after); len(events) != len(passwords) || events[0] != 20460 {
		t.Errorf("the events are %v", events)
	}
	dir := b.Server.DataDir
	if err := b.Server.Store.Close(); err != nil { // what is in the journal is in the file then
		t.Error(err)
	}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		text, err := os.ReadFile(path)
		for _, password := range passwords[:3] {
			if bytes.Contains(text, []byte(password)) {
				t.Errorf("the password %q is in %s", password, path)
			}
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// TestLogonRefuses: each documented answer (api-v3 3.8).
func TestLogonRefuses(t *testing.T) {
	b := enginetest.New(t, map[string]string{"GuestAgentSilenceTimeout": "6s"})
	password := "s3cret"
	refused := func(call *engine.Call, code string, kind fault.Kind) {
		t.Helper()
		if f := b.Refused(call, code); f.Kind != kind {
			t.Errorf("%s is refused as %s", code, f.Kind)
		}
	}
	deaf := b.Running("deaf")
	refused(logon(b, deaf, "a", &password), fault.AgentSilent, fault.Host)
	refused(logon(b, b.VM("down"), "b", &password), fault.LogonNotRunning, fault.Host)
	refused(logon(b, model.NewID(), "c", &password), fault.VMNotFound, fault.NotFound)

	vm := listening(b, "web1")
	refused(logon(b, vm, "d", nil), fault.LogonNoPassword, fault.BadRequest)
	nobody := b.Caller("nobody", "def00009-0000-0000-0000-def000000009", model.Ref{Kind: model.KindVM, ID: vm}).With(password)
	refused(&engine.Call{On: model.KindVM, Name: "logon", Target: vm, Caller: &nobody}, fault.NotAuthorized, fault.Denied)
	b.Refused(&engine.Call{On: model.KindVM, Name: "logon", Target: vm}, fault.LogonNoPassword)
	binary := "\xff\xfe"
	if f := b.Fails(logon(b, vm, "e", &binary)); f.Code != fault.LogonNotText {
		t.Errorf("a password that is no text: %v", f)
	}
	stop := b.World.Fail(fake.Rule{Call: "Send", Error: errors.New("the line is cut")})
	if f := b.Fails(logon(b, vm, "f", &password)); strings.Contains(f.Message(), password) {
		t.Errorf("the refusal shows the password: %v", f)
	}
	stop()
	if got := logins(b, "web1"); len(got) != 0 {
		t.Errorf("what was refused has arrived: %q", got)
	}

	b.World.Behave("web1", fake.Behavior{})
	b.Await("the agent counts as silent", func() bool { return !b.Server.Engine.HearsAgent(vm) })
	refused(logon(b, vm, "g", &password), fault.AgentSilent, fault.Host)
}

// TestOwnAgentShutsDown: where only the engine's own agent is there, it is told to.
func TestOwnAgentShutsDown(t *testing.T) {
	b := enginetest.New(t, nil)
	b.World.Behave("web1", fake.Behavior{EngineAgent: true, NoAgent: true, IgnorePower: true})
	vm := b.Running("web1")
	told := func(reboot string) {
		t.Helper()
		want := `"__name__":"shutdown","timeout":"30","message":"An administrator is `
		for _, line := range b.Machine().Told("web1") {
			if strings.Contains(line, want) && strings.Contains(line, `"reboot":"`+reboot+`"`) {
				return
			}
		}
		t.Errorf("the agent was told %q", b.Machine().Told("web1"))
	}
	b.Must(&engine.Call{On: model.KindVM, Name: "reboot", Target: vm})
	told("True")
	b.InStatus(vm, model.StatusUp)
	b.Must(&engine.Call{On: model.KindVM, Name: "shutdown", Target: vm})
	b.InStatus(vm, model.StatusDown)

	// An agent that is cut off is no reason not to press the button.
	b.World.Behave("web2", fake.Behavior{EngineAgent: true, NoAgent: true})
	other := b.Running("web2")
	b.World.Fail(fake.Rule{Guest: "web2", Call: "Send", Error: errors.New("the line is cut")})
	b.Must(&engine.Call{On: model.KindVM, Name: "shutdown", Target: other})
	b.InStatus(other, model.StatusDown)
}
