package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"time"
)

// hostLife is how long certificates of hosts are valid: nobody renews them but the
// operator, who puts them there.
const hostLife = 3 * 365 * 24 * time.Hour

// HostFile is a file that a host needs, at its path there, relative to the root.
type HostFile struct {
	Path    string
	Content []byte
	// Secret files are for root alone.
	Secret bool
}

// ForHost makes what a host needs to be reached by TLS, and for migration by TLS
// between hosts: the certificate of the authority, one that the host shows as a server
// under these names and addresses, and the same as a client of other hosts; where
// libvirt and QEMU look for them.
func ForHost(dir string, names []string) ([]HostFile, error) {
	return forHost(dir, names, time.Now())
}

func forHost(dir string, names []string, now time.Time) ([]HostFile, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the directory of the certificates: %w", err)
	}
	ca, err := openAuthority(dir, now)
	if err != nil {
		return nil, err
	}
	var of subjects
	for _, name := range names {
		if address := net.ParseIP(name); address != nil {
			of.addAddress(address)
		} else if !of.addHost(name) {
			return nil, fmt.Errorf("%q is neither a host name nor an address that a certificate could be made for", name)
		}
	}
	if len(of.hosts) == 0 && len(of.addresses) == 0 {
		return nil, fmt.Errorf("a certificate needs the name of the host")
	}
	common := of.first()
	if len(of.hosts) == 0 {
		common = of.addresses[0].String()
	}
	certificate, key, err := ca.issueFor(&x509.Certificate{
		Subject:     pkix.Name{Organization: []string{organization}, CommonName: common},
		NotAfter:    now.Add(hostLife),
		KeyUsage:    encipherment,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    of.hosts,
		IPAddresses: of.addresses,
	}, now)
	if err != nil {
		return nil, err
	}
	return []HostFile{
		{Path: "etc/pki/CA/cacert.pem", Content: ca.pem},
		{Path: "etc/pki/libvirt/servercert.pem", Content: certificate},
		{Path: "etc/pki/libvirt/private/serverkey.pem", Content: key, Secret: true},
		{Path: "etc/pki/libvirt/clientcert.pem", Content: certificate},
		{Path: "etc/pki/libvirt/private/clientkey.pem", Content: key, Secret: true},
		{Path: "etc/pki/qemu/ca-cert.pem", Content: ca.pem},
		{Path: "etc/pki/qemu/server-cert.pem", Content: certificate},
		{Path: "etc/pki/qemu/server-key.pem", Content: key, Secret: true},
		{Path: "etc/pki/qemu/client-cert.pem", Content: certificate},
		{Path: "etc/pki/qemu/client-key.pem", Content: key, Secret: true},
	}, nil
}

// WriteHost writes the files below a directory, as they are to lie below the root of
// the host. One that is there already is replaced.
func WriteHost(below string, files []HostFile) error {
	for _, file := range files {
		path := filepath.Join(below, filepath.FromSlash(file.Path))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("making a directory for the certificates: %w", err)
		}
		mode := publicMode
		if file.Secret {
			mode = secretMode
		}
		if err := writeFile(path, file.Content, mode); err != nil {
			return err
		}
	}
	return nil
}
