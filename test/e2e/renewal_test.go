package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// renews: the certificate that the engine shows is about to end. It makes another one by
// itself, and the daemon lets in who comes with either.
func renews(t *testing.T, e *engine, h *farmHost, path string) {
	pki := filepath.Join(e.dataDir, "pki")
	e.stop(t)
	old := expiring(t, pki)
	e.start(t)
	e.hostIs(t, path, "up")
	text, err := os.ReadFile(filepath.Join(pki, "client.pem"))
	need(t, err)
	block, _ := pem.Decode(text)
	shown, err := x509.ParseCertificate(block.Bytes)
	need(t, err)
	if time.Until(shown.NotAfter) < 30*24*time.Hour || shown.SerialNumber.Cmp(old.SerialNumber) == 0 {
		t.Errorf("it was not renewed: it is valid until %s", shown.NotAfter)
	}
	both := &daemon{address: "qemu+tls://" + h.IP + "/system?pkipath=" + filepath.Join(pki, "before")}
	if now := both.must(t, "hostname"); now != h.name {
		t.Errorf("with the one before, the host is %q", now)
	}
	e.hostIs(t, path, "up")
}

// expiring gives the engine a certificate for hosts that is valid for some days more, and
// keeps it, as virsh reads it, in the folder "before".
func expiring(t *testing.T, pki string) *x509.Certificate {
	t.Helper()
	pair, err := tls.LoadX509KeyPair(filepath.Join(pki, "ca.pem"), filepath.Join(pki, "ca.key"))
	need(t, err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	need(t, err)
	made := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{Organization: []string{"Vireo"}, CommonName: "Vireo engine"},
		NotBefore: time.Now().Add(-80 * 24 * time.Hour), NotAfter: time.Now().Add(10 * 24 * time.Hour),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageKeyEncipherment, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	signed, err := x509.CreateCertificate(rand.Reader, made, pair.Leaf, key.Public(), pair.PrivateKey)
	need(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	need(t, err)
	authority, err := os.ReadFile(filepath.Join(pki, "ca.pem"))
	need(t, err)
	need(t, os.MkdirAll(filepath.Join(pki, "before"), 0o700))
	for name, content := range map[string][]byte{
		"client.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed}), "before/cacert.pem": authority,
		"client.key": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
	} {
		need(t, os.WriteFile(filepath.Join(pki, name), content, 0o600))
		if kind, ok := map[string]string{"client.pem": "clientcert.pem", "client.key": "clientkey.pem"}[name]; ok {
			need(t, os.WriteFile(filepath.Join(pki, "before", kind), content, 0o600))
		}
	}
	return made
}
