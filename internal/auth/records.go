package auth

import "vireo/internal/model"

// Grants is where [Allowed] looks up who was given what. What it returns is
// shared and not changed.
type Grants interface {
	// PermissionsOf gives the permissions that count for a user: those given to
	// the user, to the groups the user is in, and to Everyone.
	PermissionsOf(user model.ID) []*model.Permission
	// Role finds a role.
	Role(id model.ID) (*model.Role, bool)
}

// Records is everything this package reads: the objects of the inventory. It is
// asked on every request, so answers come from memory; and it is asked anew each
// time, so that a disabled user or a changed password counts at once.
type Records interface {
	Grants
	// User finds a user by id.
	User(id model.ID) (*model.User, bool)
	// UserNamed finds the user of a domain by the login without the domain.
	UserNamed(name, domain string) (*model.User, bool)
}
