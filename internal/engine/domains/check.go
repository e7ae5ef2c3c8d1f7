package domains

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// What texts of a domain may have, in bytes. Active Directory wants names of at
// most 64; an id has two bytes for each, of which 255 can be kept.
const (
	maxName        = 127
	maxDescription = 4000
	maxUser        = 255
	maxPassword    = 255
)

// names are DNS names in lower case; an address is none.
var (
	names   = regexp.MustCompile(`^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	numeric = regexp.MustCompile(`(^|\.)[0-9]+$`)
)

// check refuses a domain that cannot be.
func check(verb string, domain *model.Domain) error {
	switch {
	case len(domain.Name) > maxName || !names.MatchString(domain.Name) || numeric.MatchString(domain.Name):
		return fault.New(fault.NameIllegal, verb,
			"The name of a domain must be a DNS name: words of letters, digits and '-' with dots between them, such as corp.example.com.")
	case !readable(domain.Description, maxDescription):
		return fault.New(fault.Invalid, verb, fmt.Sprintf("The description may have at most %d bytes, and no control characters.", maxDescription))
	case !readable(domain.JoinUser, maxUser) || strings.TrimSpace(domain.JoinUser) != domain.JoinUser:
		return fault.New(fault.Invalid, verb, fmt.Sprintf("The join user may have at most %d bytes, no control characters, and no blanks at its ends.", maxUser))
	case (domain.JoinUser == "") != (domain.JoinPassword == ""):
		return fault.New(fault.Invalid, verb, "The account that joins a domain has a user and a password: both are to be given, or neither.")
	}
	return nil
}

// CheckPassword refuses what cannot be the password of a join account. It is for
// whoever seals it: afterwards nothing can be said of it.
func CheckPassword(password string) error {
	if !readable(password, maxPassword) {
		return fault.New(fault.Invalid, "set domain", fmt.Sprintf("The password may have at most %d bytes, and no control characters.", maxPassword))
	}
	return nil
}

func readable(text string, longest int) bool {
	return len(text) <= longest && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}
