package consoles_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
	"go.uber.org/goleak"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/consoles"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/vms"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
	edge "vireo/internal/rest/consoles"
	"vireo/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// seat is an engine with one VM that runs, and somebody who may sit before it.
type seat struct {
	*enginetest.Bench
	vm     model.ID
	user   *auth.Caller
	server *httptest.Server
}

func newSeat(t *testing.T) *seat {
	b := enginetest.New(t, map[string]string{"ConsoleIdleTimeout": "60s"})
	s := &seat{Bench: b, vm: b.VM("web1")}
	b.Edit(s.vm, func(vm *model.VM) { vm.Console = true })
	b.Start(s.vm)
	s.user = s.person("user")
	s.server = httptest.NewServer(&edge.Server{Room: b.Server.Consoles, Log: slog.New(slog.DiscardHandler)})
	t.Cleanup(s.server.Close)
	return s
}

// person is somebody who may use the consoles of the VM.
func (s *seat) person(name string) *auth.Caller {
	return s.Caller(name, auth.UserVMManager, model.Ref{Kind: model.KindVM, ID: s.vm})
}

func (s *seat) as(caller *auth.Caller, name string, params any) *engine.Call {
	return &engine.Call{On: model.KindVM, Name: name, Target: s.vm, Params: params, Caller: caller}
}

func (s *seat) ticket(caller *auth.Caller) string {
	s.Helper()
	params := &vms.TicketParams{}
	s.Must(s.as(caller, "ticket", params))
	return *params.Value
}

func (s *seat) pass(caller *auth.Caller, name string) string {
	s.Helper()
	params := &consoles.PassParams{}
	s.Must(s.as(caller, name, params))
	return params.Pass
}

// dial opens a WebSocket; header may hold an origin.
func (s *seat) dial(path, token string, header http.Header) (*websocket.Conn, error) {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), enginetest.Patience)
	defer cancel()
	socket, answer, err := websocket.Dial(ctx, s.server.URL+path+"?token="+token, &websocket.DialOptions{
		HTTPHeader: header, Subprotocols: []string{"binary"},
	})
	if err != nil {
		if answer != nil && answer.Body != nil {
			answer.Body.Close()
		}
		return nil, err
	}
	s.Cleanup(func() { _ = socket.CloseNow() })
	return socket, nil
}

// opens is dial that is answered as it should.
func (s *seat) opens(console, token string) io.ReadWriteCloser {
	s.Helper()
	socket, err := s.dial("/console/"+string(s.vm)+"/"+console, token, nil)
	if err != nil {
		s.Fatal(err)
	}
	return websocket.NetConn(context.Background(), socket, websocket.MessageBinary)
}

// refuses wants a WebSocket to be closed at once, for a reason that says.
func (s *seat) refuses(path, token, says string) {
	s.Helper()
	socket, err := s.dial(path, token, nil)
	if err != nil {
		s.Fatal(err)
	}
	s.ends(socket, websocket.StatusPolicyViolation, says)
}

func (s *seat) ends(socket *websocket.Conn, code websocket.StatusCode, says string) {
	s.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), enginetest.Patience)
	defer cancel()
	for {
		_, _, err := socket.Read(ctx)
		if err == nil {
			continue // what was shown before the end
		}
		closed, ok := errors.AsType[websocket.CloseError](err)
		if !ok || closed.Code != code || !strings.Contains(closed.Reason, says) {
			s.Errorf("the socket ends with %v, want %v %q", err, code, says)
		}
		return
	}
}

// sits opens the display as a viewer does, with the whole ticket.
func (s *seat) sits(caller *auth.Caller) *websocket.Conn {
	s.Helper()
	ticket := s.ticket(caller)
	socket, err := s.dial("/console/"+string(s.vm)+"/vnc", s.pass(caller, "proxyticket"), nil)
	if err != nil {
		s.Fatal(err)
	}
	if err := viewer(websocket.NetConn(context.Background(), socket, websocket.MessageBinary), ticket); err != nil {
		s.Fatal(err)
	}
	return socket
}

