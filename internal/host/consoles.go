package host

import (
	"context"
	"io"

	"vireo/internal/model"
)

// Console is a way to use a guest as if one sat before it.
type Console string

// The consoles of a guest.
const (
	// ConsoleDisplay is the display: the protocol that it speaks, from the greeting on.
	ConsoleDisplay Console = "display"
	// ConsoleSerial is the first serial port: the bytes, as they come.
	ConsoleSerial Console = "serial"
)

// Consoles leads to the consoles of guests that run.
type Consoles interface {
	// DialConsole opens a stream, both ways, to a console. It is opened within ctx,
	// and lasts until it is closed, until the guest ends, or until the host is lost.
	// What nobody reads holds up the console, and nothing else.
	//
	// RefusedUnsupported when the guest has no such console, or when it has one that
	// cannot be reached from here; RefusedState when it does not run, or when somebody
	// else has its serial console, which serves one at a time.
	DialConsole(ctx context.Context, id model.ID, console Console) (io.ReadWriteCloser, error)
	// DisplaySubject is the subject of the certificate that a SPICE display shows to those
	// who come by TLS, with its parts in their order: "O=Vireo,CN=h1.example". It is empty
	// for a display that nobody can come to by TLS. RefusedIdentity when the certificate
	// is not of the engine's authority.
	DisplaySubject(ctx context.Context, id model.ID) (string, error)
	// Screenshot is a picture of what the display shows, in the format PNG.
	// RefusedUnsupported when the guest has no display.
	Screenshot(ctx context.Context, id model.ID) ([]byte, error)
}
