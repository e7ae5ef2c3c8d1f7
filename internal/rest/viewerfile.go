package rest

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"vireo/internal/model"
)

// viewerFile is what a file for remote-viewer says (the format of virt-viewer's
// connection files).
type viewerFile struct {
	name    string
	display model.DisplayType
	console model.Console
	// host is where the display is reached when it listens everywhere.
	host     string
	password string
	lasts    time.Duration
	// authority is a certificate in PEM; empty for none.
	authority string
	// subject is that of the certificate that the display shows, which a viewer then
	// insists on instead of the name of the host; empty for any.
	subject string
}

// vncLooksAt is how much of a password VNC looks at.
const vncLooksAt = 8

// text writes the file. Lines are never longer than what they say: nothing in them has
// a line break of its own.
func (f *viewerFile) text() string {
	var out strings.Builder
	say := func(key, value string) {
		fmt.Fprintf(&out, "%s=%s\n", key, strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", "").Replace(value))
	}
	number := func(key string, value int) { say(key, fmt.Sprint(value)) }
	out.WriteString("[virt-viewer]\n")
	say("type", string(f.display))
	say("host", f.address())
	if f.console.Port > 0 {
		number("port", f.console.Port)
	} else {
		number("port", -1)
	}
	password := f.password
	if f.display == model.DisplayVNC {
		password = password[:min(len(password), vncLooksAt)]
	}
	say("password", password)
	fmt.Fprintf(&out, "# The password lets in for %.0f seconds.\n", f.lasts.Seconds())
	number("delete-this-file", 1)
	number("fullscreen", 0)
	say("title", f.name+":%d - press Shift+F12 to release the cursor")
	say("toggle-fullscreen", "shift+f11")
	say("release-cursor", "shift+f12")
	say("secure-attention", "ctrl+alt+end")
	if f.display == model.DisplaySPICE {
		number("enable-smartcard", 0)
		number("enable-usb-autoshare", 1)
		if f.console.SecurePort > 0 {
			number("tls-port", f.console.SecurePort)
			say("tls-ciphers", "DEFAULT")
			say("secure-channels", "main;inputs;cursor;playback;record;display;smartcard;usbredir")
			if f.authority != "" {
				say("ca", f.authority)
			}
			if f.subject != "" {
				say("host-subject", f.subject)
			}
		}
	}
	return out.String()
}

// address is where a viewer elsewhere finds the display.
func (f *viewerFile) address() string {
	ip := net.ParseIP(f.console.Address)
	if (f.console.Address == "" || ip != nil && ip.IsUnspecified()) && f.host != "" {
		return f.host
	}
	return f.console.Address
}

// hostOf is the machine in the address of a host, which is a libvirt URI or a name.
func hostOf(address string) string {
	if parsed, err := url.Parse(address); err == nil && parsed.Scheme != "" {
		return parsed.Hostname()
	}
	return address
}
