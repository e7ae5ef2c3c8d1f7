package pki

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// retryAfter is how long a renewal that failed is left alone on handshakes.
const retryAfter = time.Minute

// Keeper keeps the engine's own certificate authority and the server certificate
// that it issues, in the files ca.pem, ca.key, server.pem and server.key of a
// directory. Keys can be read by the engine only.
type Keeper struct {
	dir   string
	asked []string
	now   func() time.Time

	current atomic.Pointer[kept]
	retry   atomic.Int64 // in nanoseconds since 1970: no renewal on handshakes before

	renewing sync.Mutex
}

// kept is what is in use.
type kept struct {
	pair      *tls.Certificate
	authority *authority
}

// Open reads the certificates from a directory and makes what is missing: the
// directory, the authority, and a server certificate for localhost, the loopback
// addresses, the machine's name and the hosts given. A host is a name or an
// address, with or without a port; an empty host and the wildcard addresses
// stand for every address of the machine.
//
// Of what this program made, a server certificate that is damaged, does not fit
// its key, lacks a host or is due is made anew. A damaged authority, and a
// server certificate that somebody else issued, are errors that say what to do.
func Open(dir string, hosts []string) (*Keeper, error) { return open(dir, hosts, time.Now) }

// open is Open with a clock.
func open(dir string, hosts []string, now func() time.Time) (*Keeper, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the directory of the certificates: %w", err)
	}
	if err := removeTemporary(dir); err != nil {
		return nil, err
	}
	k := &Keeper{dir: dir, asked: slices.Clone(hosts), now: now}
	if err := k.renew(); err != nil {
		return nil, err
	}
	return k, nil
}

// GetCertificate gives the server certificate for a handshake and renews it
// before when that is due. When that fails the present one is given, and the
// failure logged.
func (k *Keeper) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	now := k.now()
	if k.due(now) && now.UnixNano() >= k.retry.Load() && k.renewing.TryLock() {
		// Others are served the present one meanwhile.
		err := k.renewLocked()
		k.renewing.Unlock()
		if err != nil {
			slog.Error("the server certificate could not be renewed", "expires", k.Expires(), "error", err)
		}
	}
	return k.current.Load().pair, nil
}

// Refresh renews the certificates if they are due.
func (k *Keeper) Refresh() error {
	if !k.due(k.now()) {
		return nil
	}
	return k.renew()
}

// Authority is the authority's certificate in PEM.
func (k *Keeper) Authority() []byte { return slices.Clone(k.current.Load().authority.pem) }

// Expires is when the server certificate in use does.
func (k *Keeper) Expires() time.Time { return k.current.Load().pair.Leaf.NotAfter }

func (k *Keeper) due(now time.Time) bool {
	in := k.current.Load()
	return due(in.pair.Leaf, now) || due(in.authority.certificate, now)
}

func (k *Keeper) renew() error {
	k.renewing.Lock()
	defer k.renewing.Unlock()
	return k.renewLocked()
}

func (k *Keeper) renewLocked() error {
	now := k.now()
	ca, err := openAuthority(k.dir, now)
	if err != nil {
		k.retry.Store(now.Add(retryAfter).UnixNano())
		return err
	}
	pair, err := k.openServer(ca, now)
	if err != nil {
		k.retry.Store(now.Add(retryAfter).UnixNano())
		return err
	}
	k.current.Store(&kept{pair: pair, authority: ca})
	return nil
}

// openServer reads the server certificate, or issues one where there is none
// that can be used.
func (k *Keeper) openServer(ca *authority, now time.Time) (*tls.Certificate, error) {
	names, err := subjectsFor(k.asked)
	if err != nil {
		return nil, err
	}
	certificatePath, keyPath := k.serverPaths()
	text, err := readFile(certificatePath)
	if errors.Is(err, fs.ErrNotExist) {
		return k.issueServer(ca, names, now)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the server's certificate: %w", err)
	}
	if leaf, err := decodeCertificate(text); err == nil && !ours(leaf) {
		return nil, fmt.Errorf("%s was not issued by this engine: name it and its key as the operator's own certificate, or remove it", certificatePath)
	}
	key, err := readSecret(keyPath)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the server's key: %w", err)
	}
	pair, err := decodePair(text, key)
	switch {
	case err != nil:
		slog.Warn("the server certificate is damaged and is made anew", "file", certificatePath, "error", err)
	case !ca.issued(pair.Leaf):
		slog.Warn("the server certificate is of another authority and is made anew", "file", certificatePath)
	case due(pair.Leaf, now):
		slog.Info("the server certificate is renewed", "expires", pair.Leaf.NotAfter)
	case !names.coveredBy(pair.Leaf):
		slog.Info("the server certificate lacks a host and is made anew", "hosts", names.hosts, "addresses", names.addresses)
	default:
		return pair, nil
	}
	return k.issueServer(ca, names, now)
}

// ours says whether this program issued a certificate, for this or another
// directory.
func ours(certificate *x509.Certificate) bool {
	return slices.Equal(certificate.Issuer.Organization, []string{organization})
}

// issueServer makes a key and a certificate. A stop between the two files leaves
// a pair that does not match, which the next start notices.
func (k *Keeper) issueServer(ca *authority, names subjects, now time.Time) (*tls.Certificate, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	keyText, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	text, err := ca.issue(key, names, now)
	if err != nil {
		return nil, err
	}
	pair, err := decodePair(text, keyText)
	if err != nil {
		return nil, fmt.Errorf("reading the issued server certificate: %w", err)
	}
	certificatePath, keyPath := k.serverPaths()
	if err := writeFile(keyPath, keyText, secretMode); err != nil {
		return nil, err
	}
	if err := writeFile(certificatePath, text, publicMode); err != nil {
		return nil, err
	}
	return pair, nil
}

func (k *Keeper) serverPaths() (certificate, key string) {
	return filepath.Join(k.dir, "server.pem"), filepath.Join(k.dir, "server.key")
}
