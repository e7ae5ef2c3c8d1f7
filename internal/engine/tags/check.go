package tags

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// names are what a tag may be called: what a search can ask for without quotes,
// and blanks inside.
var names = regexp.MustCompile(`^[\p{L}0-9._-]([\p{L}0-9 ._-]{0,48}[\p{L}0-9._-])?$`)

const maxDescription = 4000

// check refuses a tag that cannot be: its name, its text, its place in the tree.
func check(tx *inventory.Tx, verb string, tag *model.Tag) error {
	switch {
	case !names.MatchString(tag.Name):
		return fault.New(fault.NameIllegal, verb,
			"The name of a tag must have 1 to 50 characters: letters, digits, blanks, '.', '_' and '-' only, and no blanks at its ends.")
	case len(tag.Description) > maxDescription || !utf8.ValidString(tag.Description) || strings.ContainsFunc(tag.Description, unicode.IsControl):
		return fault.New(fault.Invalid, verb, fmt.Sprintf("The description may have at most %d bytes, and no control characters.", maxDescription))
	}
	for _, other := range tx.Tags.All() {
		if other.ID != tag.ID && strings.EqualFold(other.Name, tag.Name) {
			return fault.New(fault.NameInUse, verb, "tag", tag.Name)
		}
	}
	return checkPlace(tx, verb, tag)
}

// checkPlace wants the way from the tag up to lead to the root.
func checkPlace(tx *inventory.Tx, verb string, tag *model.Tag) error {
	for at := tag.Parent; at != model.BlankID; {
		if at == tag.ID {
			return fault.New(fault.StateConflict, verb, fmt.Sprintf("The tag %s cannot be below itself.", tag.Name))
		}
		parent, ok := tx.Tags.Get(at)
		if !ok {
			return fault.Missing("Tag: id=" + string(at))
		}
		at = parent.Parent
	}
	return nil
}

func rootIsFixed(verb string) error {
	return fault.New(fault.StateConflict, verb, "The root of all tags cannot be changed.")
}
