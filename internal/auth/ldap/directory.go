package ldap

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"sync"
	"time"

	encoding "github.com/go-asn1-ber/asn1-ber"
	protocol "github.com/go-ldap/ldap/v3"

	"vireo/internal/model"
)

// The bounds of what is waited for and taken.
const (
	// dialLimit is for one server; callLimit for one question to it; whole for all
	// that belongs together, whatever servers are tried.
	dialLimit = 4 * time.Second
	callLimit = 8 * time.Second
	whole     = 20 * time.Second
	// restFor is how long a server that did not answer is tried last.
	restFor     = time.Minute
	mostServers = 10
	mostBytes   = 16 << 20 // of one answer
)

// Directory is the people of one domain. It is safe for concurrent use.
type Directory struct {
	domain   string
	settings model.LDAP
	password string
	schema   schema
	servers  []server

	mu      sync.Mutex
	resting map[string]time.Time // until when, by URL
}

// server is one that can be asked.
type server struct {
	url string
	tls *tls.Config
}

var bounded = sync.OnceFunc(func() { encoding.MaxPacketLengthBytes = mostBytes })

// New makes the directory of a domain; password is that of the account that
// searches. The error says what of the settings cannot be, in words for whoever
// wrote them.
func New(domain string, settings *model.LDAP, password string) (*Directory, error) {
	bounded()
	d := &Directory{domain: domain, settings: *settings, password: password, resting: make(map[string]time.Time)}
	var known bool
	if d.schema, known = schemas[settings.Schema]; !known {
		return nil, fmt.Errorf("the schema of a directory is %q or %q", model.LDAPActiveDirectory, model.LDAPOpenLDAP)
	}
	if len(settings.Servers) == 0 || len(settings.Servers) > mostServers {
		return nil, fmt.Errorf("a directory has 1 to %d servers", mostServers)
	}
	if _, err := protocol.ParseDN(settings.Base); err != nil || settings.Base == "" {
		return nil, fmt.Errorf("the base %.200q is not the name of an entry, such as dc=example,dc=com", settings.Base)
	}
	if (settings.BindDN == "") != (password == "") {
		return nil, errors.New("the account that searches has a name and a password: both are to be given, or neither")
	}
	roots, err := rootsOf(settings.CA)
	if err != nil {
		return nil, err
	}
	for _, text := range settings.Servers {
		one, err := serverOf(text, settings.StartTLS, roots)
		if err != nil {
			return nil, err
		}
		d.servers = append(d.servers, one)
	}
	return d, nil
}

func rootsOf(ca string) (*x509.CertPool, error) {
	if ca == "" {
		return nil, nil // those of the system
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM([]byte(ca)) {
		return nil, errors.New("the CA holds no certificate in PEM form")
	}
	return roots, nil
}

// serverOf reads the URL of a server. One that is not encrypted is on this machine.
func serverOf(text string, startTLS bool, roots *x509.CertPool) (server, error) {
	parsed, err := url.Parse(text)
	if err != nil || parsed.Hostname() == "" || parsed.User != nil || parsed.Scheme != "ldap" && parsed.Scheme != "ldaps" {
		return server{}, fmt.Errorf("%.200q is not a server: ldap://HOST[:PORT] or ldaps://HOST[:PORT]", text)
	}
	encrypted := parsed.Scheme == "ldaps" || startTLS
	if !encrypted && !loopback(parsed.Hostname()) {
		return server{}, fmt.Errorf("passwords would go to %.200q unencrypted: use ldaps://, or StartTLS", text)
	}
	one := server{url: parsed.Scheme + "://" + parsed.Host}
	if encrypted {
		one.tls = &tls.Config{ServerName: parsed.Hostname(), RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return one, nil
}

func loopback(host string) bool {
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// inTurn are the servers in the order in which they are tried.
func (d *Directory) inTurn() []server {
	d.mu.Lock()
	defer d.mu.Unlock()
	var first, last []server
	for _, one := range d.servers {
		if time.Now().Before(d.resting[one.url]) {
			last = append(last, one)
		} else {
			first = append(first, one)
		}
	}
	return append(first, last...)
}

func (d *Directory) rest(one server, silent bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.resting, one.url)
	if silent {
		d.resting[one.url] = time.Now().Add(restFor)
	}
}

// dial connects to a server, encrypted, and binds the account that searches.
func (d *Directory) dial(one server, until time.Time) (*protocol.Conn, error) {
	dialer := &net.Dialer{Timeout: dialLimit, Deadline: until}
	options := []protocol.DialOpt{protocol.DialWithDialer(dialer)}
	if one.tls != nil {
		options = append(options, protocol.DialWithTLSConfig(one.tls))
	}
	connection, err := protocol.DialURL(one.url, options...)
	if err != nil {
		return nil, fmt.Errorf("connecting to %s: %w", one.url, err)
	}
	connection.SetTimeout(min(callLimit, max(time.Until(until), time.Millisecond)))
	if err := d.prepare(connection, one); err != nil {
		_ = connection.Close() // err says what matters
		return nil, err
	}
	return connection, nil
}

func (d *Directory) prepare(connection *protocol.Conn, one server) error {
	if _, encrypted := connection.TLSConnectionState(); !encrypted && one.tls != nil {
		if err := connection.StartTLS(one.tls); err != nil {
			return fmt.Errorf("encrypting the connection to %s: %w", one.url, err)
		}
	}
	if err := d.bindSearcher(connection); err != nil {
		return fmt.Errorf("logging in to %s as %q: %w", one.url, d.settings.BindDN, err)
	}
	return nil
}

func (d *Directory) bindSearcher(connection *protocol.Conn) error {
	if d.settings.BindDN == "" {
		return connection.UnauthenticatedBind("")
	}
	return connection.Bind(d.settings.BindDN, d.password)
}
