package model

// Secret is a text that only a guest is to learn: a password, a product key, a
// script. It is sealed (package vault) before it becomes part of any value here,
// so that what is kept, logged or shown holds nothing of it. Empty is no text.
type Secret string

// InitializationType says what initializes a guest at a start.
type InitializationType string

// The kinds of initialization.
const (
	InitializationNone      InitializationType = ""
	InitializationCloudInit InitializationType = "cloud_init"
	InitializationSysprep   InitializationType = "sysprep"
)

// Initialization is what cloud-init or sysprep applies inside a guest (api-v3
// 2.3).
type Initialization struct {
	HostName          string             `json:"host_name,omitempty"`
	TimeZone          string             `json:"time_zone,omitempty"`
	AuthorizedKeys    []AuthorizedKey    `json:"authorized_keys,omitempty"`
	RegenerateSSHKeys bool               `json:"regenerate_ssh_keys,omitempty"`
	DNSServers        []string           `json:"dns_servers,omitempty"`
	DNSSearch         []string           `json:"dns_search,omitempty"`
	NICs              []NICConfiguration `json:"nics,omitempty"`
	// UserName is whose password RootPassword is under cloud-init, root if
	// empty; under sysprep it is the full name of the machine's user.
	UserName     string `json:"user_name,omitempty"`
	RootPassword Secret `json:"root_password,omitempty"`
	// Users are further users to be made.
	Users []GuestUser `json:"users,omitempty"`
	// Files are written into the guest.
	Files []GuestFile `json:"files,omitempty"`
	// CustomScript continues the cloud-config, or is the whole answer file.
	CustomScript Secret `json:"custom_script,omitempty"`

	// What follows is sysprep's.

	Domain            string `json:"domain,omitempty"`
	ActiveDirectoryOU string `json:"active_directory_ou,omitempty"`
	OrgName           string `json:"org_name,omitempty"`
	WindowsLicenseKey Secret `json:"windows_license_key,omitempty"`
	InputLocale       string `json:"input_locale,omitempty"`
	UILanguage        string `json:"ui_language,omitempty"`
	SystemLocale      string `json:"system_locale,omitempty"`
	UserLocale        string `json:"user_locale,omitempty"`
}

// AuthorizedKey is an ssh public key, one line, and whom it lets in: root if
// User is empty.
type AuthorizedKey struct {
	User string `json:"user,omitempty"`
	Key  string `json:"key"`
}

// BootProtocol is how a guest's interface gets its address.
type BootProtocol string

// The boot protocols.
const (
	BootProtocolDHCP   BootProtocol = "dhcp"
	BootProtocolStatic BootProtocol = "static"
	BootProtocolNone   BootProtocol = "none"
)

// NICConfiguration is the configuration of an interface inside a guest.
// Netmask is dotted, or the length of the prefix in decimal.
type NICConfiguration struct {
	Name         string       `json:"name"`
	BootProtocol BootProtocol `json:"boot_protocol,omitempty"`
	Address      string       `json:"address,omitempty"`
	Netmask      string       `json:"netmask,omitempty"`
	Gateway      string       `json:"gateway,omitempty"`
	OnBoot       bool         `json:"on_boot,omitempty"`
}

// GuestUser is a user to be made in a guest.
type GuestUser struct {
	Name     string `json:"name"`
	Password Secret `json:"password,omitempty"`
}

// GuestFile is a file to be written in a guest; Path is absolute.
type GuestFile struct {
	Path    string `json:"path"`
	Content Secret `json:"content"`
}

// PayloadType is payloads/payload@type: what sort of drive holds it.
type PayloadType string

// The types of payload.
const (
	PayloadCDROM  PayloadType = "cdrom"
	PayloadFloppy PayloadType = "floppy"
)

// Payload is files that a VM finds on a CD or floppy at each start. VolumeID is
// the label, the driver's own if empty.
type Payload struct {
	Type     PayloadType   `json:"type"`
	VolumeID string        `json:"volume_id,omitempty"`
	Files    []PayloadFile `json:"files"`
}

// PayloadFile is one file of a payload.
type PayloadFile struct {
	Name    string `json:"name"`
	Content Secret `json:"content"`
}
