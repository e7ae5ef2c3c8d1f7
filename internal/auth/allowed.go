package auth

import (
	"slices"

	"vireo/internal/model"
)

// Allowed is the one check of what a caller may do: whether the caller holds a
// role with the permit on the object, on something above it, or on the system.
//
// Above names everything that the object inherits from, in any order: for a VM
// its cluster and data center; for a disk the VMs it is attached to, its storage
// domain and what is above those (api-v3 appendix C). The system is above
// everything and is not named. To ask for a permit on the system itself, as for
// making a data center, give the zero Ref.
//
// A command that reads one object to change another (a copy, an export, a
// restore) asks for each of them.
func Allowed(grants Grants, caller Caller, permit model.Permit, object model.Ref, above ...model.Ref) bool {
	return slices.ContainsFunc(grants.PermissionsOf(caller.User), func(permission *model.Permission) bool {
		if !covers(permission.Object, object, above) {
			return false
		}
		role, known := grants.Role(permission.Role)
		return known && Holds(role, permit)
	})
}

// Holds says whether a role has a permit. SuperUser has every one, also those
// that were added after its record was written.
func Holds(role *model.Role, permit model.Permit) bool {
	return role.ID == SuperUser || slices.Contains(role.Permits, permit)
}

// covers says whether a permission given on an object counts for another.
func covers(given, object model.Ref, above []model.Ref) bool {
	isSystem := given == model.Ref{}
	return isSystem || given == object || slices.Contains(above, given)
}
