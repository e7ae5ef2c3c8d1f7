package pki

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// lookEvery is how often the operator's files are looked at on handshakes.
const lookEvery = 10 * time.Second

// Files is the operator's own certificate: a file with the certificate and its
// chain, one with the key, both in PEM. They are read again when they change, as
// they do when another program renews them.
type Files struct {
	certificatePath, keyPath string
	now                      func() time.Time

	current atomic.Pointer[tls.Certificate]
	look    atomic.Int64 // in nanoseconds since 1970: the next time to look

	reading sync.Mutex
	text    []byte // what is in use; guarded by reading
	key     []byte
}

// OpenFiles reads the operator's certificate. The error says which file is
// missing, damaged or does not fit the other. One that has expired is taken, and
// logged, since clients may know.
func OpenFiles(certificatePath, keyPath string) (*Files, error) {
	return openFiles(certificatePath, keyPath, time.Now)
}

func openFiles(certificatePath, keyPath string, now func() time.Time) (*Files, error) {
	f := &Files{certificatePath: certificatePath, keyPath: keyPath, now: now}
	if err := f.Refresh(); err != nil {
		return nil, err
	}
	return f, nil
}

// GetCertificate gives the certificate for a handshake, after looking whether
// the files have changed if that was some time ago. When the new ones cannot be
// used, as while they are being replaced, the old one is given.
func (f *Files) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	if f.now().UnixNano() >= f.look.Load() && f.reading.TryLock() {
		err := f.readLocked()
		f.reading.Unlock()
		if err != nil {
			slog.Error("the operator's certificate could not be read again; the old one stays", "expires", f.Expires(), "error", err)
		}
	}
	return f.current.Load(), nil
}

// Refresh reads the files if they have changed.
func (f *Files) Refresh() error {
	f.reading.Lock()
	defer f.reading.Unlock()
	return f.readLocked()
}

// Authority is the last certificate of the file if it is an authority, else nil.
func (f *Files) Authority() []byte {
	chain := f.current.Load().Certificate
	last, err := x509.ParseCertificate(chain[len(chain)-1])
	if err != nil || !last.IsCA {
		return nil
	}
	return encodeCertificate(last.Raw)
}

// Expires is when the certificate in use does.
func (f *Files) Expires() time.Time { return f.current.Load().Leaf.NotAfter }

func (f *Files) readLocked() error {
	now := f.now()
	f.look.Store(now.Add(lookEvery).UnixNano())
	text, err := readFile(f.certificatePath)
	if err != nil {
		return fmt.Errorf("reading the operator's certificate: %w", err)
	}
	key, err := readFile(f.keyPath)
	if err != nil {
		return fmt.Errorf("reading the operator's key: %w", err)
	}
	if f.current.Load() != nil && bytes.Equal(text, f.text) && bytes.Equal(key, f.key) {
		return nil
	}
	pair, err := decodePair(text, key)
	if err != nil {
		return fmt.Errorf("the operator's certificate %s and key %s cannot be used: %w", f.certificatePath, f.keyPath, err)
	}
	f.text, f.key = text, key
	f.current.Store(pair)
	if now.After(pair.Leaf.NotAfter) {
		slog.Warn("the operator's certificate has expired", "file", f.certificatePath, "expired", pair.Leaf.NotAfter)
	}
	return nil
}
