package v3

import (
	"cmp"

	"vireo/internal/model"
)

// apply overwrites an initialization by the elements of cloud_init. Each list
// replaces the one that was there, and all of its items count (api-v3 2.3).
func (s *CloudInit) apply(to *model.Initialization, seal Sealer) error {
	if s == nil {
		return nil
	}
	if s.Host != nil {
		setTrimmed(&to.HostName, s.Host.Address)
	}
	setTrimmed(&to.TimeZone, s.Timezone)
	set(&to.RegenerateSSHKeys, s.RegenerateSSHKeys)
	s.AuthorizedKeys.apply(to)
	s.Users.apply(to, seal)
	if err := s.NetworkConfiguration.apply(to); err != nil {
		return err
	}
	return s.applyFiles(to, seal)
}

func (s *AuthorizedKeys) apply(to *model.Initialization) {
	if s == nil {
		return
	}
	to.AuthorizedKeys = nil
	for _, key := range s.AuthorizedKey {
		user := login(to.UserName)
		if name := key.User.name(); name != "" {
			user = login(name)
		}
		if key.Key != nil {
			to.AuthorizedKeys = append(to.AuthorizedKeys, keyLines(user, *key.Key)...)
		}
	}
}

// apply reads users: the one that root_password is for gets it, the others are
// users of their own.
func (s *CloudUsers) apply(to *model.Initialization, seal Sealer) {
	if s == nil {
		return
	}
	stored := make(map[string]model.Secret)
	for _, user := range to.Users {
		stored[user.Name] = user.Password
	}
	to.Users = nil
	for i := range s.User {
		user := &s.User[i]
		name := user.name()
		if name == "" || login(name) == login(to.UserName) {
			setSecret(&to.RootPassword, user.Password, seal)
			continue
		}
		made := model.GuestUser{Name: name}
		if user.Password != nil {
			made.Password = stored[name]
			setSecret(&made.Password, user.Password, seal)
		}
		to.Users = append(to.Users, made)
	}
}

// name is the user's name, which some clients put into the name that every
// resource has.
func (s *CloudUser) name() string {
	if s == nil {
		return ""
	}
	var userName, name string
	setTrimmed(&userName, s.UserName)
	setTrimmed(&name, s.Name)
	return cmp.Or(userName, name)
}

func (s *NetworkConfiguration) apply(to *model.Initialization) error {
	if s == nil {
		return nil
	}
	if s.DNS != nil {
		s.DNS.Servers.apply(&to.DNSServers)
		s.DNS.SearchDomains.apply(&to.DNSSearch)
	}
	if s.NICs == nil {
		return nil
	}
	flat := &NICConfigurations{}
	for _, nic := range s.NICs.NIC {
		same := NICConfiguration{Name: nic.Name, BootProtocol: nic.BootProtocol, OnBoot: nic.OnBoot}
		if nic.Network != nil {
			same.IP = nic.Network.IP
		}
		flat.NICConfiguration = append(flat.NICConfiguration, same)
	}
	return flat.apply(&to.NICs)
}

func (s *CloudHosts) apply(to *[]string) {
	if s == nil {
		return
	}
	*to = nil
	for _, host := range s.Host {
		if host.Address != nil {
			*to = append(*to, fields(*host.Address)...)
		}
	}
}

// applyFiles reads the files to be written into the guest.
func (s *CloudInit) applyFiles(to *model.Initialization, seal Sealer) error {
	if s.Files == nil {
		return nil
	}
	stored := make(map[string]model.Secret)
	for _, file := range to.Files {
		stored[file.Path] = file.Content
	}
	to.Files = nil
	for i := range s.Files.File {
		name, content, err := s.Files.File[i].read("cloud_init", stored, seal)
		if err != nil {
			return err
		}
		to.Files = append(to.Files, model.GuestFile{Path: name, Content: content})
	}
	return nil
}
