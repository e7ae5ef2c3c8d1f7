package v3

import (
	"strings"

	"vireo/internal/model"
)

// showInitialization shows the flat elements, for cloud_init is never printed
// (api-v3 2.3). What they have no place for is not shown: further users with
// their keys, and files. Passwords and product keys never come back.
func (p *Page) showInitialization(stored *model.Initialization) *Initialization {
	if stored == nil {
		return nil
	}
	return &Initialization{
		HostName:          text(stored.HostName),
		Domain:            text(stored.Domain),
		Timezone:          text(stored.TimeZone),
		AuthorizedSSHKeys: text(showKeys(stored)),
		RegenerateSSHKeys: new(stored.RegenerateSSHKeys),
		DNSServers:        text(strings.Join(stored.DNSServers, " ")),
		DNSSearch:         text(strings.Join(stored.DNSSearch, " ")),
		NICConfigurations: showNICConfigurations(stored.NICs),
		WindowsLicenseKey: masked(stored.WindowsLicenseKey),
		RootPassword:      masked(stored.RootPassword),
		CustomScript:      p.revealed(stored.CustomScript),
		InputLocale:       text(stored.InputLocale),
		UILanguage:        text(stored.UILanguage),
		SystemLocale:      text(stored.SystemLocale),
		UserLocale:        text(stored.UserLocale),
		UserName:          text(stored.UserName),
		ActiveDirectoryOU: text(stored.ActiveDirectoryOU),
		OrgName:           text(stored.OrgName),
	}
}

// showKeys gives the keys of the user that root_password is for, one a line.
func showKeys(stored *model.Initialization) string {
	var keys []string
	for _, key := range stored.AuthorizedKeys {
		if key.User == login(stored.UserName) {
			keys = append(keys, key.Key)
		}
	}
	return strings.Join(keys, "\n")
}

func showNICConfigurations(stored []model.NICConfiguration) *NICConfigurations {
	if len(stored) == 0 {
		return nil
	}
	out := &NICConfigurations{}
	for _, nic := range stored {
		shown := NICConfiguration{Name: new(nic.Name), BootProtocol: text(nic.BootProtocol), OnBoot: new(nic.OnBoot)}
		if nic.Address != "" || nic.Netmask != "" || nic.Gateway != "" {
			shown.IP = &IP{Address: text(nic.Address), Netmask: text(nic.Netmask), Gateway: text(nic.Gateway)}
		}
		out.NICConfiguration = append(out.NICConfiguration, shown)
	}
	return out
}
