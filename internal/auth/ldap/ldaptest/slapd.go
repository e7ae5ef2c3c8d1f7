package ldaptest

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"vireo/internal/model"
)

// The words of the directory that Start makes.
const (
	Domain       = "corp.example.com"
	Base         = "dc=corp,dc=example,dc=com"
	BindDN       = "cn=searcher," + Base
	BindPassword = "the searcher's"
	// Password is that of every user: alice, bob, carol.
	Password = "correct horse"
)

// Server is a slapd that runs.
type Server struct {
	// Plain and TLS are its URLs; StartTLS works on Plain.
	Plain, TLS string
	// CA is the PEM text of the authority of its certificate.
	CA string

	t       testing.TB
	command *exec.Cmd
	ended   chan struct{}
}

// config is slapd's. Nobody reads anything without logging in.
const config = `
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/nis.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile %[1]s/pid
TLSCACertificateFile %[1]s/ca.pem
TLSCertificateFile %[1]s/server.pem
TLSCertificateKeyFile %[1]s/server.key
sizelimit 500
database mdb
suffix "` + Base + `"
rootdn "` + BindDN + `"
rootpw "` + BindPassword + `"
directory %[1]s/data
index objectClass,uid,cn,member,uniqueMember,memberUid eq
access to attrs=userPassword by anonymous auth by * none
access to * by users read by * none
`

// people: alice is in admins, which is in staff, which is in everybody; everybody is
// in admins again. bob is in staff by a group of UNIX; carol in nothing.
const people = `
dn: ` + Base + `
objectClass: dcObject
objectClass: organization
o: corp
dc: corp

dn: ou=people,` + Base + `
objectClass: organizationalUnit
ou: people

dn: ou=groups,` + Base + `
objectClass: organizationalUnit
ou: groups
` + "%s" + `
dn: cn=admins,ou=groups,` + Base + `
objectClass: groupOfNames
cn: admins
member: uid=alice,ou=people,` + Base + `
member: cn=everybody,ou=groups,` + Base + `

dn: cn=staff,ou=groups,` + Base + `
objectClass: groupOfUniqueNames
cn: staff
uniqueMember: cn=admins,ou=groups,` + Base + `
uniqueMember: cn=shell,ou=groups,` + Base + `

dn: cn=shell,ou=groups,` + Base + `
objectClass: posixGroup
cn: shell
gidNumber: 100
memberUid: bob

dn: cn=everybody,ou=groups,` + Base + `
objectClass: groupOfNames
cn: everybody
member: cn=staff,ou=groups,` + Base + `
`

func person(name, last string) string {
	return fmt.Sprintf("\ndn: uid=%s,ou=people,%s\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s %s\nsn: %s\nmail: %s@example.com\nuserPassword: %s\n",
		name, Base, name, name, last, last, name, Password)
}

// Start starts a slapd; it ends with the test.
func Start(t testing.TB) *Server {
	t.Helper()
	folder := t.TempDir()
	s := &Server{t: t, CA: certificates(t, folder)}
	put := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(folder, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	put("slapd.conf", fmt.Sprintf(config, folder))
	put("people.ldif", fmt.Sprintf(people, person("alice", "Liddell")+person("bob", "Baker")+person("carol", "O*(ddly)")))
	add := exec.Command("/usr/sbin/slapadd", "-f", filepath.Join(folder, "slapd.conf"), "-l", filepath.Join(folder, "people.ldif"))
	if said, err := add.CombinedOutput(); err != nil {
		t.Fatalf("filling slapd (Debian package slapd): %v\n%s", err, said)
	}
	s.Plain, s.TLS = "ldap://127.0.0.1:"+freePort(t), "ldaps://127.0.0.1:"+freePort(t)
	s.command = exec.Command("/usr/sbin/slapd", "-d", "0", "-f", filepath.Join(folder, "slapd.conf"), "-h", s.Plain+" "+s.TLS)
	s.command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	s.Continue()
	t.Cleanup(s.Stop)
	return s
}

// Continue starts it again after Stop, at the same addresses.
func (s *Server) Continue() {
	s.t.Helper()
	old := s.command
	s.command = exec.Command(old.Path, old.Args[1:]...)
	s.command.SysProcAttr = old.SysProcAttr
	var said strings.Builder
	s.command.Stderr = &said
	if err := s.command.Start(); err != nil {
		s.t.Fatal(err)
	}
	command, ended := s.command, make(chan struct{})
	s.ended = ended
	go func() {
		defer close(ended)
		_ = command.Wait() // how it ends does not matter
	}()
	deadline := time.Now().Add(30 * time.Second)
	for {
		connection, err := net.Dial("tcp", strings.TrimPrefix(s.TLS, "ldaps://"))
		if err == nil {
			_ = connection.Close()
			return
		}
		select {
		case <-ended:
			s.t.Fatalf("slapd has ended:\n%s", &said)
		case <-time.After(10 * time.Millisecond): // another process
		}
		if time.Now().After(deadline) {
			s.t.Fatal("slapd does not answer")
		}
	}
}

// Stop ends it.
func (s *Server) Stop() {
	_ = s.command.Process.Kill() // it may have ended
	<-s.ended
}

// LDAP are the settings that ask it over TLS; the password is BindPassword.
func (s *Server) LDAP(servers ...string) *model.LDAP {
	if len(servers) == 0 {
		servers = []string{s.TLS}
	}
	return &model.LDAP{Schema: model.LDAPOpenLDAP, Servers: servers, CA: s.CA, Base: Base, BindDN: BindDN}
}

// Silent is the URL of a server that takes connections and says nothing.
func Silent(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return "ldaps://" + listener.Addr().String()
}

func freePort(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
