package clusters

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// level is the one compatibility level that there is.
var level = model.Version{Major: 3, Minor: 6}

// oldest is the lowest level that may be asked for; what is asked for is kept, and
// means nothing else than level.
const oldest = 3

var names = regexp.MustCompile(`^[\pL\pN_-]+$`)

// What texts may have: characters of a name, bytes of the others.
const (
	maxName = 40
	maxText = 4000
)

func checkTexts(verb, what, name string, texts ...string) error {
	if utf8.RuneCountInString(name) > maxName || !names.MatchString(name) {
		return fault.New(fault.NameIllegal, verb, fmt.Sprintf("The name of a %s has 1 to %d letters, digits, '-' and '_'.", what, maxName))
	}
	for _, text := range texts {
		if len(text) > maxText || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl) {
			return fault.New(fault.Invalid, verb, fmt.Sprintf("Description and comment may have at most %d bytes, and no control characters.", maxText))
		}
	}
	return nil
}

func checkLevel(verb string, asked model.Version) error {
	if asked.Major < oldest || asked.Minor < 0 {
		return fault.New(fault.Invalid, verb, fmt.Sprintf("There is no compatibility level %d.%d.", asked.Major, asked.Minor))
	}
	return nil
}

// onError are the words of error_handling/on_error.
var onError = []string{"migrate", "do_not_migrate", "migrate_highly_available"}

// The bounds of overcommit, in percent.
const leastOvercommit, mostOvercommit = 100, 1000

func check(tx *inventory.Tx, verb string, cluster *model.Cluster) error {
	if err := checkTexts(verb, "cluster", cluster.Name, cluster.Description, cluster.Comment); err != nil {
		return err
	}
	if err := checkLevel(verb, cluster.Version); err != nil {
		return err
	}
	for _, other := range tx.Clusters.Named(cluster.Name) {
		if other.ID != cluster.ID {
			return fault.New(fault.NameInUse, verb, "cluster", cluster.Name)
		}
	}
	cluster.OnError = cmp.Or(cluster.OnError, onError[0])
	kind, known := model.CPUTypeNamed(cluster.CPUType)
	switch {
	case cluster.CPUType != "" && !known:
		return fault.New(fault.Invalid, verb, fmt.Sprintf("There is no CPU type %.64q; the capabilities list those that there are.", cluster.CPUType))
	case cluster.Architecture != model.ArchitectureX8664 && cluster.Architecture != model.ArchitectureUndefined:
		return fault.New(fault.UnsupportedWish, verb, "Only clusters of the architecture x86_64 are supported.")
	case cluster.OvercommitPercent < leastOvercommit || cluster.OvercommitPercent > mostOvercommit:
		return fault.New(fault.Invalid, verb, fmt.Sprintf("Memory can be overcommitted to between %d and %d percent.", leastOvercommit, mostOvercommit))
	case !slices.Contains(onError, cluster.OnError):
		return fault.New(fault.Invalid, verb, "What becomes of VMs on an error is one of "+strings.Join(onError, ", ")+".")
	}
	if known {
		cluster.CPUType = kind.Name
	}
	return nil
}
