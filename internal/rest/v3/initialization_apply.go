package v3

import (
	"reflect"
	"slices"
	"strings"

	"vireo/internal/model"
)

// apply changes an initialization by the elements that the request has; the
// others stay, and an empty element takes all of it away. The flat elements are
// read first, then cloud_init overwrites the same fields (api-v3 2.3).
func (s *Initialization) apply(to **model.Initialization, seal Sealer) error {
	if s == nil {
		return nil
	}
	if *s == (Initialization{}) {
		*to = nil
		return nil
	}
	changed := &model.Initialization{}
	if *to != nil {
		changed = model.Clone(*to)
	}
	if err := s.applyFlat(changed, seal); err != nil {
		return err
	}
	if err := s.CloudInit.apply(changed, seal); err != nil {
		return err
	}
	if *to = changed; reflect.ValueOf(*changed).IsZero() {
		*to = nil
	}
	return nil
}

func (s *Initialization) applyFlat(to *model.Initialization, seal Sealer) error {
	setTrimmed(&to.HostName, s.HostName)
	setTrimmed(&to.Domain, s.Domain)
	setTrimmed(&to.TimeZone, s.Timezone)
	set(&to.RegenerateSSHKeys, s.RegenerateSSHKeys)
	if s.DNSServers != nil {
		to.DNSServers = fields(*s.DNSServers)
	}
	if s.DNSSearch != nil {
		to.DNSSearch = fields(*s.DNSSearch)
	}
	setSecret(&to.WindowsLicenseKey, s.WindowsLicenseKey, seal)
	setSecret(&to.RootPassword, s.RootPassword, seal)
	setSecret(&to.CustomScript, s.CustomScript, seal)
	setTrimmed(&to.InputLocale, s.InputLocale)
	setTrimmed(&to.UILanguage, s.UILanguage)
	setTrimmed(&to.SystemLocale, s.SystemLocale)
	setTrimmed(&to.UserLocale, s.UserLocale)
	setTrimmed(&to.ActiveDirectoryOU, s.ActiveDirectoryOU)
	setTrimmed(&to.OrgName, s.OrgName)
	s.applyUser(to)
	return s.NICConfigurations.apply(&to.NICs)
}

// applyUser reads whom the root password and the keys are for. Keys without a
// user of their own follow when another user takes the place.
func (s *Initialization) applyUser(to *model.Initialization) {
	before := login(to.UserName)
	setTrimmed(&to.UserName, s.UserName)
	user := login(to.UserName)
	for i := range to.AuthorizedKeys {
		if key := &to.AuthorizedKeys[i]; key.User == before {
			key.User = user
		}
	}
	if s.AuthorizedSSHKeys == nil {
		return
	}
	others := slices.DeleteFunc(to.AuthorizedKeys, func(key model.AuthorizedKey) bool { return key.User == user })
	keys := append(keyLines(user, *s.AuthorizedSSHKeys), others...)
	to.AuthorizedKeys = keys
}

// login is a user as the keys of the model name it: root is the empty name.
func login(user string) string {
	if user == "root" {
		return ""
	}
	return user
}

// keyLines reads keys, one a line.
func keyLines(user, text string) []model.AuthorizedKey {
	var keys []model.AuthorizedKey
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line != "" {
			keys = append(keys, model.AuthorizedKey{User: user, Key: line})
		}
	}
	return keys
}

// apply replaces the configurations of all interfaces.
func (s *NICConfigurations) apply(to *[]model.NICConfiguration) error {
	if s == nil {
		return nil
	}
	var all []model.NICConfiguration
	for i := range s.NICConfiguration {
		one, err := s.NICConfiguration[i].read()
		if err != nil {
			return err
		}
		all = append(all, one)
	}
	*to = all
	return nil
}

// read reads the configuration of an interface. Without a boot protocol it is
// static if it has an address, else by DHCP, where addresses mean nothing.
func (s *NICConfiguration) read() (model.NICConfiguration, error) {
	ip := model.NICConfiguration{}
	if s.IP != nil {
		setTrimmed(&ip.Address, s.IP.Address)
		setTrimmed(&ip.Netmask, s.IP.Netmask)
		setTrimmed(&ip.Gateway, s.IP.Gateway)
	}
	out := model.NICConfiguration{BootProtocol: model.BootProtocolDHCP}
	if ip.Address != "" {
		out.BootProtocol = model.BootProtocolStatic
	}
	setTrimmed(&out.Name, s.Name)
	set(&out.OnBoot, s.OnBoot)
	if s.BootProtocol != nil && *s.BootProtocol != "" {
		if err := setMember(&out.BootProtocol, "BootProtocol", bootProtocols, s.BootProtocol); err != nil {
			return out, err
		}
	}
	if out.BootProtocol != model.BootProtocolDHCP {
		out.Address, out.Netmask, out.Gateway = ip.Address, ip.Netmask, ip.Gateway
	}
	return out, nil
}

// setTrimmed stores a text that the request has, without the blanks that
// indentation leaves around it.
func setTrimmed(to, text *string) {
	if text != nil {
		*to = strings.TrimSpace(*text)
	}
}

// fields takes a list apart; of nothing it is nil, as it is when it comes back
// from the store.
func fields(text string) []string {
	found := strings.Fields(text)
	if len(found) == 0 {
		return nil
	}
	return found
}
