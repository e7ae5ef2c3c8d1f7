package seed

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Cloud-init lets the keys of the metadata in as its default user and as root.
// So they are those that are meant for both: given for nobody, or for root where
// root is the default user. Every other key belongs to its user's own entry.

func (c CloudInit) publicKeys() []string {
	var keys []string
	for _, key := range c.AuthorizedKeys {
		if c.isPublic(key) {
			keys = append(keys, strings.TrimSpace(key.Key))
		}
	}
	return keys
}

func (c CloudInit) isPublic(key AuthorizedKey) bool {
	return key.User == "" || key.User == rootUser && c.mainUser() == rootUser
}

// namesMainUser says whether anything here is about accounts. If not, the guest
// keeps the default user of its distribution.
func (c CloudInit) namesMainUser() bool {
	return c.UserName != "" || c.Password != "" || len(c.Users) > 0 || len(c.AuthorizedKeys) > 0
}

func (c CloudInit) hasPassword() bool {
	return c.Password != "" || slices.ContainsFunc(c.Users, func(u User) bool { return u.Password != "" })
}

// users are the entries of `users`: those with a password, then those with keys only.
func (c CloudInit) users() *yaml.Node {
	names := make([]string, 0, len(c.Users)+len(c.AuthorizedKeys))
	for _, user := range c.Users {
		names = append(names, user.Name)
	}
	for _, key := range c.AuthorizedKeys {
		if !c.isPublic(key) && !slices.Contains(names, key.User) {
			names = append(names, key.User)
		}
	}
	list := newList()
	for _, name := range names {
		add(list, c.user(name))
	}
	return list
}

func (c CloudInit) user(name string) *yaml.Node {
	entry := newMap()
	put(entry, "name", newText(name))
	// Without it cloud-init locks the password, also one that the image has.
	put(entry, "lock_passwd", newBool(false))
	for _, user := range c.Users {
		if user.Name == name && user.Password != "" {
			put(entry, "plain_text_passwd", newText(user.Password))
		}
	}
	keys := newList()
	for _, key := range c.AuthorizedKeys {
		if key.User == name && !c.isPublic(key) {
			add(keys, newText(strings.TrimSpace(key.Key)))
		}
	}
	if len(keys.Content) > 0 {
		put(entry, "ssh_authorized_keys", keys)
	}
	return entry
}
