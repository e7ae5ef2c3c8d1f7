package pki

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// foreign makes a self-signed certificate of somebody else, with its key, in PEM.
func foreign(t *testing.T, now time.Time, name string) (certificate, key []byte) {
	t.Helper()
	secret, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(90 * 24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, secret.Public(), secret)
	if err != nil {
		t.Fatal(err)
	}
	if key, err = encodeKey(secret); err != nil {
		t.Fatal(err)
	}
	return encodeCertificate(der), key
}

// operator puts a certificate into two files.
type operator struct{ certificate, key string }

func newOperator(t *testing.T) operator {
	dir := t.TempDir()
	return operator{filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key")}
}

func (o operator) put(t *testing.T, certificate, key []byte) {
	t.Helper()
	for path, text := range map[string][]byte{o.certificate: certificate, o.key: key} {
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOperatorsCertificateIsReadAgain(t *testing.T) {
	now, files := newClock(), newOperator(t)
	first, firstKey := foreign(t, now.time(), "one.example.com")
	files.put(t, first, firstKey)
	source, err := openFiles(files.certificate, files.key, now.time)
	if err != nil {
		t.Fatal(err)
	}
	if string(source.Authority()) != string(first) {
		t.Errorf("the authority is %s", source.Authority())
	}
	if err := greet(t, source, first, "one.example.com", now.time()); err != nil {
		t.Error(err)
	}
	now.pass(time.Hour)
	second, secondKey := foreign(t, now.time(), "two.example.com")

	// Half of the change: the old one goes on.
	files.put(t, second, firstKey)
	if err := greet(t, source, first, "one.example.com", now.time()); err != nil {
		t.Errorf("in between: %v", err)
	}
	if err := source.Refresh(); err == nil || !strings.Contains(err.Error(), files.certificate) {
		t.Errorf("the error is %v", err)
	}

	files.put(t, second, secondKey)
	if err := greet(t, source, first, "one.example.com", now.time()); err != nil {
		t.Errorf("right after the look: %v", err)
	}
	now.pass(lookEvery)
	if err := greet(t, source, second, "two.example.com", now.time()); err != nil {
		t.Error(err)
	}
	if source.Expires() != leaf(t, source).NotAfter || source.Expires() != now.time().Add(90*24*time.Hour-lookEvery) {
		t.Errorf("it expires at %v", source.Expires())
	}

	// And when told, without waiting.
	third, thirdKey := foreign(t, now.time(), "three.example.com")
	files.put(t, third, thirdKey)
	if err := source.Refresh(); err != nil {
		t.Fatal(err)
	}
	if err := greet(t, source, third, "three.example.com", now.time()); err != nil {
		t.Error(err)
	}
	if err := os.Remove(files.key); err != nil {
		t.Fatal(err)
	}
	now.pass(lookEvery)
	if err := greet(t, source, third, "three.example.com", now.time()); err != nil {
		t.Errorf("without its file: %v", err)
	}
}

func TestOperatorsCertificateThatCannotBeUsed(t *testing.T) {
	now := newClock().time()
	good, goodKey := foreign(t, now, "one.example.com")
	_, otherKey := foreign(t, now, "one.example.com")
	for name, pair := range map[string][2][]byte{
		"empty":         {nil, nil},
		"no key":        {good, nil},
		"rubbish":       {[]byte("rubbish"), goodKey},
		"half":          {good[:len(good)/2], goodKey},
		"key of others": {good, otherKey},
		"swapped":       {goodKey, good},
		"too large":     {make([]byte, maxFile+1), goodKey},
	} {
		files := newOperator(t)
		files.put(t, pair[0], pair[1])
		if _, err := OpenFiles(files.certificate, files.key); err == nil || !strings.Contains(err.Error(), files.certificate) {
			t.Errorf("%s: %v", name, err)
		}
	}
	files := newOperator(t)
	if _, err := OpenFiles(files.certificate, files.key); err == nil || !strings.Contains(err.Error(), files.certificate) {
		t.Errorf("missing: %v", err)
	}
}

func TestOperatorsExpiredCertificateIsServed(t *testing.T) {
	now, files := newClock(), newOperator(t)
	certificate, key := foreign(t, now.time(), "one.example.com")
	files.put(t, certificate, key)
	now.pass(365 * 24 * time.Hour)
	source, err := openFiles(files.certificate, files.key, now.time)
	if err != nil {
		t.Fatal(err)
	}
	if !source.Expires().Before(now.time()) || leaf(t, source) == nil {
		t.Error("it is not served")
	}
}

func TestOperatorsChainWithoutAuthority(t *testing.T) {
	dir := t.TempDir()
	mustOpen(t, dir, newClock())
	text := contents(t, dir)["server.pem"]
	only, _, _ := strings.Cut(text[1:], "-----BEGIN")
	if err := os.WriteFile(filepath.Join(dir, "only.pem"), []byte(text[:1]+only), 0o600); err != nil {
		t.Fatal(err)
	}
	source, err := OpenFiles(filepath.Join(dir, "only.pem"), filepath.Join(dir, "server.key"))
	if err != nil {
		t.Fatal(err)
	}
	if source.Authority() != nil {
		t.Errorf("the authority is %s", source.Authority())
	}
}
