package access

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// roleNames are what roles may be called.
var roleNames = regexp.MustCompile(`^[\p{L}0-9._-]([\p{L}0-9 ._-]{0,124}[\p{L}0-9._-])?$`)

// addRole makes a role. Its holders see what is below the object that it was given
// on, as those of most roles do.
func (r *room) addRole(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	role := &model.Role{}
	if err := editRole(tx, call, role); err != nil {
		return nil, err
	}
	role.ID, role.Mutable, role.SeesChildren = model.NewID(), true, true
	if err := checkRole(tx, call.Verb, role); err != nil {
		return nil, err
	}
	tx.Roles.Put(role)
	tell(tx, audit.RoleAdded, call, role.Name)
	return role, nil
}

func editRole(_ *inventory.Tx, call *engine.Call, role *model.Role) error {
	edit, ok := call.Params.(engine.Edit[model.Role])
	if !ok || edit == nil {
		return fault.New(fault.Invalid, call.Verb, "Nothing was given.")
	}
	if err := edit(role); err != nil {
		return err
	}
	role.Permits = inOrder(role.Permits)
	return nil
}

// inOrder brings permits into the order of their numbers, each once.
func inOrder(permits []model.Permit) []model.Permit {
	sorted := slices.Clone(permits)
	slices.SortFunc(sorted, func(a, b model.Permit) int {
		first, _ := auth.PermitNamed(a)
		second, _ := auth.PermitNamed(b)
		return cmp.Or(cmp.Compare(first.ID, second.ID), strings.Compare(string(a), string(b)))
	})
	return slices.Compact(sorted)
}

// checkRole refuses a role that cannot be. An administrator's permit in a role of
// users would make administrators of them without anybody being asked.
func checkRole(tx *inventory.Tx, verb string, role *model.Role) error {
	switch {
	case !roleNames.MatchString(role.Name):
		return fault.New(fault.NameIllegal, verb,
			"The name of a role must have 1 to 126 characters: letters, digits, blanks, '.', '_' and '-' only, and no blanks at its ends.")
	case !readable(role.Description):
		return fault.New(fault.Invalid, verb, "The description may have at most 255 bytes, and no control characters.")
	case len(role.Permits) == 0:
		return fault.New(fault.Invalid, verb, "A role has at least one permit.")
	}
	for _, other := range tx.Roles.All() {
		if other.ID != role.ID && strings.EqualFold(other.Name, role.Name) {
			return fault.New(fault.NameInUse, verb, "role", role.Name)
		}
	}
	for _, permit := range role.Permits {
		facts, known := auth.PermitNamed(permit)
		if !known {
			return fault.Missing(fmt.Sprintf("Permit: name=%.64s", permit))
		}
		if facts.Administrative && !role.Administrative {
			return fault.New(fault.Invalid, verb, fmt.Sprintf("The permit %s is for administrative roles only.", permit))
		}
	}
	return nil
}

// updateRole changes a role that is no predefined one. Whether it is one of
// administrators stays.
func (r *room) updateRole(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	old, _ := tx.Roles.Get(call.Target)
	if !old.Mutable {
		return nil, fault.New(fault.RoleFixed, call.Verb, old.Name)
	}
	wanted := model.Clone(old)
	if err := editRole(tx, call, wanted); err != nil {
		return nil, err
	}
	if wanted.ID != old.ID || wanted.Administrative != old.Administrative {
		return nil, fault.New(fault.IllegalField, call.Verb, "Whether a role is administrative cannot be changed.")
	}
	if err := checkRole(tx, call.Verb, wanted); err != nil {
		return nil, err
	}
	tx.Roles.Put(wanted)
	tell(tx, audit.RoleUpdated, call, wanted.Name)
	return wanted, nil
}

// removeRole removes a role that is no predefined one and that nobody has.
func (r *room) removeRole(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	role, _ := tx.Roles.Get(call.Target)
	if !role.Mutable {
		return nil, fault.New(fault.RoleFixed, call.Verb, role.Name)
	}
	if slices.ContainsFunc(tx.Permissions.All(), func(p *model.Permission) bool { return p.Role == role.ID }) {
		return nil, fault.New(fault.RoleGiven, call.Verb, role.Name)
	}
	tx.Roles.Delete(role.ID)
	tell(tx, audit.RoleRemoved, call, role.Name)
	return role, nil
}
