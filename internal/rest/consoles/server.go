package consoles

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"

	"vireo/internal/engine/consoles"
	"vireo/internal/fault"
	"vireo/internal/host"
	"vireo/internal/model"
)

// Prefix is the path that consoles are below.
const Prefix = "/console/"

const (
	// longestMessage bounds what a viewer says in one message, in bytes; it is read in
	// pieces, and not kept.
	longestMessage = 8 << 20
	// heartbeat is how often a viewer is asked whether it is there, and how long it may
	// take to say so.
	heartbeat = 30 * time.Second
	// longestReason is what fits into the last frame (RFC 6455, 5.5).
	longestReason = 123
)

// Server answers the requests for consoles. It is safe for concurrent use.
type Server struct {
	Room *consoles.Room
	Log  *slog.Logger
}

// consoleOf takes a path apart: /console/{vm}/vnc or /console/{vm}/serial.
func consoleOf(path string) (vm model.ID, console host.Console, ok bool) {
	below, ok := strings.CutPrefix(path, Prefix)
	text, name, _ := strings.Cut(below, "/")
	vm, err := model.ParseID(text)
	console, known := map[string]host.Console{"vnc": host.ConsoleDisplay, "serial": host.ConsoleSerial}[name]
	return vm, console, ok && err == nil && known
}

// Serves says whether a path is one of a console's.
func Serves(path string) bool {
	_, _, is := consoleOf(path)
	return is
}

// ServeHTTP lets a viewer in, if its pass is good, and stays until it has left. Pages of
// other origins are refused: the pass is in the address, which they could have learned.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	vm, console, is := consoleOf(r.URL.Path)
	if !is {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	socket, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{"binary"}, CompressionMode: websocket.CompressionDisabled,
	})
	if err != nil {
		return // it has been answered
	}
	socket.SetReadLimit(longestMessage)
	viewer := &viewer{socket: socket}
	viewer.ctx, viewer.cancel = context.WithCancel(context.WithoutCancel(r.Context()))
	defer viewer.cancel()
	connection, err := s.Room.Open(r.Context(), vm, console, r.URL.Query().Get("token"), r.RemoteAddr)
	if err != nil {
		s.Log.InfoContext(r.Context(), "a viewer was not let in", "vm", vm, "console", string(console), "remote", r.RemoteAddr, "err", err)
		viewer.End(err)
		return
	}
	stop := viewer.beat()
	err = connection.Serve(viewer)
	stop()
	s.Log.InfoContext(r.Context(), "a viewer has left", "vm", vm, "console", string(console), "remote", r.RemoteAddr, "err", err)
}

// viewer is a WebSocket as a stream.
type viewer struct {
	socket *websocket.Conn
	ctx    context.Context
	cancel context.CancelFunc
	// message is what has been begun to be read.
	message io.Reader
}

// Read reads on, message after message.
func (v *viewer) Read(to []byte) (int, error) {
	for {
		if v.message == nil {
			_, message, err := v.socket.Reader(v.ctx)
			if err != nil {
				return 0, err
			}
			v.message = message
		}
		n, err := v.message.Read(to)
		if errors.Is(err, io.EOF) {
			v.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// Write sends a message, when the viewer takes it.
func (v *viewer) Write(data []byte) (int, error) {
	if err := v.socket.Write(v.ctx, websocket.MessageBinary, data); err != nil {
		return 0, err
	}
	return len(data), nil
}

// End says why, and closes the socket.
func (v *viewer) End(why error) {
	code := websocket.StatusNormalClosure
	reason := "The connection has ended."
	if why != nil {
		reason = why.Error()
	}
	if f, refused := errors.AsType[*fault.Fault](why); refused {
		code, reason = websocket.StatusPolicyViolation, f.Message()
	}
	reason = strings.ToValidUTF8(reason[:min(len(reason), longestReason)], "")
	_ = v.socket.Close(code, reason) // whether it was heard or not
	v.cancel()
}

// beat asks the viewer whether it is there until it is stopped, and closes the socket of
// one that is not.
func (v *viewer) beat() (stop func()) {
	ended := make(chan struct{})
	ctx, cancel := context.WithCancel(v.ctx)
	go func() {
		defer close(ended)
		tick := time.NewTicker(heartbeat)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
			bounded, over := context.WithTimeout(ctx, heartbeat)
			err := v.socket.Ping(bounded)
			over()
			if err != nil && ctx.Err() == nil {
				_ = v.socket.CloseNow()
				return
			}
		}
	}()
	return func() {
		cancel()
		<-ended
	}
}
