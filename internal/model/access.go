package model

import "github.com/google/uuid"

// User is somebody who may log in.
type User struct {
	ID ID `json:"id"`
	// Name is the login without the domain; Domain the authentication profile.
	Name     string `json:"name"`
	LastName string `json:"last_name,omitempty"`
	Email    string `json:"email,omitempty"`
	Domain   string `json:"domain"`
	// PasswordHash is an argon2id hash in its PHC text form; never shown. Only
	// users of the domain internal have one.
	PasswordHash string `json:"password_hash,omitempty"`
	Disabled     bool   `json:"disabled,omitempty"`
	// Outside says that the user is known to the directory only and was not added
	// to the system: nobody has given the user anything.
	Outside bool `json:"outside,omitempty"`
	// Entry is the id in a directory outside, and Namespace the part of it where
	// the entry stands; empty for the domain internal.
	Entry     string `json:"entry,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	// Groups are the groups of that directory that the user was in at the last
	// login, those that contain a group of the user's among them.
	Groups []ID `json:"groups,omitempty"`
	Tags   []ID `json:"tags,omitempty"`
}

// Ref names the user.
func (u *User) Ref() Ref { return Ref{KindUser, u.ID} }

// ObjectName is the login with its domain: admin@internal.
func (u *User) ObjectName() string { return u.Name + "@" + u.Domain }

// Group is a group of people in a directory, added to the system.
type Group struct {
	// ID is made of domain and entry: see EntryID.
	ID ID `json:"id"`
	// Name is the group's in its directory; Domain the authentication profile.
	Name   string `json:"name"`
	Domain string `json:"domain"`
	// Entry and Namespace are those of the directory, as a User's.
	Entry     string `json:"entry,omitempty"`
	Namespace string `json:"namespace,omitempty"`
	Tags      []ID   `json:"tags,omitempty"`
}

// Ref names the group.
func (g *Group) Ref() Ref { return Ref{KindGroup, g.ID} }

// ObjectName is its name with its domain: staff@corp.example.com.
func (g *Group) ObjectName() string {
	if g.Domain == "" {
		return g.Name
	}
	return g.Name + "@" + g.Domain
}

// EntryID is the id of a user or group of a directory outside: always the same for
// the same entry of the same domain.
func EntryID(domain, entry string) ID {
	return ID(uuid.NewSHA1(uuid.NameSpaceURL, []byte("vireo:"+DomainName(domain)+"/"+entry)).String())
}

// Role is a named set of permits.
type Role struct {
	ID             ID     `json:"id"`
	Name           string `json:"name"`
	Description    string `json:"description,omitempty"`
	Administrative bool   `json:"administrative,omitempty"`
	Mutable        bool   `json:"mutable,omitempty"`
	// SeesChildren says that holders also see the objects below the one that the
	// role was given on (api-v4 C.3).
	SeesChildren bool     `json:"sees_children,omitempty"`
	Permits      []Permit `json:"permits"`
}

// Ref names the role.
func (r *Role) Ref() Ref { return Ref{KindRole, r.ID} }

// ObjectName is its name.
func (r *Role) ObjectName() string { return r.Name }

// Permit is the right to do one thing (api-v3 appendix C), lower-case.
type Permit string

// Permission gives a role to a user or to a group on an object; without an object
// it is a system permission.
type Permission struct {
	ID     ID  `json:"id"`
	Role   ID  `json:"role"`
	User   ID  `json:"user,omitempty"`
	Group  ID  `json:"group,omitempty"`
	Object Ref `json:"object,omitzero"`
}

// Holder is who was given it: the user or the group.
func (p *Permission) Holder() ID {
	if p.Group != "" {
		return p.Group
	}
	return p.User
}

// Ref names the permission.
func (p *Permission) Ref() Ref { return Ref{KindPermission, p.ID} }

// ObjectName is empty: permissions have no names.
func (p *Permission) ObjectName() string { return "" }

// Option is an engine option that an operator has set.
type Option struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Ref names the option.
func (o *Option) Ref() Ref { return Ref{KindOption, ID(o.Name)} }

// ObjectName is its name.
func (o *Option) ObjectName() string { return o.Name }
