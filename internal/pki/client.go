package pki

import (
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// clientLife is how long the engine's certificate for hosts is valid. It is renewed
// when a third is left; the one before stays valid meanwhile, and connections that
// were made with it go on.
const clientLife = 90 * 24 * time.Hour

// encipherment is asked for by libvirt up to version 10, of keys too that are for
// signing only.
const encipherment = x509.KeyUsageKeyEncipherment

// Client keeps the certificate that the engine shows to hosts, in the files client.pem
// and client.key of the authority's directory. Nothing is made before it is asked for.
type Client struct {
	dir string
	now func() time.Time

	mu        sync.Mutex
	pair      *tls.Certificate
	authority *authority
}

// NewClient keeps its files in the directory that [Open] is given.
func NewClient(dir string) *Client { return &Client{dir: dir, now: time.Now} }

// Config is how the engine speaks to a host now: with a certificate that is not due to
// be renewed, and only to hosts whose certificate is of the same authority.
func (c *Client) Config() (*tls.Config, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.now()
	if c.pair == nil || due(c.pair.Leaf, now) || due(c.authority.certificate, now) {
		if err := c.renew(now); err != nil {
			if c.pair == nil || now.After(c.pair.Leaf.NotAfter) {
				return nil, err
			}
			slog.Error("the engine's certificate for hosts could not be renewed", "expires", c.pair.Leaf.NotAfter, "error", err)
		}
	}
	roots := x509.NewCertPool()
	roots.AddCert(c.authority.certificate)
	return &tls.Config{Certificates: []tls.Certificate{*c.pair}, RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}

// renew reads the files, and makes anew what is missing, damaged or due.
func (c *Client) renew(now time.Time) error {
	if err := os.MkdirAll(c.dir, 0o700); err != nil {
		return fmt.Errorf("making the directory of the certificates: %w", err)
	}
	ca, err := openAuthority(c.dir, now)
	if err != nil {
		return err
	}
	pair, err := readClient(c.dir)
	if err != nil || !ca.issued(pair.Leaf) || due(pair.Leaf, now) {
		if pair, err = issueClient(c.dir, ca, now); err != nil {
			return err
		}
	}
	c.pair, c.authority = pair, ca
	return nil
}

func readClient(dir string) (*tls.Certificate, error) {
	text, err := readFile(filepath.Join(dir, "client.pem"))
	if err != nil {
		return nil, err
	}
	key, err := readSecret(filepath.Join(dir, "client.key"))
	if err != nil {
		return nil, err
	}
	return decodePair(text, key)
}

func issueClient(dir string, ca *authority, now time.Time) (*tls.Certificate, error) {
	text, key, err := ca.issueFor(&x509.Certificate{
		Subject:     pkix.Name{Organization: []string{organization}, CommonName: "Vireo engine"},
		NotAfter:    now.Add(clientLife),
		KeyUsage:    encipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, now)
	if err != nil {
		return nil, err
	}
	pair, err := decodePair(text, key)
	if err != nil {
		return nil, fmt.Errorf("reading the issued certificate: %w", err)
	}
	if err := writeFile(filepath.Join(dir, "client.key"), key, secretMode); err != nil {
		return nil, err
	}
	return pair, writeFile(filepath.Join(dir, "client.pem"), text, publicMode)
}

// issueFor makes a key and its certificate, both in PEM.
func (a *authority) issueFor(template *x509.Certificate, now time.Time) (certificate, key []byte, err error) {
	made, err := newKey()
	if err != nil {
		return nil, nil, err
	}
	if key, err = encodeKey(made); err != nil {
		return nil, nil, err
	}
	certificate, err = a.sign(made, template, now)
	return certificate, key, err
}

// exists says whether there is a file; what cannot be looked at is an error.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
