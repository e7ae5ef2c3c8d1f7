package libvirt

import (
	"bytes"
	"context"
	"crypto/des" // VNC authentication knows nothing else
	"errors"
	"fmt"
	"io"
	"math/bits"
	"net"
	"strconv"
	"time"

	"libvirt.org/go/libvirtxml"
)

// throwOffTime bounds the visit to a display. A display that cannot be reached
// from here costs no more than that.
const throwOffTime = 3 * time.Second

// throwOff enters a VNC display alone: QEMU then ends all other connections to
// it (its default share policy, allow-exclusive).
func (h *hypervisor) throwOff(ctx context.Context, display *libvirtxml.DomainGraphicVNC) error {
	ctx, cancel := context.WithTimeout(ctx, throwOffTime)
	defer cancel()
	conn, err := h.dialDisplay(ctx, listenAddress(display.Listen, display.Listeners), strconv.Itoa(display.Port))
	if err != nil {
		return fmt.Errorf("reaching the display: %w", err)
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if err := enterVNC(conn, display.Passwd, false); err != nil {
		return err
	}
	return leave(conn)
}

// leave ends a connection and waits until the other side has ended it too: as
// long as QEMU holds a viewer that came alone it refuses those who would share.
func leave(conn net.Conn) error {
	if half, ok := conn.(interface{ CloseWrite() error }); ok {
		if err := half.CloseWrite(); err != nil {
			return fmt.Errorf("leaving the display: %w", err)
		}
		if _, err := io.Copy(io.Discard, conn); err != nil {
			return fmt.Errorf("leaving the display: %w", err)
		}
	}
	return nil
}

// dialDisplay connects to what listens on the host: from the engine's own machine,
// or through the host's ssh server. Over the other transports only what listens to
// the network can be reached.
func (h *hypervisor) dialDisplay(ctx context.Context, address, port string) (net.Conn, error) {
	ip := net.ParseIP(address)
	everywhere := address == "" || ip.IsUnspecified()
	remote := !h.target.local() && h.target.transport != transportSSH
	switch {
	case remote && ip.IsLoopback():
		return nil, errors.New("it listens on its host alone")
	case remote && everywhere:
		address = h.target.host
	case everywhere:
		address = "localhost"
	}
	at := net.JoinHostPort(address, port)
	if h.target.transport != transportSSH {
		return new(net.Dialer).DialContext(ctx, "tcp", at)
	}
	client, err := sshClient(ctx, h.target)
	if err != nil {
		return nil, err
	}
	stream, err := client.DialContext(ctx, "tcp", at)
	if err != nil {
		client.Close()
		return nil, err
	}
	return &sshStream{Conn: stream, client: client}, nil
}

// errPassword says that a display let nobody in with this password.
var errPassword = errors.New("the display does not accept the password")

const (
	rfbVersion        = "RFB 003.008\n"
	securityVNC       = 2
	serverInitLength  = 24
	vncChallengeBytes = 16
)

// enterVNC enters a VNC display by its password and returns when it is shown
// (RFC 6143, 7.1 to 7.3). Without share everybody else is thrown off.
func enterVNC(conn io.ReadWriter, password string, share bool) error {
	if _, err := exchange(conn, len(rfbVersion), []byte(rfbVersion)); err != nil {
		return err
	}
	count, err := exchange(conn, 1, nil)
	if err != nil {
		return err
	}
	offered, err := exchange(conn, int(count[0]), []byte{securityVNC})
	if err != nil {
		return err
	}
	if bytes.IndexByte(offered, securityVNC) < 0 {
		return fmt.Errorf("the display asks for no VNC password but offers %v", offered)
	}
	challenge, err := exchange(conn, vncChallengeBytes, nil)
	if err != nil {
		return err
	}
	answer, err := answerVNC(challenge, password)
	if err != nil {
		return err
	}
	if _, err := conn.Write(answer); err != nil {
		return err
	}
	result, err := exchange(conn, 4, nil)
	if err != nil {
		return err
	}
	if result[3] != 0 {
		return errPassword
	}
	flag := byte(0)
	if share {
		flag = 1
	}
	if _, err := conn.Write([]byte{flag}); err != nil {
		return err
	}
	_, err = exchange(conn, serverInitLength, nil)
	return err
}

// exchange reads a message of that length and writes what comes after it.
func exchange(conn io.ReadWriter, length int, reply []byte) ([]byte, error) {
	message := make([]byte, length)
	if _, err := io.ReadFull(conn, message); err != nil {
		return nil, fmt.Errorf("the handshake of the display: %w", err)
	}
	_, err := conn.Write(reply)
	return message, err
}

// answerVNC encrypts the challenge with DES by the password, each of whose bytes
// is taken with its bits in reverse order.
func answerVNC(challenge []byte, password string) ([]byte, error) {
	key := make([]byte, vncPasswordLength)
	for i := range min(len(password), vncPasswordLength) {
		key[i] = bits.Reverse8(password[i])
	}
	cipher, err := des.NewCipher(key)
	if err != nil {
		return nil, err
	}
	answer := make([]byte, len(challenge))
	for i := 0; i < len(challenge); i += des.BlockSize {
		cipher.Encrypt(answer[i:], challenge[i:])
	}
	return answer, nil
}
