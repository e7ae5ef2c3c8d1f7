package e2e

import (
	"bytes"
	"crypto/des"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	wire "encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
	"net"
	"testing"
	"time"
)

// entrance is how a viewer gets in to a display: by a handshake with a password.
type entrance func(conn io.ReadWriter, password string) error

var errLockedOut = errors.New("the display lets nobody in with this password")

// enter tries a password on the VM's display. The channel is closed when the
// viewer is thrown off.
func (v *vm) enter(t *testing.T, by entrance, password string) (thrownOff <-chan struct{}, letIn bool) {
	t.Helper()
	display := v.get(t).at("display")
	conn, err := net.DialTimeout("tcp", net.JoinHostPort(display.text("address"), display.text("port")), patience)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(patience))
	err = by(conn, password)
	if errors.Is(err, errLockedOut) {
		return nil, false
	}
	if err != nil {
		t.Fatalf("entering the display of %s: %v", v.name, err)
	}
	_ = conn.SetDeadline(time.Time{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(io.Discard, conn)
	}()
	return ended, true
}

// enterVNC is the handshake of RFC 6143 with VNC authentication; others may stay.
func enterVNC(conn io.ReadWriter, password string) error {
	take := func(length int, reply ...byte) ([]byte, error) {
		message := make([]byte, length)
		if _, err := io.ReadFull(conn, message); err != nil {
			return nil, err
		}
		_, err := conn.Write(reply)
		return message, err
	}
	if _, err := take(12, []byte("RFB 003.008\n")...); err != nil {
		return err
	}
	count, err := take(1)
	if err != nil {
		return err
	}
	const vncAuthentication = 2
	if offered, err := take(int(count[0]), vncAuthentication); err != nil || !bytes.Contains(offered, []byte{vncAuthentication}) {
		return fmt.Errorf("the ways to authenticate are %v: %w", offered, err)
	}
	challenge, err := take(16)
	if err != nil {
		return err
	}
	var key [8]byte
	for i := range min(len(password), len(key)) {
		key[i] = bits.Reverse8(password[i])
	}
	cipher, err := des.NewCipher(key[:])
	if err != nil {
		return err
	}
	cipher.Encrypt(challenge[:8], challenge[:8])
	cipher.Encrypt(challenge[8:], challenge[8:])
	if _, err := conn.Write(challenge); err != nil {
		return err
	}
	result, err := take(4)
	if err != nil {
		return err
	}
	if wire.BigEndian.Uint32(result) != 0 {
		return errLockedOut
	}
	const shared = 1
	if _, err := conn.Write([]byte{shared}); err != nil {
		return err
	}
	_, err = take(24) // the size of the screen
	return err
}

// enterSPICE links to the main channel of a SPICE server: the password goes
// encrypted by the key that the server sends (SPICE protocol, 11.3 and 11.4).
func enterSPICE(conn io.ReadWriter, password string) error {
	const magic, major, minor, mainChannel = 0x51444552, 2, 2, 1 // "REDQ"
	message := struct {
		Magic, Major, Minor, Size uint32
		Connection                uint32
		Channel, Number           uint8
		Common, Own, Offset       uint32
	}{Magic: magic, Major: major, Minor: minor, Size: 18, Channel: mainChannel, Offset: 18}
	if err := wire.Write(conn, wire.LittleEndian, &message); err != nil {
		return err
	}
	var header struct{ Magic, Major, Minor, Size uint32 }
	if err := wire.Read(conn, wire.LittleEndian, &header); err != nil {
		return err
	}
	if header.Magic != magic || header.Size > 4096 {
		return fmt.Errorf("the display greets with %+v", header)
	}
	reply := make([]byte, header.Size)
	if _, err := io.ReadFull(conn, reply); err != nil {
		return err
	}
	const keyLength = 162
	if len(reply) < 4+keyLength || wire.LittleEndian.Uint32(reply) != 0 {
		return fmt.Errorf("the display replies with %x", reply)
	}
	parsed, err := x509.ParsePKIXPublicKey(reply[4 : 4+keyLength])
	if err != nil {
		return err
	}
	key, ok := parsed.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("the key of the display is a %T", parsed)
	}
	ticket, err := rsa.EncryptOAEP(sha1.New(), rand.Reader, key, append([]byte(password), 0), nil)
	if err != nil {
		return err
	}
	if _, err := conn.Write(ticket); err != nil {
		return err
	}
	var result uint32
	if err := wire.Read(conn, wire.LittleEndian, &result); err != nil {
		return err
	}
	const permissionDenied = 7
	switch result {
	case 0:
		return nil
	case permissionDenied:
		return errLockedOut
	}
	return fmt.Errorf("the display answers %d", result)
}
