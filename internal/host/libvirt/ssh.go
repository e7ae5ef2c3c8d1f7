package libvirt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strings"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
	"golang.org/x/crypto/ssh/knownhosts"

	"vireo/internal/host"
)

// dialSSH reaches the daemon's socket on another machine through its ssh server
// (direct-streamlocal), so nothing needs to be installed there. The machine must
// show the pinned key, if one is, and accept the engine's key, or one of the
// engine's user or of its agent; passwords are not used. The library's own
// dialer leaves the ssh connection open when the stream is closed, hence this one.
func dialSSH(ctx context.Context, t target) (net.Conn, error) {
	client, err := sshClient(ctx, t)
	if err != nil {
		return nil, err
	}
	var failures []error
	for _, socket := range t.sockets {
		stream, err := client.DialContext(ctx, "unix", socket)
		if err == nil {
			return &sshStream{Conn: stream, client: client}, nil
		}
		failures = append(failures, fmt.Errorf("%s: %w", socket, err))
	}
	client.Close()
	return nil, errors.Join(failures...)
}

// sshStream is a stream that ends its ssh connection with itself.
type sshStream struct {
	net.Conn
	client *ssh.Client
}

// Close ends the stream and the ssh connection below it.
func (s *sshStream) Close() error {
	s.Conn.Close()
	return s.client.Close()
}

// sshClient logs in within ctx.
func sshClient(ctx context.Context, t target) (*ssh.Client, error) {
	me, err := user.Current()
	if err != nil {
		return nil, fmt.Errorf("finding out who I am: %w", err)
	}
	known, err := readKnownHosts(t, me.HomeDir)
	if err != nil {
		return nil, err
	}
	signers, closeAgent, err := sshSigners(t, me.HomeDir)
	if err != nil {
		return nil, err
	}
	defer closeAgent()
	name := t.user
	if name == "" {
		name = me.Username
	}
	config := &ssh.ClientConfig{
		User:              name,
		Auth:              []ssh.AuthMethod{ssh.PublicKeys(signers...)},
		HostKeyCallback:   t.checkKey(known),
		HostKeyAlgorithms: t.keyAlgorithms(known),
	}
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", t.hostPort())
	if err != nil {
		return nil, err
	}
	// The handshake knows no context: closing the connection ends it.
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	sshConn, channels, requests, err := ssh.NewClientConn(conn, t.hostPort(), config)
	if !stop() && err == nil {
		sshConn.Close()
		return nil, ctx.Err()
	}
	if err != nil {
		conn.Close()
		return nil, refusedLogin(t, name, err)
	}
	return ssh.NewClient(sshConn, channels, requests), nil
}

// refusedLogin tells apart why there is no login: the wrong machine, a machine that
// does not let the engine in, or none that answers.
func refusedLogin(t target, name string, err error) error {
	if shown, ok := errors.AsType[*identityError](err); ok {
		return refuse(host.RefusedIdentity, "%s", shown.reason)
	}
	if _, wrong := errors.AsType[*knownhosts.KeyError](err); wrong {
		return refuse(host.RefusedIdentity, "the ssh server of %s has shown a key that is not the one in the files of known hosts", t.host)
	}
	if strings.Contains(err.Error(), "unable to authenticate") {
		return refuse(host.RefusedLogin,
			"the ssh server of %s does not let the engine in as %s: put the engine's key (vireo host key) into the authorized_keys of that user", t.host, name)
	}
	return fmt.Errorf("logging in as %s: %w", name, err)
}

// checkKey is how the key is judged that a server shows.
func (t target) checkKey(known ssh.HostKeyCallback) ssh.HostKeyCallback {
	return func(name string, remote net.Addr, key ssh.PublicKey) error {
		if t.knownHosts != "" {
			if err := known(name, remote, key); err != nil {
				return err
			}
			return t.pin.check(t.host, key, func() error { return nil })
		}
		return t.pin.check(t.host, key, func() error { return firstContact(known, name, remote, key) })
	}
}

