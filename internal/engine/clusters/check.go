package clusters

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// level is the one compatibility level that there is.
var level = model.Version{Major: 3, Minor: 6}

// oldest is the lowest level that may be asked for; what is asked for is kept, and
// means nothing else than level.
const oldest = 3

// maxName is how many characters a name may have.
const maxName = 40

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
