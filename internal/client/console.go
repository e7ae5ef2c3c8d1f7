package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/coder/websocket"
)

// Console is an open serial console. Read and Write carry the bytes; each is for one
// goroutine at a time.
type Console struct {
	io.ReadWriteCloser
	socket *websocket.Conn
}

// ErrConsoleEnded says that the engine has closed a console, and why.
var ErrConsoleEnded = errors.New("the console was closed")

// Serial opens the serial console of a VM that runs, by its id. It is this session's,
// and ends with it.
func (s *Session) Serial(ctx context.Context, vm string) (*Console, error) {
	var given struct {
		ProxyTicket struct {
			Value string `json:"value"`
		} `json:"proxy_ticket"`
	}
	if err := s.call(ctx, http.MethodPost, "vms/"+url.PathEscape(vm)+"/serialticket", struct{}{}, &given); err != nil {
		return nil, err
	}
	at := s.root.Scheme + "://" + s.root.Host + "/console/" + url.PathEscape(vm) + "/serial?token=" + url.QueryEscape(given.ProxyTicket.Value)
	socket, answer, err := websocket.Dial(ctx, at, &websocket.DialOptions{HTTPClient: s.http, CompressionMode: websocket.CompressionDisabled})
	if err != nil {
		if answer != nil && answer.Body != nil {
			answer.Body.Close()
		}
		// The address holds the token: only what is below is told.
		return nil, fmt.Errorf("opening the console at %s: %w", s.root.Host, withoutAddress(err))
	}
	return &Console{ReadWriteCloser: websocket.NetConn(ctx, socket, websocket.MessageBinary), socket: socket}, nil
}

func withoutAddress(err error) error {
	if inner, ok := errors.AsType[*url.Error](err); ok {
		return inner.Err
	}
	return err
}

// Read reads what the guest has printed. An end that the engine has given a reason for
// is [ErrConsoleEnded].
func (c *Console) Read(to []byte) (int, error) {
	n, err := c.ReadWriteCloser.Read(to)
	if closed, ok := errors.AsType[websocket.CloseError](err); ok && closed.Reason != "" {
		err = fmt.Errorf("%w: %s", ErrConsoleEnded, closed.Reason)
	}
	return n, err
}
