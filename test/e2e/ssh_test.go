package e2e

import (
	"crypto/ed25519"
	"crypto/rand"
	"net"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// newKey makes a key pair: what lets in, and the line that says so to a guest.
func newKey(t *testing.T, comment string) (ssh.Signer, string) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return signer, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))) + " " + comment
}

// ssh logs into the guest and tells who one is there. It insists on the host key that
// the agent has read inside.
func (v *vm) ssh(t *testing.T, address, user string, with ssh.AuthMethod) (string, error) {
	t.Helper()
	hostKey, _, _, _, err := ssh.ParseAuthorizedKey([]byte(v.hostKey(t)))
	if err != nil {
		t.Fatal(err)
	}
	client, err := ssh.Dial("tcp", net.JoinHostPort(address, "22"), &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{with}, Timeout: patience,
		HostKeyCallback: ssh.FixedHostKey(hostKey), HostKeyAlgorithms: []string{ssh.KeyAlgoED25519},
	})
	if err != nil {
		return "", err
	}
	defer client.Close()
	// The process in the guest ends with the connection.
	defer time.AfterFunc(patience, func() { client.Close() }).Stop()
	session, err := client.NewSession()
	if err != nil {
		return "", err
	}
	output, err := session.CombinedOutput("id -un")
	return strings.TrimSpace(string(output)), err
}

// letsIn checks that a login by ssh succeeds.
func (v *vm) letsIn(t *testing.T, address, user string, with ssh.AuthMethod) {
	t.Helper()
	if who, err := v.ssh(t, address, user, with); err != nil || who != user {
		t.Errorf("ssh to %s@%s: %q, %v", user, address, who, err)
	}
}

// keepsOut checks that a login by ssh is refused.
func (v *vm) keepsOut(t *testing.T, address, user string, with ssh.AuthMethod) {
	t.Helper()
	if who, err := v.ssh(t, address, user, with); err == nil || !strings.Contains(err.Error(), "unable to authenticate") {
		t.Errorf("ssh to %s@%s: %q, %v, want a refusal", user, address, who, err)
	}
}

// hostKey is the guest's own key.
func (v *vm) hostKey(t *testing.T) string {
	t.Helper()
	return v.inside(t, "cat /etc/ssh/ssh_host_ed25519_key.pub")
}
