package affinitygroups

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/placement"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

var names = regexp.MustCompile(`^[\p{L}0-9._-]([\p{L}0-9 ._-]{0,253}[\p{L}0-9._-])?$`)

const maxText = 4000

// check refuses a group that cannot be: its name, its texts, its members.
func check(tx *inventory.Tx, verb string, group *model.AffinityGroup) error {
	if !names.MatchString(group.Name) {
		return fault.New(fault.NameIllegal, verb,
			"The name of an affinity group must have 1 to 255 characters: letters, digits, blanks, '.', '_' and '-' only, and no blanks at its ends.")
	}
	for _, text := range []string{group.Description, group.Comment} {
		if len(text) > maxText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return fault.New(fault.Invalid, verb, fmt.Sprintf("Description and comment may have at most %d bytes, and no control characters.", maxText))
		}
	}
	for _, other := range tx.AffinityGroups.Named(group.Name) {
		if other.ID != group.ID {
			return fault.New(fault.NameInUse, verb, "affinity group", group.Name)
		}
	}
	for _, id := range group.VMs {
		vm, ok := tx.VMs.Get(id)
		if !ok {
			return fault.Missing("VMs: id=" + string(id))
		}
		if vm.Cluster != group.Cluster {
			return fault.New(fault.StateConflict, verb, fmt.Sprintf("The VM %s is not in the cluster of the affinity group.", vm.Name))
		}
	}
	return contradiction(tx, verb, group)
}

// contradiction refuses a group that forces two VMs together which another forces
// apart, or the other way round: the second of them could never run.
func contradiction(tx *inventory.Tx, verb string, group *model.AffinityGroup) error {
	if !group.Enforcing {
		return nil
	}
	member := make(map[model.ID]bool, len(group.VMs))
	for _, id := range group.VMs {
		member[id] = true
	}
	for _, other := range tx.AffinityGroups.All() {
		if other.ID == group.ID || !other.Enforcing || other.Positive == group.Positive {
			continue
		}
		both := 0
		for _, id := range other.VMs {
			if member[id] {
				both++
			}
		}
		if both > 1 {
			return fault.New(fault.StateConflict, verb, fmt.Sprintf(
				"The affinity group %s says the opposite of some of the same VMs, and both groups are enforcing.", other.Name))
		}
	}
	return nil
}

// report tells of a group that is to be enforced and does not hold.
func report(tx *inventory.Tx, call *engine.Call, group *model.AffinityGroup) {
	if !group.Enforcing {
		return
	}
	if broken := placement.Broken(tx, group); len(broken) > 0 {
		about := engine.AboutCaller(call)
		about.Detail = fmt.Sprintf("%s: %s", group.Name, strings.Join(broken, ", "))
		tx.Event(audit.New(audit.AffinityBroken, about))
	}
}
