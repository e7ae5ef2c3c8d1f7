package seed

import (
	"fmt"
	"strings"
)

// section is a part of an INI file; lines keep their order.
type section struct {
	name  string
	lines [][2]string
}

// sysprepINF is the answer file of Windows XP and 2003, by the settings that
// Microsoft documents for sysprep.inf.
func (a Answers) sysprepINF() []byte {
	sections := []section{
		{"Unattended", [][2]string{{"OemSkipEula", "Yes"}}},
		{"GuiUnattended", [][2]string{
			{"AdminPassword", or(quoted(a.AdminPassword), "*")}, // the star is no password
			{"EncryptedAdminPassword", "NO"},
			{"OEMSkipRegional", "1"},
			{"OEMSkipWelcome", "1"},
			{"TimeZone", fmt.Sprintf("%03d", oldTimeZones[or(a.TimeZone, defaultTimeZone)])},
		}},
		{"UserData", [][2]string{
			{"ProductKey", quoted(a.ProductKey)},
			{"FullName", quoted(or(a.UserName, "user"))}, // without one it would be asked for
			{"OrgName", quoted(a.OrgName)},
			{"ComputerName", or(a.ComputerName, "*")},
		}},
		{"RegionalSettings", a.regional()},
		{"Identification", a.identification()},
		{"Networking", [][2]string{{"InstallDefaultComponents", "Yes"}}},
	}
	if a.isServer2003() {
		sections = append(sections, section{"LicenseFilePrintData", [][2]string{
			{"AutoMode", "PerServer"}, {"AutoUsers", "5"},
		}})
	}
	return []byte(writeINI(sections))
}

func (a Answers) regional() [][2]string {
	return [][2]string{
		{"InputLocale", quoted(a.InputLocale)},
		{"Language", quoted(a.UILanguage)},
		{"SystemLocale", quoted(a.SystemLocale)},
		{"UserLocale", quoted(a.UserLocale)},
	}
}

func (a Answers) identification() [][2]string {
	if a.Domain == "" {
		return [][2]string{{"JoinWorkgroup", defaultWorkgroup}}
	}
	return [][2]string{
		{"JoinDomain", a.Domain},
		{"DomainAdmin", quoted(a.DomainUser)},
		{"DomainAdminPassword", quoted(a.DomainPassword)},
		{"MachineObjectOU", quoted(a.ActiveDirectoryOU)},
	}
}

// quoted protects commas, semicolons and blanks. Check has refused quotes.
func quoted(value string) string {
	if value == "" {
		return ""
	}
	return `"` + value + `"`
}

// writeINI leaves out lines without a value and sections without lines.
func writeINI(sections []section) string {
	var text strings.Builder
	for _, section := range sections {
		head := "[" + section.name + "]\r\n"
		for _, line := range section.lines {
			if line[1] != "" {
				fmt.Fprintf(&text, "%s%s=%s\r\n", head, line[0], line[1])
				head = ""
			}
		}
	}
	return text.String()
}
