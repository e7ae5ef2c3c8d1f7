package ldap

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	protocol "github.com/go-ldap/ldap/v3"

	"vireo/internal/auth"
	"vireo/internal/model"
)

// Find gives the user, with all groups, or the group of exactly that name; nil when
// there is none, or more than one. See [auth.Source].
func (d *Directory) Find(ctx context.Context, kind model.Kind, name string) (*auth.Entry, error) {
	var found *auth.Entry
	err := d.ask(ctx, func(connection *protocol.Conn) error {
		entry, made, err := d.find(connection, kind, name)
		if err == nil && made != nil && kind == model.KindUser {
			made.Groups, err = d.groupsOf(connection, entry)
		}
		found = made
		return err
	})
	if errors.Is(err, errAmbiguous) {
		return nil, nil
	}
	return found, err
}

// Search gives the users or groups that a word fits. See [auth.Source].
func (d *Directory) Search(ctx context.Context, kind model.Kind, word string, limit int) ([]*auth.Entry, error) {
	filter := d.filter(kind)
	if strings.Trim(word, "*") != "" {
		filter = "(&" + filter + "(|" + anyOf(word, d.searched(kind)) + "))"
	}
	var found []*auth.Entry
	err := d.ask(ctx, func(connection *protocol.Conn) error {
		found = nil
		entries, err := d.search(connection, filter, limit)
		for _, entry := range entries {
			if made := d.entry(kind, entry); made != nil {
				found = append(found, made)
			}
		}
		return err
	})
	slices.SortFunc(found, func(a, b *auth.Entry) int { return cmp.Compare(a.Name, b.Name) })
	return found, err
}

// searched are the attributes that a word is looked for in.
func (d *Directory) searched(kind model.Kind) []string {
	if kind == model.KindGroup {
		return []string{"cn"}
	}
	return []string{d.schema.login, "cn", "sn"}
}

// anyOf is the filter of a word in attributes; "*" in it stands for anything.
func anyOf(word string, attributes []string) string {
	parts := strings.Split(word, "*")
	for i, part := range parts {
		parts[i] = protocol.EscapeFilter(part)
	}
	pattern := strings.Join(parts, "*")
	for strings.Contains(pattern, "**") {
		pattern = strings.ReplaceAll(pattern, "**", "*")
	}
	var filter strings.Builder
	for _, attribute := range attributes {
		filter.WriteString("(" + attribute + "=" + pattern + ")")
	}
	return filter.String()
}
