package rest

import (
	"strings"
	"testing"
	"time"

	"vireo/internal/model"
)

func TestViewerFileText(t *testing.T) {
	file := viewerFile{
		name: "web1\nhost=evil.example", display: model.DisplaySPICE, console: model.Console{Address: "0.0.0.0", SecurePort: 5901},
		host: hostOf("qemu+ssh://root@h1.example/system"), password: "a password of more than eight", lasts: 2 * time.Minute,
		authority: "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
		subject:   `O=Vireo\, Inc,CN=h1.example`,
	}
	text := file.text()
	for _, line := range []string{
		"[virt-viewer]", "type=spice", "host=h1.example", "port=-1", "tls-port=5901", "password=a password of more than eight",
		`ca=-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n`, "delete-this-file=1", `host-subject=O=Vireo\\, Inc,CN=h1.example`,
		`title=web1\nhost=evil.example:%d - press Shift+F12 to release the cursor`,
	} {
		if !strings.Contains("\n"+text, "\n"+line+"\n") {
			t.Errorf("the file has no line %q:\n%s", line, text)
		}
	}
	file.display, file.console, file.host = model.DisplayVNC, model.Console{Address: "127.0.0.1", Port: 5900}, hostOf("h1.example")
	text = file.text()
	if !strings.Contains(text, "\npassword=a passwo\n") || !strings.Contains(text, "\nhost=127.0.0.1\nport=5900\n") || strings.Contains(text, "tls") {
		t.Errorf("the file for VNC is\n%s", text)
	}
}

func TestHostOf(t *testing.T) {
	for address, want := range map[string]string{
		"qemu+tls://h2.example:16514/system": "h2.example", "h3.example": "h3.example", "qemu:///system": "",
		"192.0.2.7": "192.0.2.7", "qemu+ssh://[2001:db8::1]/system": "2001:db8::1",
	} {
		if got := hostOf(address); got != want {
			t.Errorf("%s is on %q, want %q", address, got, want)
		}
	}
}