// keyAlgorithms asks for the pinned key, or one that a file knows; nil is any.
func (t target) keyAlgorithms(known ssh.HostKeyCallback) []string {
	if algorithms := t.pin.algorithms(); algorithms != nil || known == nil {
		return algorithms
	}
	return knownAlgorithms(known, t.hostPort())
}

// readKnownHosts reads the file that the address names; else, for the first contact,
// those that ssh itself reads, of which nil is none.
func readKnownHosts(t target, home string) (ssh.HostKeyCallback, error) {
	files := []string{filepath.Join(home, ".ssh", "known_hosts"), "/etc/ssh/ssh_known_hosts"}
	if t.knownHosts != "" {
		files = []string{t.knownHosts}
	}
	var present []string
	for _, file := range files {
		if _, err := os.Stat(file); err == nil {
			present = append(present, file)
		}
	}
	if present == nil && t.knownHosts == "" {
		return nil, nil
	}
	if present == nil {
		return nil, refuse(host.RefusedIdentity, "the key of %s is not known: there is no file %s", t.host, t.knownHosts)
	}
	known, err := knownhosts.New(present...)
	if err != nil {
		return nil, refuse(host.RefusedIdentity, "the files of known hosts cannot be read: %v", err)
	}
	return known, nil
}

// unknown says that files of known hosts know no key of a machine.
func unknown(err error) bool {
	var wrong *knownhosts.KeyError
	return errors.As(err, &wrong) && len(wrong.Want) == 0
}

// knownAlgorithms asks for those keys that the file knows of this machine;
// otherwise the server may choose to show another one, which would be unknown.
func knownAlgorithms(known ssh.HostKeyCallback, address string) []string {
	var mismatch *knownhosts.KeyError
	if !errors.As(known(address, &net.TCPAddr{IP: net.IPv4zero}, noKey{}), &mismatch) {
		return nil
	}
	var algorithms []string
	for _, key := range mismatch.Want {
		algorithms = append(algorithms, signatures(key.Key)...)
	}
	return algorithms
}

// noKey is a key that no machine has.
type noKey struct{}

// Type is no algorithm's name.
func (noKey) Type() string { return "none" }

// Marshal gives no bytes.
func (noKey) Marshal() []byte { return nil }

// Verify accepts nothing.
func (noKey) Verify([]byte, *ssh.Signature) error { return errors.New("no key") }

// sshSigners are the engine's key, the keys of the agent and those without a
// passphrase in ~/.ssh, or only the one that the address names.
func sshSigners(t target, home string) (signers []ssh.Signer, closeAgent func(), err error) {
	closeAgent = func() {}
	files := []string{t.keyFile}
	if t.keyFile == "" {
		files = nil
		if t.sshKey != nil {
			own, err := t.sshKey()
			if err != nil {
				return nil, nil, fmt.Errorf("reading the engine's ssh key: %w", err)
			}
			signers = append(signers, own)
		}
		for _, name := range []string{"id_ed25519", "id_ecdsa", "id_rsa"} {
			files = append(files, filepath.Join(home, ".ssh", name))
		}
		if conn, err := net.Dial("unix", os.Getenv("SSH_AUTH_SOCK")); err == nil {
			closeAgent = func() { conn.Close() }
			if held, err := agent.NewClient(conn).Signers(); err == nil {
				signers = append(signers, held...)
			}
		}
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		if signer, err := ssh.ParsePrivateKey(text); err == nil {
			signers = append(signers, signer)
		}
	}
	return signers, closeAgent, nil
}

// runSSH runs one program on the machine and gives what it printed.
func runSSH(ctx context.Context, t target, command string) ([]byte, error) {
	client, err := sshClient(ctx, t)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	defer context.AfterFunc(ctx, func() { client.Close() })()
	session, err := client.NewSession()
	if err != nil {
		return nil, err
	}
	return session.Output(command)
}

// CloseWrite says that nothing more comes from here; what the other side still
// says can be read.
func (s *sshStream) CloseWrite() error {
	if half, ok := s.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return s.Conn.Close()
}
