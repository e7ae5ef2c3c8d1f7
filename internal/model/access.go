package model

// User is somebody who may log in.
type User struct {
	ID ID `json:"id"`
	// Name is the login without the domain; Domain the authentication profile.
	Name     string `json:"name"`
	LastName string `json:"last_name,omitempty"`
	Email    string `json:"email,omitempty"`
	Domain   string `json:"domain"`
	// PasswordHash is an argon2id hash in its PHC text form; never shown.
	PasswordHash string `json:"password_hash,omitempty"`
	Disabled     bool   `json:"disabled,omitempty"`
}

// Ref names the user.
func (u *User) Ref() Ref { return Ref{KindUser, u.ID} }

// ObjectName is the login with its domain: admin@internal.
func (u *User) ObjectName() string { return u.Name + "@" + u.Domain }

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

// Permission gives a role to a user on an object; without an object it is a
// system permission.
type Permission struct {
	ID     ID  `json:"id"`
	Role   ID  `json:"role"`
	User   ID  `json:"user"`
	Object Ref `json:"object,omitzero"`
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
