package v3

// Initialization is initialization (api-v3 2.3).
type Initialization struct {
	Configuration     *Configuration     `wire:"configuration"`
	CloudInit         *CloudInit         `wire:"cloud_init"`
	HostName          *string            `wire:"host_name"`
	Domain            *string            `wire:"domain"`
	Timezone          *string            `wire:"timezone"`
	AuthorizedSSHKeys *string            `wire:"authorized_ssh_keys"`
	RegenerateSSHKeys *bool              `wire:"regenerate_ssh_keys"`
	RegenerateIDs     *bool              `wire:"regenerate_ids"`
	DNSServers        *string            `wire:"dns_servers"`
	DNSSearch         *string            `wire:"dns_search"`
	NICConfigurations *NICConfigurations `wire:"nic_configurations"`
	WindowsLicenseKey *string            `wire:"windows_license_key"`
	RootPassword      *string            `wire:"root_password"`
	CustomScript      *string            `wire:"custom_script"`
	InputLocale       *string            `wire:"input_locale"`
	UILanguage        *string            `wire:"ui_language"`
	SystemLocale      *string            `wire:"system_locale"`
	UserLocale        *string            `wire:"user_locale"`
	UserName          *string            `wire:"user_name"`
	ActiveDirectoryOU *string            `wire:"active_directory_ou"`
	OrgName           *string            `wire:"org_name"`
}

// Configuration is initialization/configuration.
type Configuration struct {
	Type *string `wire:"type"`
	Data *string `wire:"data"`
}

// NICConfigurations is initialization/nic_configurations.
type NICConfigurations struct {
	NICConfiguration []NICConfiguration `wire:"nic_configuration"`
}

// NICConfiguration is initialization/nic_configurations/nic_configuration.
type NICConfiguration struct {
	Name         *string `wire:"name"`
	IP           *IP     `wire:"ip"`
	BootProtocol *string `wire:"boot_protocol"`
	OnBoot       *bool   `wire:"on_boot"`
}

// CloudInit is initialization/cloud_init; it is read and never shown.
type CloudInit struct {
	Host                 *CloudHost            `wire:"host"`
	AuthorizedKeys       *AuthorizedKeys       `wire:"authorized_keys"`
	NetworkConfiguration *NetworkConfiguration `wire:"network_configuration"`
	RegenerateSSHKeys    *bool                 `wire:"regenerate_ssh_keys"`
	Timezone             *string               `wire:"timezone"`
	Users                *CloudUsers           `wire:"users"`
	Files                *PayloadFiles         `wire:"files"`
}

// CloudHost is a host that is known by its address only.
type CloudHost struct {
	Address *string `wire:"address"`
}

// AuthorizedKeys is cloud_init/authorized_keys.
type AuthorizedKeys struct {
	AuthorizedKey []AuthorizedKey `wire:"authorized_key"`
}

// AuthorizedKey is cloud_init/authorized_keys/authorized_key.
type AuthorizedKey struct {
	User *CloudUser `wire:"user"`
	Key  *string    `wire:"key"`
}

// NetworkConfiguration is cloud_init/network_configuration.
type NetworkConfiguration struct {
	NICs *CloudNICs `wire:"nics"`
	DNS  *DNS       `wire:"dns"`
}

// CloudNICs is cloud_init/network_configuration/nics.
type CloudNICs struct {
	NIC []CloudNIC `wire:"nic"`
}

// CloudNIC is cloud_init/network_configuration/nics/nic.
type CloudNIC struct {
	Name         *string       `wire:"name"`
	Network      *CloudNetwork `wire:"network"`
	BootProtocol *string       `wire:"boot_protocol"`
	OnBoot       *bool         `wire:"on_boot"`
}

// CloudNetwork is network of a nic of cloud_init.
type CloudNetwork struct {
	IP *IP `wire:"ip"`
}

// DNS is cloud_init/network_configuration/dns.
type DNS struct {
	Servers       *CloudHosts `wire:"servers"`
	SearchDomains *CloudHosts `wire:"search_domains"`
}

// CloudHosts is a list of hosts that are known by their address only.
type CloudHosts struct {
	Host []CloudHost `wire:"host"`
}

// CloudUsers is cloud_init/users.
type CloudUsers struct {
	User []CloudUser `wire:"user"`
}

// CloudUser is cloud_init/users/user. Name is where some clients put the user
// name, as the engine 3.6 described it to them.
type CloudUser struct {
	Name     *string `wire:"name"`
	UserName *string `wire:"user_name"`
	Password *string `wire:"password"`
}
