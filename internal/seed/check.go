package seed

import (
	"fmt"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/ssh"
)

// Check says in one sentence what is wrong first, by the names that the API has
// for it. It quotes no password, key, content or script.
func (c CloudInit) Check() error {
	for _, check := range []func(CloudInit) error{
		CloudInit.checkCounts, CloudInit.checkNames, CloudInit.checkUsers, CloudInit.checkKeys, CloudInit.checkNetwork,
		CloudInit.checkFiles, CloudInit.checkScript,
	} {
		if err := check(c); err != nil {
			return err
		}
	}
	return nil
}

// The most that there may be of a sort. The DNS data stand with each NIC, and users
// are compared with each other, so that long lists would multiply.
const (
	maxUsers = 200
	maxKeys  = 500
	maxNICs  = 100
	maxDNS   = 50
)

func (c CloudInit) checkCounts() error {
	for _, list := range []struct {
		what        string
		count, most int
	}{
		{"users", len(c.Users), maxUsers},
		{"authorized keys", len(c.AuthorizedKeys), maxKeys},
		{"nics", len(c.NICs), maxNICs},
		{"DNS servers", len(c.DNSServers), maxDNS},
		{"DNS search domains", len(c.DNSSearch), maxDNS},
		{"files", len(c.Files), maxFiles},
	} {
		if list.count > list.most {
			return fmt.Errorf("there are more than %d %s", list.most, list.what)
		}
	}
	return nil
}

var (
	uuidForm     = regexp.MustCompile(`^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$`)
	domainForm   = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?(\.[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?)*$`)
	timeZoneForm = regexp.MustCompile(`^[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,3}$`)
	userForm     = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,31}$`)
)

// maxDomain is the longest name that DNS knows.
const maxDomain = 253

// IsHostName says whether a guest can be called so: a name or a full name of DNS.
func IsHostName(name string) bool { return len(name) <= maxDomain && domainForm.MatchString(name) }

func (c CloudInit) checkNames() error {
	switch {
	case !uuidForm.MatchString(c.Instance):
		return fmt.Errorf("the instance %.100q is no UUID", c.Instance)
	case c.HostName != "" && !IsHostName(c.HostName):
		return fmt.Errorf("the host name %.100q is no name of letters, digits, hyphens and dots", c.HostName)
	case c.TimeZone != "" && !timeZoneForm.MatchString(c.TimeZone):
		return fmt.Errorf("the time zone %.100q is no name such as Europe/Berlin", c.TimeZone)
	}
	return nil
}

// checkUserName refuses `default` too: to cloud-init it stands for another name.
func checkUserName(name string) error {
	if !userForm.MatchString(name) || name == "default" {
		return fmt.Errorf("the user name %.100q is no name of a Linux user", name)
	}
	return nil
}

func (c CloudInit) checkUsers() error {
	names := map[string]bool{}
	all := append([]User{{c.mainUser(), c.Password}}, c.Users...)
	for _, user := range all {
		if err := checkUserName(user.Name); err != nil {
			return err
		}
		if names[user.Name] {
			return fmt.Errorf("the user %.100q is given twice", user.Name)
		}
		names[user.Name] = true
		if hasControls(user.Password) {
			return fmt.Errorf("the password of the user %.100q has characters that cannot be typed", user.Name)
		}
	}
	// Cloud-init takes these two words in `password` for a wish.
	if c.Password == "R" || c.Password == "RANDOM" {
		return fmt.Errorf("the password of the user %.100q is a word by which cloud-init makes a random one", c.mainUser())
	}
	return nil
}

// hasControls says whether a text has what does not belong on one line.
func hasControls(text string) bool {
	return !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl)
}

func (c CloudInit) checkKeys() error {
	for _, key := range c.AuthorizedKeys {
		user := c.mainUser()
		if key.User != "" {
			user = key.User
		}
		if err := checkUserName(user); err != nil {
			return err
		}
		line := strings.TrimSpace(key.Key)
		_, _, _, rest, err := ssh.ParseAuthorizedKey([]byte(line))
		if err != nil || len(rest) > 0 || hasControls(line) {
			return fmt.Errorf("an authorized key of the user %.100q is not one OpenSSH public key on one line", user)
		}
	}
	return nil
}

func (c CloudInit) checkFiles() error {
	seen := make(map[string]bool)
	for _, file := range c.Files {
		switch {
		case hasControls(file.Path) || !path.IsAbs(file.Path) || path.Clean(file.Path) != file.Path || file.Path == "/":
			return fmt.Errorf("the file name %.100q is no absolute path without '..'", file.Path)
		case seen[file.Path]:
			return fmt.Errorf("the file %.100q is given twice", file.Path)
		}
		seen[file.Path] = true
	}
	return nil
}

func (c CloudInit) checkScript() error {
	_, err := c.withScript()
	return err
}
