package ldap

import (
	"encoding/hex"
	"fmt"
	"strings"
	"unicode"

	protocol "github.com/go-ldap/ldap/v3"

	"vireo/internal/auth"
	"vireo/internal/model"
)

// schema says what the entries of a sort of server look like.
type schema struct {
	users, groups string // filters
	login, id     string // attributes
	binary        bool   // whether the id is no text
	// chain finds all groups of a member at once; empty asks step by step.
	chain string
	// disabled says that an account may not log in.
	disabled func(*protocol.Entry) bool
}

var schemas = map[model.LDAPSchema]schema{
	model.LDAPActiveDirectory: {
		users:  "(&(objectCategory=person)(objectClass=user))",
		groups: "(objectClass=group)",
		login:  "sAMAccountName", id: "objectGUID", binary: true,
		chain: "(member:1.2.840.113556.1.4.1941:=%s)",
		disabled: func(entry *protocol.Entry) bool {
			var flags int64
			_, err := fmt.Sscan(entry.GetAttributeValue("userAccountControl"), &flags)
			return err == nil && flags&2 != 0
		},
	},
	model.LDAPOpenLDAP: {
		users:  "(objectClass=inetOrgPerson)",
		groups: "(|(objectClass=groupOfNames)(objectClass=groupOfUniqueNames)(objectClass=posixGroup))",
		login:  "uid", id: "entryUUID",
		disabled: func(*protocol.Entry) bool { return false },
	},
}

// attributes are what is asked of each entry.
func (s schema) attributes() []string {
	return []string{s.login, s.id, "cn", "sn", "mail", "userAccountControl"}
}

// entry makes what the engine knows of an entry; nil if it cannot be somebody.
func (d *Directory) entry(kind model.Kind, found *protocol.Entry) *auth.Entry {
	made := &auth.Entry{Kind: kind, Domain: d.domain, Namespace: d.settings.Base}
	if kind == model.KindUser {
		made.Name = strings.ToLower(found.GetAttributeValue(d.schema.login))
		made.LastName, made.Email = told(found, "sn"), told(found, "mail")
	} else {
		made.Name = found.GetAttributeValue("cn")
	}
	if d.schema.binary {
		made.ID = hex.EncodeToString(found.GetRawAttributeValue(d.schema.id))
	} else {
		made.ID = found.GetAttributeValue(d.schema.id)
	}
	if made.ID == "" || !plain(made.ID) || made.Name == "" || !plain(made.Name) {
		return nil
	}
	return made
}

func told(found *protocol.Entry, attribute string) string {
	if text := found.GetAttributeValue(attribute); plain(text) {
		return text
	}
	return ""
}

// plain says whether a text is fit to be kept and shown.
func plain(text string) bool {
	return len(text) <= 255 && !strings.ContainsFunc(text, func(c rune) bool {
		return unicode.IsControl(c) || c == unicode.ReplacementChar
	})
}
