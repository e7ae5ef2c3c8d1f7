package seed

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"strings"
)

// The elements of an Unattend.xml that Microsoft documents for the two passes
// which run in a prepared image: `specialize` makes it this computer, `oobeSystem`
// answers what a first user would be asked. Empty elements are left out.

type unattend struct {
	XMLName  xml.Name       `xml:"urn:schemas-microsoft-com:unattend unattend"`
	Settings []unattendPass `xml:"settings"`
}

type unattendPass struct {
	Pass       string `xml:"pass,attr"`
	Components []any
}

// component are the attributes by which Windows finds a part of itself.
type component struct {
	Name         string `xml:"name,attr"`
	Architecture string `xml:"processorArchitecture,attr"`
	Token        string `xml:"publicKeyToken,attr"`
	Language     string `xml:"language,attr"`
	Scope        string `xml:"versionScope,attr"`
}

type shellComputer struct {
	XMLName xml.Name `xml:"component"`
	component
	ComputerName           string
	ProductKey             string `xml:",omitempty"`
	RegisteredOrganization string `xml:",omitempty"`
	RegisteredOwner        string `xml:",omitempty"`
	TimeZone               string
}

type joining struct {
	XMLName xml.Name `xml:"component"`
	component
	Credentials     *credentials `xml:"Identification>Credentials"`
	JoinDomain      string       `xml:"Identification>JoinDomain,omitempty"`
	JoinWorkgroup   string       `xml:"Identification>JoinWorkgroup,omitempty"`
	MachineObjectOU string       `xml:"Identification>MachineObjectOU,omitempty"`
}

type credentials struct {
	Domain   string
	Password string
	Username string
}

type international struct {
	XMLName xml.Name `xml:"component"`
	component
	InputLocale  string
	SystemLocale string
	UILanguage   string
	UserLocale   string
}

type shellUser struct {
	XMLName xml.Name `xml:"component"`
	component
	HideEULAPage    bool   `xml:"OOBE>HideEULAPage"`
	NetworkLocation string `xml:"OOBE>NetworkLocation"`
	ProtectYourPC   int    `xml:"OOBE>ProtectYourPC"`
	SkipMachineOOBE bool   `xml:"OOBE>SkipMachineOOBE"`
	SkipUserOOBE    bool   `xml:"OOBE>SkipUserOOBE"`
	TimeZone        string
	Administrator   *plainPassword `xml:"UserAccounts>AdministratorPassword"`
}

type plainPassword struct {
	Value     string
	PlainText bool
}

func (a Answers) unattendXML() ([]byte, error) {
	document := unattend{Settings: []unattendPass{
		{Pass: "specialize", Components: []any{a.shellComputer(), a.joining()}},
		{Pass: "oobeSystem", Components: []any{a.international(), a.shellUser()}},
	}}
	text, err := xml.MarshalIndent(document, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write %s: %w", unattendName, err)
	}
	text = append([]byte(strings.ToLower(xml.Header)), text...)
	return append(bytes.ReplaceAll(text, []byte("\n"), []byte("\r\n")), "\r\n"...), nil
}

func (a Answers) component(name string) component {
	return component{
		Name:         "Microsoft-Windows-" + name,
		Architecture: a.architecture(),
		Token:        "31bf3856ad364e35", // Microsoft's, the same in all answer files
		Language:     "neutral",
		Scope:        "nonSxS",
	}
}

func (a Answers) shellComputer() shellComputer {
	return shellComputer{
		component:              a.component("Shell-Setup"),
		ComputerName:           or(a.ComputerName, "*"), // the star: Windows makes one up
		ProductKey:             a.ProductKey,
		RegisteredOrganization: a.OrgName,
		RegisteredOwner:        a.UserName,
		TimeZone:               or(a.TimeZone, defaultTimeZone),
	}
}

func (a Answers) joining() joining {
	join := joining{component: a.component("UnattendedJoin")}
	if a.Domain == "" {
		join.JoinWorkgroup = defaultWorkgroup
		return join
	}
	join.JoinDomain, join.MachineObjectOU = a.Domain, a.ActiveDirectoryOU
	if a.DomainUser != "" {
		domain, user := a.account()
		join.Credentials = &credentials{Domain: domain, Password: a.DomainPassword, Username: user}
	}
	return join
}

func (a Answers) international() international {
	return international{
		component:    a.component("International-Core"),
		InputLocale:  or(a.InputLocale, defaultLocale),
		SystemLocale: or(a.SystemLocale, defaultLocale),
		UILanguage:   or(a.UILanguage, defaultLocale),
		UserLocale:   or(a.UserLocale, defaultLocale),
	}
}

func (a Answers) shellUser() shellUser {
	user := shellUser{
		component:       a.component("Shell-Setup"),
		HideEULAPage:    true,
		NetworkLocation: "Work",
		ProtectYourPC:   1, // recommended updates
		SkipMachineOOBE: true,
		SkipUserOOBE:    true,
		TimeZone:        or(a.TimeZone, defaultTimeZone),
	}
	if a.AdminPassword != "" {
		user.Administrator = &plainPassword{Value: a.AdminPassword, PlainText: true}
	}
	return user
}
