package host

import "time"

// Ticket is what opens a display.
type Ticket struct {
	// Password is printable ASCII. VNC looks at its first 8 characters only, which
	// is the protocol's limit: drivers set these. SPICE takes up to 60.
	Password string
	// ValidTo is the end, to the second and by the host's clock: nobody is let in
	// any more, and those who were stay. A past one lets nobody in; zero is no end.
	ValidTo time.Time
}

// String keeps the password out of logs and messages.
func (t Ticket) String() string {
	if t.ValidTo.IsZero() {
		return "a ticket without end"
	}
	return "a ticket until " + t.ValidTo.UTC().Format(time.RFC3339)
}

// GoString is String, for %#v.
func (t Ticket) GoString() string { return t.String() }
