package engine

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// The most that texts of a disk may hold: characters of the alias, bytes of the
// description.
const (
	maxAlias       = 255
	maxDescription = 4000
)

// CheckDiskTexts refuses an alias or a description that cannot be.
func CheckDiskTexts(verb string, disk *model.Disk) error {
	switch {
	case disk.Alias == "":
		return fault.New(fault.NameIllegal, verb, "The disk needs an alias.")
	case utf8.RuneCountInString(disk.Alias) > maxAlias:
		return fault.New(fault.NameIllegal, verb, fmt.Sprintf("The alias of a disk may have at most %d characters.", maxAlias))
	case !utf8.ValidString(disk.Alias) || strings.ContainsFunc(disk.Alias, unicode.IsControl) || strings.TrimSpace(disk.Alias) != disk.Alias:
		return fault.New(fault.NameIllegal, verb, "The alias of a disk may hold no control characters, and no blanks at its ends.")
	case len(disk.Description) > maxDescription || !utf8.ValidString(disk.Description) || strings.ContainsFunc(disk.Description, unicode.IsControl):
		return fault.New(fault.Invalid, verb, fmt.Sprintf("The description may have at most %d bytes, and no control characters.", maxDescription))
	}
	return nil
}
