package pools

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// poolNames are what a pool may be called: what a VM may, and one run of '?'.
var poolNames = regexp.MustCompile(`^[\p{L}0-9._-]*\?*[\p{L}0-9._-]*$`)

const maxText = 4000

// check refuses a pool that cannot be, with so many VMs.
func (r *room) check(tx *inventory.Tx, verb string, pool *model.VMPool, size int) error {
	if err := r.checkName(tx, verb, pool); err != nil {
		return err
	}
	most := r.Values.Int("MaxVmsInPool")
	switch {
	case pool.Type != model.VMPoolAutomatic && pool.Type != model.VMPoolManual:
		return fault.New(fault.Invalid, verb, "The type must be automatic or manual.")
	case size < 0 || size > most:
		return fault.New(fault.Invalid, verb, fmt.Sprintf("The size must be between 0 and %d (option MaxVmsInPool).", most))
	case pool.MaxUserVMs < 1:
		return fault.New(fault.Invalid, verb, "The number of VMs that one user may have must be at least 1.")
	case pool.Prestarted < 0:
		return fault.New(fault.Invalid, verb, "The number of prestarted VMs cannot be negative.")
	case pool.Prestarted > size:
		return fault.New(fault.PrestartedTooMany, verb)
	}
	for name, text := range map[string]string{"description": pool.Description, "comment": pool.Comment} {
		if len(text) > maxText || strings.ContainsFunc(text, control) {
			return fault.New(fault.Invalid, verb, fmt.Sprintf("The %s may have at most %d bytes, and no control characters.", name, maxText))
		}
	}
	return checkPlace(tx, verb, pool)
}

func control(char rune) bool {
	return char < 0x20 && char != '\t' && char != '\n' && char != '\r' || char == 0x7f
}

func (r *room) checkName(tx *inventory.Tx, verb string, pool *model.VMPool) error {
	limit := r.Values.Int("MaxVmNameLength")
	switch {
	case pool.Name == "":
		return fault.New(fault.NameIllegal, verb, "The VM-Pool needs a name.")
	case utf8.RuneCountInString(pool.Name) > limit:
		return fault.New(fault.NameIllegal, verb, fmt.Sprintf("The name of a VM-Pool may have at most %d characters.", limit))
	case !poolNames.MatchString(pool.Name):
		return fault.New(fault.NameIllegal, verb, "The name of a VM-Pool may hold letters, digits, '.', '_' and '-', and in one place '?' for each digit of a VM's number.")
	}
	for _, other := range tx.VMPools.Named(pool.Name) {
		if other.ID != pool.ID {
			return fault.New(fault.NameInUse, verb, "VM-Pool", pool.Name)
		}
	}
	return nil
}

func checkPlace(tx *inventory.Tx, verb string, pool *model.VMPool) error {
	cluster, ok := tx.Clusters.Get(pool.Cluster)
	if !ok {
		return fault.Missing("Cluster: id=" + string(pool.Cluster))
	}
	template, ok := tx.Templates.Get(pool.Template)
	switch {
	case !ok:
		return fault.Missing("Template: id=" + string(pool.Template))
	case template.ID == model.BlankID:
		return fault.New(fault.PoolOfBlank, verb)
	}
	if in, ok := tx.Clusters.Get(template.Cluster); ok && in.DataCenter != cluster.DataCenter {
		return fault.New(fault.Invalid, verb, "The template is in another data center than the cluster.")
	}
	return nil
}
