package seed

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// ErrDomainUser is the API's sentence for a user without a password or the reverse.
var ErrDomainUser = errors.New("Missing UserName or Password.") //nolint:staticcheck // the documented text, which clients compare

// MaxAnswerBytes bounds an answer file that is given whole.
const MaxAnswerBytes = 64 << 10

var (
	computerForm   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,13}[A-Za-z0-9])?$`)
	productKeyForm = regexp.MustCompile(`^[A-Za-z0-9]{5}(-[A-Za-z0-9]{5}){4}$`)
	localeForm     = regexp.MustCompile(`^[A-Za-z0-9:;_-]{2,64}$`)
	oldLocaleForm  = regexp.MustCompile(`^[0-9A-Fa-f]{8}$`)
	oldInputForm   = regexp.MustCompile(`^[0-9A-Fa-f]{4}:[0-9A-Fa-f]{8}$`)
	timeZoneText   = regexp.MustCompile(`^[A-Za-z0-9 .()+-]{1,64}$`)
)

// Check says in one sentence what is wrong first. It quotes no password, product
// key or answer file.
func (a Answers) Check() error {
	if !strings.HasPrefix(a.OSType, "windows") {
		return fmt.Errorf("the operating system %.100q is no Windows", a.OSType)
	}
	if a.CustomAnswerFile != "" {
		return a.checkCustom()
	}
	for _, check := range []func(Answers) error{
		Answers.checkNames, Answers.checkDomain, Answers.checkLocales, Answers.checkTexts,
	} {
		if err := check(a); err != nil {
			return err
		}
	}
	return nil
}

// IsComputerName says whether a Windows computer can be called so.
func IsComputerName(name string) bool {
	return computerForm.MatchString(name) && strings.Trim(name, "0123456789") != ""
}

func (a Answers) checkNames() error {
	switch {
	case a.ComputerName != "" && !IsComputerName(a.ComputerName):
		return fmt.Errorf("the host name %.100q is no name of a Windows computer: "+
			"up to 15 letters, digits and hyphens, and not digits only", a.ComputerName)
	case a.ProductKey != "" && !productKeyForm.MatchString(a.ProductKey):
		return errors.New("the Windows license key is not five groups of five letters or digits")
	case a.TimeZone != "" && !timeZoneText.MatchString(a.TimeZone):
		return fmt.Errorf("the time zone %.100q is no name such as %.100q", a.TimeZone, defaultTimeZone)
	}
	if _, known := oldTimeZones[or(a.TimeZone, defaultTimeZone)]; a.isOld() && !known {
		return fmt.Errorf("the time zone %.100q is none that this Windows knows, such as %.100q", a.TimeZone, defaultTimeZone)
	}
	return nil
}

func (a Answers) checkDomain() error {
	switch {
	case (a.DomainUser == "") != (a.DomainPassword == ""):
		return ErrDomainUser
	case a.Domain == "" && a.DomainUser != "":
		return errors.New("there is a user who may join a domain, but no domain")
	case a.Domain == "" && a.ActiveDirectoryOU != "":
		return errors.New("there is an active directory OU, but no domain")
	case a.Domain != "" && !IsHostName(a.Domain):
		return fmt.Errorf("the domain %.100q is no domain name", a.Domain)
	}
	return nil
}

// checkLocales: old ones are numbers, new ones names.
func (a Answers) checkLocales() error {
	for _, locale := range []struct {
		name, value string
		old         *regexp.Regexp
	}{
		{"input locale", a.InputLocale, oldInputForm},
		{"UI language", a.UILanguage, oldLocaleForm},
		{"system locale", a.SystemLocale, oldLocaleForm},
		{"user locale", a.UserLocale, oldLocaleForm},
	} {
		switch {
		case locale.value == "":
		case a.isOld() && !locale.old.MatchString(locale.value):
			return fmt.Errorf("the %s %.100q is none of this Windows, which has numbers such as 00000409, "+
				"or 0409:00000409 for input", locale.name, locale.value)
		case !localeForm.MatchString(locale.value):
			return fmt.Errorf("the %s %.100q is no name such as en-US", locale.name, locale.value)
		}
	}
	return nil
}

// checkTexts: what the format of the answer file can hold.
func (a Answers) checkTexts() error {
	for _, text := range []struct{ name, value string }{
		{"domain user", a.DomainUser},
		{"domain password", a.DomainPassword},
		{"active directory OU", a.ActiveDirectoryOU},
		{"administrator's password", a.AdminPassword},
		{"organization", a.OrgName},
		{"user name", a.UserName},
	} {
		if !utf8.ValidString(text.value) || strings.ContainsFunc(text.value, notInXML) {
			return fmt.Errorf("the %s has characters that cannot be typed", text.name)
		}
		if a.isOld() && strings.ContainsFunc(text.value, notInINF) {
			return fmt.Errorf("the %s has a character that %s cannot hold: only ASCII, and no '\"' or '%%'",
				text.name, sysprepName)
		}
	}
	return nil
}

func notInXML(r rune) bool { return unicode.IsControl(r) || r == 0xfffe || r == 0xffff }

// notInINF are characters that end a value, stand for something else, or depend
// on the code page of the guest.
func notInINF(r rune) bool { return r > unicode.MaxASCII || r == '"' || r == '%' }

func (a Answers) checkCustom() error {
	switch {
	case len(a.CustomAnswerFile) > MaxAnswerBytes:
		return fmt.Errorf("the custom_script is longer than %d bytes", MaxAnswerBytes)
	case !isPlainText(a.CustomAnswerFile):
		return errors.New("the custom_script is no text, or holds control characters")
	case a.isOld():
		return nil
	}
	return checkXML(a.CustomAnswerFile)
}

// checkXML says whether the text is an XML document with one outermost element.
func checkXML(text string) error {
	decoder := xml.NewDecoder(strings.NewReader(text))
	depth, roots := 0, 0
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return errors.New("the custom_script is no well-formed XML, which an answer file of this Windows is")
		}
		switch token.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
		case xml.EndElement:
			depth--
		}
	}
	if roots != 1 {
		return errors.New("the custom_script is no XML document with one outermost element")
	}
	return nil
}
