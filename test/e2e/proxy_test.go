package e2e

import (
	"context"
	wire "encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"
)

// errTurnedAway says that the engine's proxy lets nobody in with this ticket.
var errTurnedAway = errors.New("the proxy lets nobody in")

// pass asks the engine for a pass to the display, as a program does.
func (v *vm) pass(t *testing.T, console string) string {
	t.Helper()
	said := v.e.fetch(t, "POST", "/v4"+v.path()+"/graphicsconsoles/"+console+"/proxyticket", "application/json")
	var action struct {
		Ticket struct{ Value string } `json:"proxy_ticket"`
	}
	if err := json.Unmarshal([]byte(said.text), &action); err != nil || action.Ticket.Value == "" {
		t.Fatalf("a pass is answered with %d %s", said.StatusCode, said.text)
	}
	return action.Ticket.Value
}

// sit goes to the VNC display through the engine, as noVNC does, with a ticket. The
// socket is open in either case, and tells how the connection ended.
func (v *vm) sit(t *testing.T, ticket string) (net.Conn, error) {
	t.Helper()
	token := v.pass(t, "766e63")
	at := strings.Replace(strings.TrimSuffix(v.e.url, "/api"), "https:", "wss:", 1) + "/console/" + v.id + "/vnc?token=" + token
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	socket, answer, err := websocket.Dial(ctx, at, &websocket.DialOptions{HTTPClient: v.e.client, Subprotocols: []string{"binary"}})
	if answer != nil && answer.Body != nil {
		answer.Body.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.CloseNow() })
	stream := websocket.NetConn(context.Background(), socket, websocket.MessageBinary)
	_ = stream.SetDeadline(time.Now().Add(patience))
	return stream, enterProxy(stream, ticket)
}

// enterProxy is VeNCrypt's Plain, and then the display as it is shared.
func enterProxy(conn io.ReadWriter, ticket string) error {
	user := "anybody"
	words := wire.BigEndian.AppendUint32(wire.BigEndian.AppendUint32(nil, uint32(len(user))), uint32(len(ticket)))
	for _, step := range []struct{ hears, says string }{
		{"RFB 003.008\n", "RFB 003.008\n"},
		{"\x01\x13", "\x13"},
		{"\x00\x02", "\x00\x02"},
		{"\x00\x01\x00\x00\x01\x00", "\x00\x00\x01\x00" + string(words) + user + ticket},
	} {
		heard := make([]byte, len(step.hears))
		if _, err := io.ReadFull(conn, heard); err != nil || string(heard) != step.hears {
			return fmt.Errorf("it says %q: %w", heard, err)
		}
		if _, err := io.WriteString(conn, step.says); err != nil {
			return err
		}
	}
	result := make([]byte, 4)
	if _, err := io.ReadFull(conn, result); err != nil {
		return err
	}
	if wire.BigEndian.Uint32(result) != 0 {
		return errTurnedAway
	}
	if _, err := conn.Write([]byte{1}); err != nil { // others may stay
		return err
	}
	_, err := io.ReadFull(conn, make([]byte, 24)) // the size of the screen
	return err
}

// throughProxy shows that the display is reached through the engine: by the whole
// ticket and by no other, and until the next ticket is set.
func (v *vm) throughProxy(t *testing.T) {
	t.Helper()
	ticket := v.act(t, "ticket").body.text("ticket/value")
	if _, err := v.sit(t, ticket[:8]); !errors.Is(err, errTurnedAway) {
		t.Errorf("what VNC looks at of the ticket ends with %v", err)
	}
	stream, err := v.sit(t, ticket)
	if err != nil {
		t.Fatalf("the display of %s through the engine: %v", v.name, err)
	}
	ended := make(chan error, 1)
	go func() {
		_, err := io.Copy(io.Discard, stream)
		ended <- err
	}()
	v.act(t, "ticket")
	if err := <-ended; err != nil {
		t.Errorf("the connection ends with %v", err)
	}
	v.told(t, "167", "168")
	if strings.Contains(v.e.run.logged(), "viewers of a display could not be thrown off") {
		t.Error("the engine could not throw off the viewers of a display")
	}
}