// viewer does what noVNC does: it says a user and a password by VeNCrypt's Plain, and
// that it shares the display, which is then shown.
func viewer(stream io.ReadWriter, password string) error {
	user := "user"
	words := string([]byte{0, 0, 0, byte(len(user)), 0, 0, 0, byte(len(password))}) + user + password
	for _, step := range []struct{ hears, says string }{
		{"RFB 003.008\n", "RFB 003.008\n"},
		{"\x01\x13", "\x13"},
		{"\x00\x02", "\x00\x02"},
		{"\x00\x01\x00\x00\x01\x00", "\x00\x00\x01\x00"},
		{"", words},
		{"\x00\x00\x00\x00", "\x01"},
		{strings.Repeat("\x00", 24), ""},
	} {
		heard := make([]byte, len(step.hears))
		if _, err := io.ReadFull(stream, heard); err != nil {
			return err
		}
		if string(heard) != step.hears {
			return errors.New("it says " + string(heard))
		}
		if step.says == "" {
			continue
		}
		if _, err := io.WriteString(stream, step.says); err != nil {
			return err
		}
	}
	return nil
}

func echo(t *testing.T, stream io.ReadWriter, text string) {
	t.Helper()
	if _, err := io.WriteString(stream, text); err != nil {
		t.Fatal(err)
	}
	heard := make([]byte, len(text))
	if _, err := io.ReadFull(stream, heard); err != nil || string(heard) != text {
		t.Fatalf("%q comes back as %q, %v", text, heard, err)
	}
}

// TestDisplay: with a pass and the whole ticket the display is seen, once.
func TestDisplay(t *testing.T) {
	s := newSeat(t)
	before := s.LastEvent()
	ticket, pass := s.ticket(s.user), s.pass(s.user, "proxyticket")
	stream := s.opens("vnc", pass)
	if err := viewer(stream, ticket); err != nil {
		t.Fatal(err)
	}
	echo(t, stream, strings.Repeat("pointer and keys ", 5000))
	at := "/console/" + string(s.vm)
	s.refuses(at+"/vnc", pass, "pass is not valid")

	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	s.Await("it is told that the viewer has left", func() bool {
		codes := s.Events(before)
		return len(codes) > 2 && codes[len(codes)-1] == 168 && codes[len(codes)-2] == 167
	})
}

// TestWholeTicket: what VNC would be content with is not enough, and a wrong ticket
// uses up the pass.
func TestWholeTicket(t *testing.T) {
	s := newSeat(t)
	ticket := s.ticket(s.user)
	before := s.LastEvent()
	for _, wrong := range []string{ticket[:8], "", ticket + "x", "somethingelse"} {
		if err := viewer(s.opens("vnc", s.pass(s.user, "proxyticket")), wrong); err == nil {
			t.Errorf("%q is let in for %q", wrong, ticket)
		}
	}
	s.Await("it is told of each", func() bool {
		refused := 0
		for _, code := range s.Events(before) {
			if code == 20420 {
				refused++
			}
		}
		return refused == 4
	})
	if err := viewer(s.opens("vnc", s.pass(s.user, "proxyticket")), ticket); err != nil {
		t.Errorf("the whole ticket: %v", err)
	}
}

