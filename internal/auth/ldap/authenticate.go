package ldap

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	protocol "github.com/go-ldap/ldap/v3"

	"vireo/internal/auth"
	"vireo/internal/model"
)

// The bounds of groups in groups.
const (
	mostGroups = 2000
	deepest    = 20
	atOnce     = 50 // names in one filter
)

// Authenticate verifies a password by logging in to the directory with it, and gives
// the user with all groups. See [auth.Source].
func (d *Directory) Authenticate(ctx context.Context, name, password string) (*auth.Entry, error) {
	if password == "" { // which servers take for no login at all
		return nil, auth.ErrDenied
	}
	var user *auth.Entry
	err := d.ask(ctx, func(connection *protocol.Conn) error {
		entry, made, err := d.find(connection, model.KindUser, name)
		if err != nil && !errors.Is(err, errAmbiguous) {
			return err
		}
		dn := "cn=nobody," + d.settings.Base // answered as slowly as a wrong password
		if made != nil {
			dn = entry.DN
		}
		if err := verify(connection.Bind(dn, password)); err != nil {
			return err
		}
		if made == nil {
			return auth.ErrDenied
		}
		if d.schema.disabled(entry) {
			return auth.ErrDisabled
		}
		if err := d.bindSearcher(connection); err != nil {
			return fmt.Errorf("logging in again as %q: %w", d.settings.BindDN, err)
		}
		made.Groups, err = d.groupsOf(connection, entry)
		user = made
		return err
	})
	if err != nil {
		return nil, err
	}
	return user, nil
}

// verify says what the answer to a login means. Active Directory tells in a number
// that the password was right and the account must not be used.
func verify(err error) error {
	if err == nil {
		return nil
	}
	for _, code := range []uint16{
		protocol.LDAPResultInvalidCredentials, protocol.LDAPResultNoSuchObject, protocol.LDAPResultInvalidDNSyntax,
		protocol.LDAPResultInappropriateAuthentication, protocol.LDAPResultUnwillingToPerform, protocol.LDAPResultConstraintViolation,
	} {
		if !protocol.IsErrorWithCode(err, code) {
			continue
		}
		for _, number := range []string{"data 530", "data 531", "data 532", "data 533", "data 701", "data 773", "data 775"} {
			if strings.Contains(err.Error(), number) {
				return auth.ErrDisabled
			}
		}
		return auth.ErrDenied
	}
	return fmt.Errorf("logging in: %w", err)
}

// find finds the one entry of a name; nil when there is none.
func (d *Directory) find(connection *protocol.Conn, kind model.Kind, name string) (*protocol.Entry, *auth.Entry, error) {
	filter := fmt.Sprintf("(&%s(%s=%s))", d.filter(kind), d.nameOf(kind), protocol.EscapeFilter(name))
	found, err := d.search(connection, filter, 2)
	switch {
	case err != nil:
		return nil, nil, err
	case len(found) > 1:
		return nil, nil, errAmbiguous
	case len(found) == 0:
		return nil, nil, nil
	}
	return found[0], d.entry(kind, found[0]), nil
}

func (d *Directory) filter(kind model.Kind) string {
	if kind == model.KindGroup {
		return d.schema.groups
	}
	return d.schema.users
}

func (d *Directory) nameOf(kind model.Kind) string {
	if kind == model.KindGroup {
		return "cn"
	}
	return d.schema.login
}

// groupsOf are the ids of the groups that a user is in, directly or through others.
func (d *Directory) groupsOf(connection *protocol.Conn, user *protocol.Entry) ([]string, error) {
	if d.schema.chain != "" {
		found, err := d.search(connection, "(&"+d.schema.groups+fmt.Sprintf(d.schema.chain, protocol.EscapeFilter(user.DN))+")", mostGroups)
		return d.idsOf(found), err
	}
	login := protocol.EscapeFilter(user.GetAttributeValue(d.schema.login))
	members := []string{"(memberUid=" + login + ")" + memberFilter(user.DN)}
	seen := make(map[string]*protocol.Entry)
	for depth := 0; len(members) > 0 && depth < deepest && len(seen) < mostGroups; depth++ {
		var next []string
		for some := range slices.Chunk(members, atOnce) {
			found, err := d.search(connection, "(&"+d.schema.groups+"(|"+strings.Join(some, "")+"))", mostGroups)
			if err != nil {
				return nil, err
			}
			for _, group := range found {
				if key := strings.ToLower(group.DN); seen[key] == nil {
					seen[key] = group
					next = append(next, memberFilter(group.DN))
				}
			}
		}
		members = next
	}
	groups := make([]*protocol.Entry, 0, len(seen))
	for _, group := range seen {
		groups = append(groups, group)
	}
	return d.idsOf(groups), nil
}

func memberFilter(dn string) string {
	escaped := protocol.EscapeFilter(dn)
	return "(member=" + escaped + ")(uniqueMember=" + escaped + ")"
}

func (d *Directory) idsOf(groups []*protocol.Entry) []string {
	var ids []string
	for _, group := range groups {
		if made := d.entry(model.KindGroup, group); made != nil {
			ids = append(ids, made.ID)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
