package libvirt

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"

	"vireo/internal/host"
	"vireo/internal/model"
)

// pipe carries bytes both ways until one side ends.
func pipe(a, b io.ReadWriteCloser) {
	done := make(chan struct{}, 2)
	for _, ends := range [][2]io.ReadWriteCloser{{a, b}, {b, a}} {
		go func() {
			_, _ = io.Copy(ends[0], ends[1])
			done <- struct{}{}
		}()
	}
	<-done
	a.Close()
	b.Close()
	<-done
}

// serve accepts connections and gives each to f, until the test ends.
func serve(t *testing.T, f func(net.Conn)) *net.TCPAddr {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go f(conn)
		}
	}()
	return listener.Addr().(*net.TCPAddr)
}

func toDaemon(t *testing.T) net.Conn {
	conn, err := dialFirst(context.Background(), systemSockets)
	if err != nil {
		t.Errorf("reaching the daemon: %v", err)
	}
	return conn
}

// useAndClose does what shows that a connection works.
func useAndClose(t *testing.T, driver Driver, address string) {
	t.Helper()
	h, err := driver.Connect(testContext(t), address)
	must(t, err)
	if _, err := h.Guests(testContext(t)); err != nil {
		t.Error(err)
	}
	want, err := os.ReadFile(bootIDFile)
	must(t, err)
	if id, err := h.BootID(testContext(t)); err != nil || id+"\n" != string(want) {
		t.Errorf("the boot id is %q, %v", id, err)
	}
	must(t, h.Close())
}

func TestByTCP(t *testing.T) {
	at := serve(t, func(conn net.Conn) { pipe(conn, toDaemon(t)) })
	address := "qemu+tcp://" + at.String() + "/system"
	driver := testDriver(t)
	if _, err := driver.Connect(testContext(t), address); !errors.Is(err, host.ErrRefused) {
		t.Errorf("without permission: %v", err)
	}
	driver.AllowInsecure = true
	useAndClose(t, driver, address)
}

func TestByTLS(t *testing.T) {
	folder := t.TempDir()
	pool, server := certificates(t, folder)
	config := &tls.Config{Certificates: []tls.Certificate{server}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool}
	at := serve(t, func(conn net.Conn) {
		secure := tls.Server(conn, config)
		if secure.Handshake() != nil {
			conn.Close()
			return
		}
		// The daemon says by one byte that it has accepted the certificate.
		_, _ = secure.Write([]byte{1})
		pipe(secure, toDaemon(t))
	})
	useAndClose(t, testDriver(t), "qemu+tls://"+at.String()+"/system?pkipath="+folder)

	// A certificate of somebody else is not accepted.
	other := t.TempDir()
	certificates(t, other)
	if _, err := testDriver(t).Connect(testContext(t), "qemu+tls://"+at.String()+"/system?pkipath="+other); !refusedAs(err, host.RefusedIdentity) {
		t.Errorf("with another authority: %v", err)
	}
}

// certificates makes an authority with a client's files in libvirt's names, and
// gives a server's certificate.
func certificates(t *testing.T, folder string) (*x509.CertPool, tls.Certificate) {
	t.Helper()
	authorityKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	authority := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "authority"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign,
	}
	sign := func(name string, parent *x509.Certificate) (certificate, key []byte) {
		ownKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		must(t, err)
		template := &x509.Certificate{
			SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
			NotBefore: authority.NotBefore, NotAfter: authority.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		}
		if parent == authority && name == "authority" {
			template, ownKey = authority, authorityKey
		}
		der, err := x509.CreateCertificate(rand.Reader, template, parent, &ownKey.PublicKey, authorityKey)
		must(t, err)
		keyDER, err := x509.MarshalPKCS8PrivateKey(ownKey)
		must(t, err)
		return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})
	}
	ca, _ := sign("authority", authority)
	certificate, key := sign("client", authority)
	must(t, os.WriteFile(filepath.Join(folder, "cacert.pem"), ca, 0o600))
	must(t, os.WriteFile(filepath.Join(folder, "clientcert.pem"), certificate, 0o600))
	must(t, os.WriteFile(filepath.Join(folder, "clientkey.pem"), key, 0o600))
	certificate, key = sign("server", authority)
	server, err := tls.X509KeyPair(certificate, key)
	must(t, err)
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(ca)
	return pool, server
}

func TestBySSH(t *testing.T) {
	folder := t.TempDir()
	hostKey, clientKey := newKey(t), newKey(t)
	block, err := ssh.MarshalPrivateKey(clientKey, "")
	must(t, err)
	keyFile := filepath.Join(folder, "key")
	must(t, os.WriteFile(keyFile, pem.EncodeToMemory(block), 0o600))
	at := serveSSH(t, hostKey, clientKey)
	known := filepath.Join(folder, "known_hosts")
	write := func(key ed25519.PrivateKey) {
		public, err := ssh.NewPublicKey(key.Public())
		must(t, err)
		must(t, os.WriteFile(known, []byte(knownhosts.Line([]string{at.String()}, public)+"\n"), 0o600))
	}
	address := "qemu+ssh://somebody@" + at.String() + "/system?keyfile=" + keyFile + "&known_hosts=" + known
	write(hostKey)
	useAndClose(t, testDriver(t), address)
	t.Run("a ticket throws off", func(t *testing.T) { throwsOff(t, address) })
	write(newKey(t))
	if _, err := testDriver(t).Connect(testContext(t), address); !refusedAs(err, host.RefusedIdentity) {
		t.Errorf("to a machine with another key: %v", err)
	}
	must(t, os.Remove(known))
	if _, err := testDriver(t).Connect(testContext(t), address); !refusedAs(err, host.RefusedIdentity) {
		t.Errorf("to an unknown machine: %v", err)
	}
}

