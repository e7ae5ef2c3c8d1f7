package rfb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// subtypePlain is that of VeNCrypt in which user and password are said as they are.
// The connection below is encrypted, so no second encryption is asked for.
const subtypePlain = 256

// longestWord bounds the user and the password that a viewer sends, in bytes.
const longestWord = 256

var (
	// ErrRefused says that a viewer's password was not accepted, and that it was
	// told so.
	ErrRefused = errors.New("the viewer's password is not accepted")
	// ErrViewer says that a viewer does not speak the protocol, or not this part.
	ErrViewer = errors.New("the viewer does not speak as it should")
)

// Admit asks a viewer for a user and a password, by VeNCrypt's way Plain, which takes
// the whole of a password where VNC's own looks at eight characters. accept says
// whether they are right, and is asked once. Then the viewer is where [Enter] leaves
// one: the two connections can be joined.
func Admit(conn io.ReadWriter, accept func(user, password string) error) error {
	if err := agree(conn); err != nil {
		return err
	}
	lengths, err := hear(conn, 8)
	if err != nil {
		return err
	}
	user, password := binary.BigEndian.Uint32(lengths), binary.BigEndian.Uint32(lengths[4:])
	if user > longestWord || password > longestWord {
		return fmt.Errorf("%w: its user and password have %d and %d characters", ErrViewer, user, password)
	}
	words, err := hear(conn, int(user+password))
	if err != nil {
		return err
	}
	if err := accept(string(words[:user]), string(words[user:])); err != nil {
		reason := "Not permitted."
		message := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 1), uint32(len(reason)))
		_ = say(conn, append(message, reason...)) // it has ended either way
		return errors.Join(ErrRefused, err)
	}
	return say(conn, []byte{0, 0, 0, 0})
}

// agree brings a viewer to VeNCrypt's Plain.
func agree(conn io.ReadWriter) error {
	if err := say(conn, []byte(version)); err != nil {
		return err
	}
	spoken, err := hear(conn, len(version))
	if err != nil {
		return err
	}
	if !bytes.Equal(spoken, []byte(version)) {
		return fmt.Errorf("%w: it speaks %q", ErrViewer, spoken)
	}
	if err := say(conn, []byte{1, securityVeNCrypt}); err != nil {
		return err
	}
	if err := chosen(conn, []byte{securityVeNCrypt}); err != nil {
		return err
	}
	const major, minor = 0, 2
	if err := say(conn, []byte{major, minor}); err != nil {
		return err
	}
	if err := chosen(conn, []byte{major, minor}); err != nil {
		return err
	}
	subtype := binary.BigEndian.AppendUint32(nil, subtypePlain)
	if err := say(conn, append([]byte{0, 1}, subtype...)); err != nil { // that version is well, and one subtype
		return err
	}
	return chosen(conn, subtype)
}

func chosen(conn io.ReadWriter, want []byte) error {
	got, err := hear(conn, len(want))
	if err == nil && !bytes.Equal(got, want) {
		err = fmt.Errorf("%w: it chooses %v of %v", ErrViewer, got, want)
	}
	return err
}

func hear(conn io.Reader, length int) ([]byte, error) {
	message := make([]byte, length)
	if _, err := io.ReadFull(conn, message); err != nil {
		return nil, fmt.Errorf("the handshake of a viewer: %w", err)
	}
	return message, nil
}

func say(conn io.Writer, message []byte) error {
	if _, err := conn.Write(message); err != nil {
		return fmt.Errorf("the handshake of a viewer: %w", err)
	}
	return nil
}
