package hosts

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// What texts of a host may have: characters of the name, bytes of the others.
const (
	maxName    = 255
	maxAddress = 1024
	maxText    = 4000
)

var (
	names        = regexp.MustCompile(`^[A-Za-z0-9_.-]+$`)
	places       = regexp.MustCompile(`^[A-Za-z0-9_.:\[\]%-]+$`)
	fingerprints = regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`)
)

// pinned are parts of an address that the engine adds by itself.
var pinned = []string{"hostkey", "fingerprint"}

// check refuses a host that cannot be.
func check(tx *inventory.Tx, verb string, on *model.Host) error {
	switch {
	case utf8.RuneCountInString(on.Name) > maxName || !names.MatchString(on.Name):
		return fault.New(fault.NameIllegal, verb, fmt.Sprintf("The name of a host has 1 to %d letters, digits, '-', '_' and '.'.", maxName))
	case !readable(on.Description) || !readable(on.Comment):
		return fault.New(fault.Invalid, verb, fmt.Sprintf("Description and comment may have at most %d bytes, and no control characters.", maxText))
	case on.SSHFingerprint != "" && !fingerprints.MatchString(on.SSHFingerprint):
		return fault.New(fault.Invalid, verb, "The fingerprint of an ssh key is SHA256: and 43 characters, as ssh-keygen -l prints it.")
	}
	if _, known := tx.Clusters.Get(on.Cluster); !known {
		return fault.New(fault.Invalid, verb, "The cluster does not exist.")
	}
	if err := checkAddress(verb, on); err != nil {
		return err
	}
	for _, other := range tx.Hosts.All() {
		switch {
		case other.ID == on.ID:
		case strings.EqualFold(other.Name, on.Name):
			return fault.New(fault.NameInUse, verb, "Host", on.Name)
		case strings.EqualFold(other.URI(), on.URI()):
			return fault.New(fault.HostAddressInUse, verb, other.Name, on.Address)
		}
	}
	return nil
}

// checkAddress refuses what is neither the name of a machine nor a URI. Whether the
// driver can serve it is found out when it is connected to.
func checkAddress(verb string, on *model.Host) error {
	refuse := func(sentence string) error { return fault.New(fault.Invalid, verb, sentence) }
	if on.Address == "" || len(on.Address) > maxAddress || strings.HasPrefix(on.Address, "-") {
		return refuse("The address of a host is the name of a machine, or a libvirt URI such as qemu+tls://host.example.com/system.")
	}
	if !strings.Contains(on.Address, "://") && !places.MatchString(on.Address) {
		return refuse("The address is neither the name of a machine nor a libvirt URI.")
	}
	parsed, err := url.Parse(on.URI())
	switch {
	case err != nil || strings.ContainsFunc(on.Address, unicode.IsControl):
		return refuse("The address is not a URI.")
	case parsed.User != nil && hasPassword(parsed.User):
		return refuse("A password cannot be part of an address; the engine logs in with its key (vireo host key).")
	}
	for _, name := range pinned {
		if parsed.Query().Has(name) {
			return refuse(fmt.Sprintf("The address cannot have %q; give ssh/fingerprint.", name))
		}
	}
	return nil
}

func hasPassword(user *url.Userinfo) bool {
	_, has := user.Password()
	return has
}

func readable(text string) bool {
	return len(text) <= maxText && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) && r != '\n' && r != '\t'
	})
}
