package seed

import (
	"bytes"
	"encoding/json"
	"log/slog"
)

// ConfigDriveLabel is the volume label by which cloud-init knows its disk.
const ConfigDriveLabel = "config-2"

// CloudInit is what cloud-init in a guest shall do at this start (reference v3,
// 2.3 and 3.3). Empty fields are left alone. It holds secrets and prints nothing.
type CloudInit struct {
	Instance          string // a UUID; cloud-init takes a new one for a new machine
	HostName          string // with or without a domain
	TimeZone          string // as under /usr/share/zoneinfo
	UserName          string // the main user; empty means root
	Password          string // of the main user
	Users             []User // besides the main user
	AuthorizedKeys    []AuthorizedKey
	RegenerateSSHKeys bool // the guest's own host keys
	NICs              []NIC
	DNSServers        []string // addresses
	DNSSearch         []string // domains
	Files             []InjectedFile
	CustomScript      string // a YAML map in cloud-config's words, see docs/cloud-init.md
}

// User is an account that cloud-init makes, or whose password it sets.
type User struct{ Name, Password string }

// AuthorizedKey is an OpenSSH public key that lets in without a password. An
// empty user means the main user and root.
type AuthorizedKey struct{ User, Key string }

// NIC is an interface as the guest names it. One name may stand twice: once with
// an IPv4 address or dhcp, once with an IPv6 address.
type NIC struct {
	Name     string
	Protocol string // dhcp, static, none; empty is none, and OnBoot does not count
	Address  string // for static, as are the next two
	Netmask  string // IPv4: 255.255.255.0 or a prefix length; IPv6: a prefix length
	Gateway  string
	OnBoot   bool
}

// InjectedFile is a file that cloud-init writes into the guest.
type InjectedFile struct {
	Path    string // absolute
	Content []byte
}

// hidden is what values with secrets print.
const hidden = "******"

// String prints nothing of the values.
func (CloudInit) String() string { return hidden }

// GoString prints nothing of the values.
func (CloudInit) GoString() string { return hidden }

// LogValue prints nothing of the values.
func (CloudInit) LogValue() slog.Value { return slog.StringValue(hidden) }

// String names the user only.
func (u User) String() string { return u.Name }

// GoString names the user only.
func (u User) GoString() string { return u.Name }

// LogValue names the user only.
func (u User) LogValue() slog.Value { return slog.StringValue(u.Name) }

// String names the file only.
func (f InjectedFile) String() string { return f.Path }

// GoString names the file only.
func (f InjectedFile) GoString() string { return f.Path }

// LogValue names the file only.
func (f InjectedFile) LogValue() slog.Value { return slog.StringValue(f.Path) }

// mainUser is the account that `user` names and whose password `password` is.
func (c CloudInit) mainUser() string {
	if c.UserName == "" {
		return rootUser
	}
	return c.UserName
}

const rootUser = "root"

// ConfigDrive is what cloud-init's disk holds (reference v3, 3.3), for [ISO] under
// [ConfigDriveLabel]. What Check refuses is refused here too.
func (c CloudInit) ConfigDrive() ([]File, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	userData, err := c.userData()
	if err != nil {
		return nil, err
	}
	metaData, err := c.metaData()
	if err != nil {
		return nil, err
	}
	files := []File{
		{Name: "openstack/latest/meta_data.json", Content: metaData},
		{Name: "openstack/latest/user_data", Content: userData},
	}
	if len(c.NICs) > 0 {
		files = append(files, File{Name: "openstack/content/0000", Content: []byte(c.interfaces())})
	}
	return files, nil
}

// metaDocument is meta_data.json. Keys that do not apply are left out.
type metaDocument struct {
	UUID             string            `json:"uuid"`
	HostName         string            `json:"hostname,omitempty"`
	Name             string            `json:"name,omitempty"`
	PublicKeys       []string          `json:"public_keys,omitempty"`
	Interfaces       string            `json:"network-interfaces,omitempty"`
	NetworkConfig    *metaNetwork      `json:"network_config,omitempty"`
	LaunchIndex      string            `json:"launch_index"`
	AvailabilityZone string            `json:"availability_zone"`
	Meta             map[string]string `json:"meta"`
}

type metaNetwork struct {
	ContentPath string `json:"content_path"`
	Path        string `json:"path"`
}

func (c CloudInit) metaData() ([]byte, error) {
	document := metaDocument{
		UUID:     c.Instance,
		HostName: c.HostName, Name: c.HostName,
		PublicKeys:  c.publicKeys(),
		LaunchIndex: "0", AvailabilityZone: "nova",
		Meta: map[string]string{"dsmode": "local", "essential": "false", "role": "server"},
	}
	if len(c.NICs) > 0 {
		document.Interfaces = c.interfaces()
		document.NetworkConfig = &metaNetwork{ContentPath: "/content/0000", Path: "/etc/network/interfaces"}
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	err := encoder.Encode(document)
	return text.Bytes(), err
}
