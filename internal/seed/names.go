package seed

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a single name. Joliet holds 64 characters of 16 bits; a Rock Ridge
// name has to fit into a directory record of 255 bytes.
const (
	maxNameRunes = 64
	maxNameBytes = 160
	maxDepth     = 8 // folders below one another, ISO 9660, 6.8.2.1
)

// forbidden are the characters that a name cannot have in Joliet or in FAT.
const forbidden = `*/:;?\"<>|`

// checkName says whether a name (not a path) can stand on every image.
func checkName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a file has no name")
	case name == "." || name == "..":
		return fmt.Errorf("the file name %.100q is not a name of its own", name)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, strange):
		return fmt.Errorf("the file name %.100q has characters that not every system can show", name)
	case strings.ContainsAny(name, forbidden):
		return fmt.Errorf("the file name %.100q has one of the characters %s", name, forbidden)
	case strings.HasSuffix(name, ".") || strings.HasSuffix(name, " ") || strings.HasPrefix(name, " "):
		return fmt.Errorf("the file name %.100q begins with a blank or ends with a blank or a dot", name)
	case utf8.RuneCountInString(name) > maxNameRunes || len(name) > maxNameBytes:
		return fmt.Errorf("the file name %.100q is longer than %d characters or %d bytes", name, maxNameRunes, maxNameBytes)
	}
	return nil
}

// strange are characters that show nothing, or need more than 16 bits, which
// neither Joliet nor FAT has.
func strange(r rune) bool { return !unicode.IsPrint(r) || r > 0xffff }

// checkPlainName refuses paths besides.
func checkPlainName(name string) error {
	if strings.ContainsAny(name, `/\`) {
		return fmt.Errorf("the file name %.100q is a path; files lie in the first folder of the disk", name)
	}
	return checkName(name)
}

// Lengths of a volume label.
const (
	maxLabelISO    = 32
	maxLabelJoliet = 16
	maxLabelFAT    = 11
)

// checkLabelISO says whether the text can be the volume label of an ISO: up to 32
// letters, digits, '_', '-', '.' and blanks. Joliet has room for the first 16.
// The standard knows capitals only, but cloud-init's own label is "config-2".
func checkLabelISO(label string) error { return checkLabel(label, maxLabelISO, "CD") }

// checkLabelFloppy says whether the text can be the volume label of a floppy: up
// to 11 letters, digits, '_', '-' and blanks.
func checkLabelFloppy(label string) error {
	if strings.Contains(label, ".") {
		return fmt.Errorf("the volume label %.100q of a floppy has a dot", label)
	}
	return checkLabel(label, maxLabelFAT, "floppy")
}

func checkLabel(label string, limit int, kind string) error {
	other := func(r rune) bool { return !isLetterOrDigit(r) && !strings.ContainsRune("_-. ", r) }
	switch {
	case strings.ContainsFunc(label, other):
		return fmt.Errorf("the volume label %.100q of a %s has a character that is no letter, digit, '_', '-' or blank",
			label, kind)
	case label != strings.TrimSpace(label):
		return fmt.Errorf("the volume label %.100q of a %s begins or ends with a blank", label, kind)
	case len(label) > limit:
		return fmt.Errorf("the volume label %.100q of a %s is longer than %d characters", label, kind, limit)
	}
	return nil
}

func isLetterOrDigit(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
