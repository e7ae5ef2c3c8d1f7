package libvirt

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"

	"vireo/internal/host"
)

// pin is the key that an ssh server is to show: the one that the engine has kept,
// one of the wanted fingerprint, or that of the first connection. All connections
// to a host share it.
type pin struct {
	mu          sync.Mutex
	key         ssh.PublicKey
	fingerprint string
}

// newPin reads what an address says of the key: a line of an authorized_keys file,
// or a fingerprint as ssh-keygen -l prints it; "" is nothing.
func newPin(key, fingerprint string) (*pin, error) {
	p := &pin{fingerprint: fingerprint}
	if key == "" {
		return p, nil
	}
	parsed, _, _, _, err := ssh.ParseAuthorizedKey([]byte(key))
	if err != nil {
		return nil, refuse(host.RefusedIdentity, "the pinned ssh key of the host cannot be read: %v", err)
	}
	p.key = parsed
	return p, nil
}

// check refuses a key that is not the pinned one, and pins the first.
func (p *pin) check(name string, key ssh.PublicKey, before func() error) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	shown := ssh.FingerprintSHA256(key)
	switch {
	case p.key != nil && !bytes.Equal(p.key.Marshal(), key.Marshal()):
		return identity("the ssh server of %s has shown the key %s, and %s is pinned: if the machine was installed anew, give the new fingerprint (ssh/fingerprint); else somebody is in between",
			name, shown, ssh.FingerprintSHA256(p.key))
	case p.key != nil:
		return nil
	case p.fingerprint != "" && p.fingerprint != shown:
		return identity("the ssh server of %s has shown the key %s, and %s is wanted", name, shown, p.fingerprint)
	case p.fingerprint == "":
		if err := before(); err != nil {
			return err
		}
	}
	p.key = key
	return nil
}

// algorithms are those of the pinned key, so that the server does not show another
// one of its keys; nil is any.
func (p *pin) algorithms() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.key == nil {
		return nil
	}
	return signatures(p.key)
}

// line is the pinned key as a line of an authorized_keys file; empty without one.
func (p *pin) line() string {
	if p == nil {
		return ""
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.key == nil {
		return ""
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(p.key)))
}

// signatures are the algorithms by which a key can prove itself.
func signatures(key ssh.PublicKey) []string {
	if key.Type() == ssh.KeyAlgoRSA {
		return []string{ssh.KeyAlgoRSASHA512, ssh.KeyAlgoRSASHA256}
	}
	return []string{key.Type()}
}

// identityError says that a host has shown what it should not have.
type identityError struct{ reason string }

// Error is the reason.
func (e *identityError) Error() string { return e.reason }

func identity(format string, args ...any) error {
	return &identityError{fmt.Sprintf(format, args...)}
}

// firstContact wants a machine that files of known hosts know to show the key they
// have; of one that is not there nothing is wanted.
func firstContact(known ssh.HostKeyCallback, name string, remote net.Addr, key ssh.PublicKey) error {
	if known == nil {
		return nil
	}
	err := known(name, remote, key)
	if unknown(err) {
		return nil
	}
	if err != nil {
		return identity("the ssh server of %s has shown the key %s, which is not the one in the files of known hosts", name, ssh.FingerprintSHA256(key))
	}
	return nil
}
