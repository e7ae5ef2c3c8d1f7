package rfb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// subtypeX509 is that of VeNCrypt in which a display shows a certificate, and what comes
// after it is encrypted and begins with a VNC password.
const subtypeX509 = 261

// Securer is a connection to a display that can go on by TLS.
type Securer interface {
	// Secure returns when all that is said from then on is encrypted, and the display has
	// shown a certificate that is accepted.
	Secure() error
	// Insists says that the display is known to speak TLS. What it offers is told in the
	// clear: who is in between could leave that out.
	Insists() bool
}

// ErrStripped says that a display that is known to speak TLS does not offer it.
var ErrStripped = errors.New("the display does not offer TLS, as it has before; somebody may be in between")

// ErrEncrypted says that a display wants to be spoken to by TLS, which this connection
// does not do.
var ErrEncrypted = errors.New("the display wants TLS")

// choose takes a way that a display offers: one that is encrypted, if it has one. Then
// the display asks for a VNC password.
func choose(conn io.ReadWriter, offered []byte) error {
	secure, can := conn.(Securer)
	encrypted := bytes.IndexByte(offered, securityVeNCrypt) >= 0
	switch {
	case encrypted && can:
		return encrypt(conn, secure)
	case can && secure.Insists():
		return ErrStripped
	case bytes.IndexByte(offered, securityVNC) >= 0:
		return tell(conn, []byte{securityVNC})
	case encrypted:
		return ErrEncrypted
	}
	return fmt.Errorf("the display asks for no VNC password but offers %v", offered)
}

// encrypt agrees on VeNCrypt's X509Vnc, and goes on by TLS.
func encrypt(conn io.ReadWriter, secure Securer) error {
	if err := tell(conn, []byte{securityVeNCrypt}); err != nil {
		return err
	}
	const major, minor = 0, 2
	spoken, err := exchange(conn, 2, []byte{major, minor})
	if err != nil {
		return err
	}
	answer, err := exchange(conn, 2, nil) // whether that version is well, and how many subtypes there are
	if err != nil {
		return err
	}
	if answer[0] != 0 {
		return fmt.Errorf("the display speaks VeNCrypt %d.%d", spoken[0], spoken[1])
	}
	offered, err := exchange(conn, 4*int(answer[1]), nil)
	if err != nil {
		return err
	}
	wanted := binary.BigEndian.AppendUint32(nil, subtypeX509)
	if !offers(offered, wanted) {
		return fmt.Errorf("%w in a way that shows no certificate or asks for no VNC password: %v", ErrEncrypted, offered)
	}
	if err := tell(conn, wanted); err != nil {
		return err
	}
	accepted, err := exchange(conn, 1, nil)
	if err != nil {
		return err
	}
	if accepted[0] != 1 {
		return fmt.Errorf("%w, but not in the way that it has offered", ErrEncrypted)
	}
	return secure.Secure()
}

// offers finds a subtype, of four bytes, in a list of them.
func offers(list, wanted []byte) bool {
	for ; len(list) >= len(wanted); list = list[len(wanted):] {
		if bytes.Equal(list[:len(wanted)], wanted) {
			return true
		}
	}
	return false
}
