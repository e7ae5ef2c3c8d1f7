package seed

import (
	"log/slog"
	"slices"
	"strings"
)

// Answers are what the first start of a Windows prepared with sysprep asks for
// (reference v3, 2.3 and 3.3). It holds secrets and prints nothing.
type Answers struct {
	OSType            string // as the API spells it: windows_xp, windows_7x64 …
	ComputerName      string // up to 15 characters; empty: Windows makes one up
	Domain            string // to join; empty: a workgroup
	DomainUser        string // who may join, with or without `DOMAIN\`
	DomainPassword    string
	ActiveDirectoryOU string // where the computer is entered, OU=…,DC=…
	AdminPassword     string // of the local administrator
	TimeZone          string // a Windows name; empty: GMT Standard Time
	ProductKey        string // five groups of five
	OrgName           string
	UserName          string // the owner's full name
	InputLocale       string // empty: en-US, as are the next three
	UILanguage        string
	SystemLocale      string
	UserLocale        string
	// CustomAnswerFile, if given, is the whole answer file instead of the rest.
	CustomAnswerFile string
}

// String prints nothing of the values.
func (Answers) String() string { return hidden }

// GoString prints nothing of the values.
func (Answers) GoString() string { return hidden }

// LogValue prints nothing of the values.
func (Answers) LogValue() slog.Value { return slog.StringValue(hidden) }

// Names of the answer files, as Windows looks for them on a floppy.
const (
	sysprepName  = "sysprep.inf"
	unattendName = "Unattend.xml"
)

const (
	defaultTimeZone  = "GMT Standard Time"
	defaultLocale    = "en-US"
	defaultWorkgroup = "WORKGROUP"
)

// File is the answer file, for [Floppy]: sysprep.inf for Windows XP and 2003,
// Unattend.xml for later ones. What Check refuses is refused here too.
func (a Answers) File() (File, error) {
	if err := a.Check(); err != nil {
		return File{}, err
	}
	name := unattendName
	if a.isOld() {
		name = sysprepName
	}
	if a.CustomAnswerFile != "" {
		return File{Name: name, Content: []byte(a.CustomAnswerFile)}, nil
	}
	if a.isOld() {
		return File{Name: name, Content: a.sysprepINF()}, nil
	}
	content, err := a.unattendXML()
	return File{Name: name, Content: content}, err
}

// isOld says whether the Windows is from before Vista, when answers were an INI file.
func (a Answers) isOld() bool {
	return a.OSType == "windows_xp" || a.isServer2003()
}

func (a Answers) isServer2003() bool { return strings.HasPrefix(a.OSType, "windows_2003") }

// architecture is how Windows calls the processor. Some types never had 32 bits
// and do not say so in their names.
func (a Answers) architecture() string {
	always := []string{"windows_11", "windows_2022", "windows_2025"}
	if strings.HasSuffix(a.OSType, "x64") || slices.Contains(always, a.OSType) {
		return "amd64"
	}
	return "x86"
}

// or is the value, or another if there is none.
func or(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}

// account splits `DOMAIN\user`; without a backslash the domain is the one joined.
func (a Answers) account() (domain, user string) {
	if domain, user, ok := strings.Cut(a.DomainUser, `\`); ok {
		return domain, user
	}
	return a.Domain, a.DomainUser
}
