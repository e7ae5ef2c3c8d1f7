package auth

import (
	"crypto/sha256"
	"slices"

	"vireo/internal/model"
)

// Caller is who makes a request, as far as it was verified.
type Caller struct {
	User model.ID
	// Name is the login with its domain: admin@internal.
	Name string
	// Admin says that the caller holds an administrative role somewhere: only
	// such callers may ask unfiltered (api-v3 1.5).
	Admin bool
	// Session is the id of the session the request belongs to, empty without
	// one. It is fit for logs: the token cannot be found from it.
	Session string
	// Filtered says that this request asked for the view of a plain user (header
	// Filter). The edge sets it; it narrows what is shown, not what is allowed.
	Filtered bool
	// Address is where the request came from, for the audit log; the edge sets it.
	Address string

	// version is the user's password as it was when the caller was verified.
	version version
	// key finds the session.
	key sessionKey
	// password is what it was verified with; nil for none.
	password *keptPassword
}

// CallerOf makes the caller that a verified user is.
func CallerOf(grants Grants, user *model.User) Caller {
	return Caller{
		User: user.ID, Name: user.ObjectName(), Admin: administrative(grants, user.ID),
		version: versionOf(user),
	}
}

// version tells one password of a user from the next.
type version [sha256.Size]byte

func versionOf(user *model.User) version { return sha256.Sum256([]byte(user.PasswordHash)) }

// MayLogin says whether a user holds the permit to log in on anything: somebody to
// whom nothing was given is in the directory and not in the system.
func MayLogin(grants Grants, user model.ID) bool {
	return slices.ContainsFunc(grants.PermissionsOf(user), func(permission *model.Permission) bool {
		return LetsLogin(grants, permission)
	})
}

// LetsLogin says whether whoever was given a permission may log in by it. That everybody
// may use a network invites nobody.
func LetsLogin(grants Grants, permission *model.Permission) bool {
	if permission.Group == Everyone && permission.Object.Kind == model.KindVNICProfile {
		return false
	}
	role, known := grants.Role(permission.Role)
	return known && Holds(role, login)
}

// login is the permit to log in.
const login model.Permit = "login"

func administrative(grants Grants, user model.ID) bool {
	return slices.ContainsFunc(grants.PermissionsOf(user), func(permission *model.Permission) bool {
		role, known := grants.Role(permission.Role)
		return known && role.Administrative
	})
}