// TestPasses: a pass is for one VM, one console, one user and that user's ticket.
func TestPasses(t *testing.T) {
	s := newSeat(t)
	at := "/console/" + string(s.vm)
	s.refuses(at+"/vnc", "", "pass is not valid")
	s.refuses(at+"/vnc", "madeup", "pass is not valid")
	s.refuses(at+"/vnc", s.pass(s.user, "proxyticket"), "no ticket")
	s.ticket(s.user)
	s.refuses(at+"/serial", s.pass(s.user, "proxyticket"), "pass is not valid")
	s.refuses(at+"/vnc", s.pass(s.user, "serialticket"), "pass is not valid")
	s.refuses("/console/"+string(s.Running("web2"))+"/vnc", s.pass(s.user, "proxyticket"), "pass is not valid")

	// Of a user with a permit and a pass, but another's ticket.
	other := s.person("other")
	s.refuses(at+"/vnc", s.pass(other, "proxyticket"), "no ticket")
	// Of a ticket that was replaced between pass and use.
	old := s.pass(s.user, "proxyticket")
	s.ticket(s.user)
	s.refuses(at+"/vnc", old, "no ticket")
	// Of a ticket that an engine before has set.
	s.Restart()
	s.server.Config.Handler = &edge.Server{Room: s.Server.Consoles, Log: slog.New(slog.DiscardHandler)}
	s.Await("the host is back", func() bool { return s.Get(s.vm).Run.Status == model.StatusUp })
	s.refuses(at+"/vnc", s.pass(s.user, "proxyticket"), "no ticket")

	nobody := s.Caller("nobody", "def00009-0000-0000-0000-def000000009", model.Ref{Kind: model.KindVM, ID: s.vm})
	for _, name := range []string{"proxyticket", "serialticket"} {
		s.Refused(s.as(nobody, name, nil), "USER_NOT_AUTHORIZED_TO_PERFORM_ACTION")
	}
	s.Stop(s.vm)
	for _, name := range []string{"proxyticket", "serialticket"} {
		s.Refused(s.as(s.user, name, nil), "ACTION_TYPE_FAILED_VM_STATUS_ILLEGAL")
	}
	s.Edit(s.vm, func(vm *model.VM) { vm.Console = false })
	s.Start(s.vm)
	s.Refused(s.as(s.user, "serialticket", nil), "CONSOLE_NOT_AVAILABLE")
}

// TestOrigin: a page of another origin is refused before its pass is looked at.
func TestOrigin(t *testing.T) {
	s := newSeat(t)
	s.ticket(s.user)
	pass := s.pass(s.user, "proxyticket")
	if _, err := s.dial("/console/"+string(s.vm)+"/vnc", pass, http.Header{"Origin": {"https://elsewhere.example"}}); err == nil {
		t.Error("a page of another origin is let in")
	}
	if _, err := s.dial("/console/"+string(s.vm)+"/vnc", pass, http.Header{"Origin": {s.server.URL}}); err != nil {
		t.Errorf("the page of this one: %v", err)
	}
	answer := httptest.NewRecorder()
	s.server.Config.Handler.ServeHTTP(answer, httptest.NewRequest("GET", "/console/"+string(s.vm)+"/vnc", nil))
	if answer.Code != http.StatusUpgradeRequired {
		t.Errorf("a request that is none for a socket is answered with %d", answer.Code)
	}
}

// TestEnds: what a connection ends with, and that its user is told.
func TestEnds(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(s *seat, caller *auth.Caller)
		says string
	}{
		{"another ticket", func(s *seat, caller *auth.Caller) { s.ticket(caller) }, ""},
		{"the end of the VM", func(s *seat, _ *auth.Caller) { s.Stop(s.vm) }, ""},
		{"the loss of the permit", func(s *seat, caller *auth.Caller) {
			s.Must(&engine.Call{On: model.KindPermission, Name: "remove", Target: s.grantOf(caller)})
		}, ""},
		{"the end of the engine", func(s *seat, _ *auth.Caller) { s.Server.Consoles.Close() }, "shutting down"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSeat(t)
			socket := s.sits(s.user)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				c.end(s, s.user)
			}()
			s.ends(socket, websocket.StatusNormalClosure, c.says)
			<-ended
		})
	}
}

