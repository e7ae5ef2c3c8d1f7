package rfb

import (
	"crypto/des" // VNC authentication knows nothing else
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// PasswordLength is how much of a password VNC authentication looks at (RFC 6143,
// 7.2.2).
const PasswordLength = 8

// version is the one that is spoken, and the length that every version line has.
const version = "RFB 003.008\n"

// The ways to authenticate (RFC 6143, 7.1.2, and the register of its community).
const (
	securityNone     = 1
	securityVNC      = 2
	securityVeNCrypt = 19
)

const challengeLength = 16

// ErrPassword says that a display let nobody in with this password.
var ErrPassword = errors.New("the display does not accept the password")

// Enter gets in to a display by a password and returns when it is accepted, or
// [ErrPassword]. A display that wants TLS is spoken to by TLS if the connection is a
// [Securer], whose error is returned; if it is none, [ErrEncrypted] is. What the viewer
// says next is whether it shares the display.
func Enter(conn io.ReadWriter, password string) error {
	if _, err := exchange(conn, len(version), []byte(version)); err != nil {
		return err
	}
	count, err := exchange(conn, 1, nil)
	if err != nil {
		return err
	}
	if count[0] == 0 {
		return errors.New("the display refuses the connection")
	}
	offered, err := exchange(conn, int(count[0]), nil)
	if err != nil {
		return err
	}
	if err := choose(conn, offered); err != nil {
		return err
	}
	challenge, err := exchange(conn, challengeLength, nil)
	if err != nil {
		return err
	}
	answer, err := Answer(challenge, password)
	if err != nil {
		return err
	}
	if err := tell(conn, answer); err != nil {
		return err
	}
	result, err := exchange(conn, 4, nil)
	if err != nil {
		return err
	}
	if binary.BigEndian.Uint32(result) != 0 {
		return ErrPassword
	}
	return nil
}

// Show is the end of the handshake: it says whether others may stay, and returns when
// the display is shown (RFC 6143, 7.3).
func Show(conn io.ReadWriter, share bool) error {
	flag := byte(0)
	if share {
		flag = 1
	}
	if err := tell(conn, []byte{flag}); err != nil {
		return err
	}
	const serverInitLength = 24
	_, err := exchange(conn, serverInitLength, nil)
	return err
}

// tell says something to a display.
func tell(conn io.Writer, message []byte) error {
	if _, err := conn.Write(message); err != nil {
		return fmt.Errorf("the handshake of the display: %w", err)
	}
	return nil
}

// exchange reads a message of that length and writes what comes after it.
func exchange(conn io.ReadWriter, length int, reply []byte) ([]byte, error) {
	message := make([]byte, length)
	if _, err := io.ReadFull(conn, message); err != nil {
		return nil, fmt.Errorf("the handshake of the display: %w", err)
	}
	if len(reply) == 0 {
		return message, nil
	}
	return message, tell(conn, reply)
}

// Answer encrypts a challenge with DES by the password, each of whose bytes is
// taken with its bits in reverse order.
func Answer(challenge []byte, password string) ([]byte, error) {
	key := make([]byte, PasswordLength)
	for i := range min(len(password), PasswordLength) {
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
