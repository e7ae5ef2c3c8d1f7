package pki

import (
	"crypto/tls"
	"time"
)

// Source is where the server's certificate comes from. It is safe for concurrent
// use.
type Source interface {
	// GetCertificate is for tls.Config. It gives the best certificate there is,
	// also when a newer one could not be had; that is logged.
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Refresh renews or reads again what is due. The error says what failed; the
	// certificate in use stays in use.
	Refresh() error
	// Authority is the certificate, in PEM, that clients are to trust; nil when
	// it is not known.
	Authority() []byte
	// Expires is when the certificate in use does.
	Expires() time.Time
}

var (
	_ Source = (*Keeper)(nil)
	_ Source = (*Files)(nil)
)