// TestClosedDisplay: a display that lets the engine in by no way ends the connection,
// and the events say why; its viewer learns nothing of the host.
func TestClosedDisplay(t *testing.T) {
	s := newSeat(t)
	ticket := s.ticket(s.user)
	s.World.Fail(fake.Rule{Call: fake.SecureDisplay, Error: fake.Refuse(host.RefusedIdentity, "its certificate is another's")})
	socket, err := s.dial("/console/"+string(s.vm)+"/vnc", s.pass(s.user, "proxyticket"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := viewer(websocket.NetConn(context.Background(), socket, websocket.MessageBinary), ticket); err == nil {
		t.Error("the viewer is let in")
	}
	s.Await("the event that says why", func() (told bool) {
		query := store.EventQuery{Codes: []int{int(audit.DisplayClosed)}}
		err := s.Server.Store.Events(t.Context(), query, func(event *model.Event) bool {
			told = strings.HasSuffix(event.Description, ": its certificate is another's.")
			return false
		})
		return err == nil && told
	})
}

// grantOf is the permission that a user was given.
func (s *seat) grantOf(caller *auth.Caller) model.ID {
	s.Helper()
	for _, permission := range s.Server.Inventory.Permissions.All() {
		if permission.User == caller.User {
			return permission.ID
		}
	}
	s.Fatal("the user has no permission")
	return ""
}

// TestLogout: a connection ends with the session that its pass was given in.
func TestLogout(t *testing.T) {
	s := newSeat(t)
	token, caller, err := s.Server.Sessions.Start(*s.user, auth.SessionWish{})
	if err != nil {
		t.Fatal(err)
	}
	socket := s.sits(&caller)
	begun := time.Now()
	s.Server.Sessions.End(token)
	s.ends(socket, websocket.StatusNormalClosure, "session has ended")
	if took := time.Since(begun); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
}

// TestSerial: what is typed comes to the guest, and one sits there at a time.
func TestSerial(t *testing.T) {
	s := newSeat(t)
	stream := s.opens("serial", s.pass(s.user, "serialticket"))
	echo(t, stream, "ls\r")
	s.refuses("/console/"+string(s.vm)+"/serial", s.pass(s.user, "serialticket"), "somebody else has the serial console")
	if err := stream.Close(); err != nil {
		t.Error(err)
	}
	s.Await("the console is free", func() bool {
		socket, err := s.dial("/console/"+string(s.vm)+"/serial", s.pass(s.user, "serialticket"), nil)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = socket.CloseNow() }()
		ctx, cancel := context.WithTimeout(context.Background(), enginetest.Patience)
		defer cancel()
		if err := socket.Write(ctx, websocket.MessageBinary, []byte("x")); err != nil {
			return false
		}
		_, heard, err := socket.Read(ctx)
		return err == nil && string(heard) == "x"
	})
}

// TestDisplayIsLeft: what the VM is configured to do when its display is left is done, whoever
// has ended the connection.
func TestDisplayIsLeft(t *testing.T) {
	s := newSeat(t)
	s.World.Behave("web1", fake.Behavior{EngineAgent: true})
	s.Await("the agent is heard", func() bool { return s.Server.Engine.HearsAgent(s.vm) })
	told := func(order string) (count int) {
		for _, line := range s.Machine().Told("web1") {
			if line == `{"__name__":"`+order+`"}` {
				count++
			}
		}
		return count
	}
	action := func(action model.DisconnectAction) {
		s.Edit(s.vm, func(vm *model.VM) { vm.Display.DisconnectAction = action })
	}
	action(model.DisconnectLockScreen)
	_ = s.sits(s.user).Close(websocket.StatusNormalClosure, "")
	s.Await("the screen is locked", func() bool { return told("lock-screen") == 1 })

	action(model.DisconnectLogout)
	s.sits(s.user)
	s.ticket(s.user) // which throws it off
	s.Await("whoever was logged on is not any more", func() bool { return told("log-off") == 1 })

	action(model.DisconnectNone)
	after := s.LastEvent()
	_ = s.sits(s.user).Close(websocket.StatusNormalClosure, "")
	s.Await("the end is told of", func() bool { return slices.Contains(s.Events(after), int(audit.ConsoleDisconnected)) })
	if told("lock-screen") != 1 || told("log-off") != 1 {
		t.Errorf("the agent was told %q", s.Machine().Told("web1"))
	}

	action(model.DisconnectLockScreen)
	last := s.sits(s.user)
	cut := s.World.Fail(fake.Rule{Call: "Send", Error: errors.New("the line is cut")})
	after = s.LastEvent()
	_ = last.Close(websocket.StatusNormalClosure, "")
	s.Await("that it could not be done is told", func() bool { return slices.Contains(s.Events(after), int(audit.DisconnectFailed)) })
	cut()

	action(model.DisconnectShutdown)
	_ = s.sits(s.user).Close(websocket.StatusNormalClosure, "")
	s.InStatus(s.vm, model.StatusDown)
}
