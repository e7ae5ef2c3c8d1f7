package model

import (
	"encoding/hex"
	"strings"
)

// Domain is a directory of people and machines: that of the engine's own users,
// or a Windows domain that guests can join (api-v3 2.6).
type Domain struct {
	// ID is made of the name: see DomainID.
	ID ID `json:"id"`
	// Name is a DNS name in the form that DomainName gives.
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// JoinUser and JoinPassword are the account by which guests join it: both, or
	// neither.
	JoinUser     string `json:"join_user,omitempty"`
	JoinPassword Secret `json:"join_password,omitempty"`
	// LDAP is set where people of the domain can log in to the engine.
	LDAP *LDAP `json:"ldap,omitempty"`
}

// LDAP says how a directory is asked for its people.
type LDAP struct {
	// Schema says what the entries look like.
	Schema LDAPSchema `json:"schema"`
	// Servers are the URLs of servers that all know the same, in the order in
	// which they are tried: ldap://host[:port] or ldaps://host[:port].
	Servers []string `json:"servers"`
	// StartTLS encrypts connections to ldap:// before anything else is said.
	StartTLS bool `json:"start_tls,omitempty"`
	// CA holds the certificates, as PEM, that a server's must be signed by; empty
	// means those of the system.
	CA string `json:"ca,omitempty"`
	// Base is the entry below which everybody is found.
	Base string `json:"base"`
	// BindDN and BindPassword are the account that searches; both empty searches
	// without one.
	BindDN       string `json:"bind_dn,omitempty"`
	BindPassword Secret `json:"bind_password,omitempty"`
}

// LDAPSchema says what the entries of a directory look like.
type LDAPSchema string

// The schemas. OpenLDAP stands for inetOrgPerson with groups that list their
// members by DN (groupOfNames) or by uid (posixGroup).
const (
	LDAPActiveDirectory LDAPSchema = "ad"
	LDAPOpenLDAP        LDAPSchema = "openldap"
)

// Ref names the domain.
func (d *Domain) Ref() Ref { return Ref{KindDomain, d.ID} }

// ObjectName is its name.
func (d *Domain) ObjectName() string { return d.Name }

// DomainName is a DNS name in the one form that is kept and compared: in lower
// case, without a dot at its end.
func DomainName(name string) string {
	return strings.TrimSuffix(strings.ToLower(name), ".")
}

// DomainID is the id of the domain of that name, written in any case: the bytes
// of the name in upper-case hexadecimal digits, as oVirt makes it (api-v4,
// domain).
func DomainID(name string) ID {
	return ID(strings.ToUpper(hex.EncodeToString([]byte(DomainName(name)))))
}
