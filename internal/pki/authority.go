package pki

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"
)

// How long certificates are valid, and how far in the past they begin, so that a
// client whose clock is slow takes them and an old one and its successor overlap.
const (
	authorityLife = 10 * 365 * 24 * time.Hour
	serverLife    = 365 * 24 * time.Hour
	backdate      = 24 * time.Hour
)

// organization marks what this program has issued.
const organization = "Vireo"

// authority is the engine's own certificate authority.
type authority struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
	pem         []byte
}

// openAuthority reads the authority from a directory, makes it when there is
// none, and renews its certificate when that is due. The new certificate is of
// the same key and name: what trusts the old one trusts what the new one issues.
//
// A damaged authority is an error and never replaced: whoever trusts it would
// have to be told. The key is written first, so a key alone is a first start
// that was cut short, and is used.
func openAuthority(dir string, now time.Time) (*authority, error) {
	keyPath, certificatePath := filepath.Join(dir, "ca.key"), filepath.Join(dir, "ca.pem")
	keyText, keyErr := readSecret(keyPath)
	text, err := readFile(certificatePath)
	switch {
	case errors.Is(keyErr, fs.ErrNotExist) && errors.Is(err, fs.ErrNotExist):
		return newAuthority(dir, now)
	case errors.Is(keyErr, fs.ErrNotExist):
		return nil, fmt.Errorf("the certificate authority has lost its key %s: bring it back, or remove %s to begin with a new authority", keyPath, certificatePath)
	case keyErr != nil:
		return nil, fmt.Errorf("reading the key of the certificate authority: %w", keyErr)
	}
	key, keyErr := decodeKey(keyText)
	if keyErr != nil {
		return nil, broken(keyPath, dir, keyErr)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return issueAuthority(dir, key, now)
	}
	if err != nil {
		return nil, fmt.Errorf("reading the certificate authority: %w", err)
	}
	certificate, err := decodeCertificate(text)
	if err != nil {
		return nil, broken(certificatePath, dir, err)
	}
	if !certificate.IsCA || !key.PublicKey.Equal(certificate.PublicKey) {
		return nil, broken(certificatePath, dir, errors.New("it does not belong to the key in ca.key"))
	}
	if due(certificate, now) {
		return issueAuthority(dir, key, now)
	}
	return &authority{key: key, certificate: certificate, pem: text}, nil
}

func broken(path, dir string, cause error) error {
	return fmt.Errorf("the certificate authority is damaged: %s: %w; bring back ca.pem and ca.key in %s, or remove both to begin with a new authority that all clients must be told to trust", path, cause, dir)
}

func newAuthority(dir string, now time.Time) (*authority, error) {
	key, err := newKey()
	if err != nil {
		return nil, err
	}
	text, err := encodeKey(key)
	if err != nil {
		return nil, err
	}
	if err := writeFile(filepath.Join(dir, "ca.key"), text, secretMode); err != nil {
		return nil, err
	}
	return issueAuthority(dir, key, now)
}

// authorityName follows from the key. So it differs for each engine, and a client
// who trusts several can tell them apart; and a certificate made again for the
// same key is of the same name, which verification asks for.
func authorityName(key *ecdsa.PrivateKey) (pkix.Name, error) {
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return pkix.Name{}, fmt.Errorf("naming the authority: %w", err)
	}
	sum := sha256.Sum256(public)
	return pkix.Name{
		Organization: []string{organization},
		CommonName:   "Vireo CA " + hex.EncodeToString(sum[:4]),
	}, nil
}

func issueAuthority(dir string, key *ecdsa.PrivateKey, now time.Time) (*authority, error) {
	name, err := authorityName(key)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		Subject:               name,
		NotBefore:             now.Add(-backdate),
		NotAfter:              now.Add(authorityLife),
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true, // it issues no other authorities
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("issuing the certificate of the authority: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading the issued certificate of the authority: %w", err)
	}
	text := encodeCertificate(der)
	if err := writeFile(filepath.Join(dir, "ca.pem"), text, publicMode); err != nil {
		return nil, err
	}
	return &authority{key: key, certificate: certificate, pem: text}, nil
}

// issued says whether a certificate was signed by this authority, under its name.
func (a *authority) issued(certificate *x509.Certificate) bool {
	return bytes.Equal(certificate.RawIssuer, a.certificate.RawSubject) &&
		certificate.CheckSignatureFrom(a.certificate) == nil
}

// issue makes a server certificate for some names, with its chain, in PEM.
func (a *authority) issue(key *ecdsa.PrivateKey, names subjects, now time.Time) ([]byte, error) {
	return a.sign(key, &x509.Certificate{
		Subject:     pkix.Name{Organization: []string{organization}, CommonName: names.first()},
		NotAfter:    now.Add(serverLife),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    names.hosts,
		IPAddresses: names.addresses,
	}, now)
}

// sign makes a certificate, with its chain, in PEM; it never lives longer than the
// authority.
func (a *authority) sign(key *ecdsa.PrivateKey, template *x509.Certificate, now time.Time) ([]byte, error) {
	template.NotBefore, template.BasicConstraintsValid = now.Add(-backdate), true
	template.KeyUsage |= x509.KeyUsageDigitalSignature
	if template.NotAfter.After(a.certificate.NotAfter) {
		template.NotAfter = a.certificate.NotAfter
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return nil, fmt.Errorf("issuing a certificate: %w", err)
	}
	return slices.Concat(encodeCertificate(der), a.pem), nil
}

// due says whether a certificate is to be renewed: a third of its life is left,
// or it begins in the future, because the clock was wrong when it was made.
func due(certificate *x509.Certificate, now time.Time) bool {
	return now.Before(certificate.NotBefore) || !now.Before(renewal(certificate))
}

// renewal is when a third of the life of a certificate is left.
func renewal(certificate *x509.Certificate) time.Time {
	life := certificate.NotAfter.Sub(certificate.NotBefore)
	return certificate.NotAfter.Add(-life / 3)
}

func newKey() (*ecdsa.PrivateKey, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	return key, nil
}
