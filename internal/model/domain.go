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
}

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