func refusedAs(err error, code host.RefusalCode) bool {
	refusal, ok := errors.AsType[*host.RefusedError](err)
	return ok && refusal.Code == code
}

// TestSSHKeyIsPinned: the engine logs in with its own key; the key that the server
// shows first is the only one that is accepted afterwards.
func TestSSHKeyIsPinned(t *testing.T) {
	t.Setenv("HOME", t.TempDir())
	hostKey, clientKey := newKey(t), newKey(t)
	signer, err := ssh.NewSignerFromKey(clientKey)
	must(t, err)
	driver := testDriver(t)
	driver.SSHKey = func() (ssh.Signer, error) { return signer, nil }
	at := serveSSH(t, hostKey, clientKey)
	address := "qemu+ssh://root@" + at.String() + "/system"
	connected, err := driver.Connect(testContext(t), address)
	must(t, err)
	facts, err := connected.Facts(testContext(t))
	must(t, err)
	must(t, connected.Close())
	public, err := ssh.NewPublicKey(hostKey.Public())
	must(t, err)
	if facts.SSHKey+"\n" != string(ssh.MarshalAuthorizedKey(public)) || model.Fingerprint(facts.SSHKey) != ssh.FingerprintSHA256(public) {
		t.Errorf("its key is %q (%s)", facts.SSHKey, model.Fingerprint(facts.SSHKey))
	}
	on := model.Host{Address: address, SSHKey: facts.SSHKey}
	useAndClose(t, driver, on.Dial())
	on = model.Host{Address: address, SSHFingerprint: ssh.FingerprintSHA256(public)}
	useAndClose(t, driver, on.Dial())

	other := serveSSH(t, newKey(t), clientKey)
	for _, pinned := range []model.Host{{SSHKey: facts.SSHKey}, {SSHFingerprint: ssh.FingerprintSHA256(public)}} {
		pinned.Address = "qemu+ssh://root@" + other.String() + "/system"
		if _, err := driver.Connect(testContext(t), pinned.Dial()); !refusedAs(err, host.RefusedIdentity) {
			t.Errorf("another key was not refused: %v", err)
		}
	}
	strange := serveSSH(t, hostKey, newKey(t))
	if _, err := driver.Connect(testContext(t), "qemu+ssh://root@"+strange.String()+"/system"); !refusedAs(err, host.RefusedLogin) {
		t.Errorf("where the engine's key is not let in: %v", err)
	}
}

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	must(t, err)
	return key
}

// serveSSH is an ssh server that forwards streams to the daemon and to ports, and
// runs programs.
func serveSSH(t *testing.T, hostKey, clientKey ed25519.PrivateKey) net.Addr {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(hostKey)
	must(t, err)
	allowed, err := ssh.NewPublicKey(clientKey.Public())
	must(t, err)
	config := &ssh.ServerConfig{PublicKeyCallback: func(_ ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
		if string(key.Marshal()) == string(allowed.Marshal()) {
			return nil, nil
		}
		return nil, errors.New("not allowed")
	}}
	config.AddHostKey(signer)
	return serve(t, func(conn net.Conn) {
		_, channels, requests, err := ssh.NewServerConn(conn, config)
		if err != nil {
			conn.Close()
			return
		}
		go ssh.DiscardRequests(requests)
		for wanted := range channels {
			go serveChannel(t, wanted)
		}
	})
}

func serveChannel(t *testing.T, wanted ssh.NewChannel) {
	channel, requests, err := wanted.Accept()
	if err != nil {
		return
	}
	if wanted.ChannelType() == "direct-tcpip" {
		go ssh.DiscardRequests(requests)
		var to struct {
			Host   string
			Port   uint32
			Origin string
			From   uint32
		}
		if err := ssh.Unmarshal(wanted.ExtraData(), &to); err != nil {
			t.Errorf("a stream to nowhere: %v", err)
		}
		conn, err := net.Dial("tcp", net.JoinHostPort(to.Host, strconv.Itoa(int(to.Port))))
		if err != nil {
			t.Errorf("reaching a port: %v", err)
			channel.Close()
			return
		}
		pipe(channel, conn)
		return
	}
	if wanted.ChannelType() != "session" {
		go ssh.DiscardRequests(requests)
		pipe(channel, toDaemon(t))
		return
	}
	for request := range requests {
		var command struct{ Line string }
		if request.Type != "exec" || ssh.Unmarshal(request.Payload, &command) != nil {
			_ = request.Reply(false, nil)
			continue
		}
		_ = request.Reply(true, nil)
		output, err := exec.Command("/bin/sh", "-c", command.Line).Output()
		status := struct{ Code uint32 }{}
		if err != nil {
			status.Code = 1
		}
		_, _ = channel.Write(output)
		_, _ = channel.SendRequest("exit-status", false, ssh.Marshal(&status))
		channel.Close()
	}
}
