package model

import (
	"crypto/sha256"
	"encoding/base64"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Host is a machine with libvirt.
type Host struct {
	ID          ID     `json:"id"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Comment     string `json:"comment,omitempty"`
	// Address is a libvirt URI or a host name (then ssh).
	Address string `json:"address"`
	Cluster ID     `json:"cluster"`
	Tags    []ID   `json:"tags,omitempty"`

	// SSHKey pins the key that the host's ssh server shows, as a line of an
	// authorized_keys file ("ssh-ed25519 AAAA…"); it is taken at first contact.
	// SSHFingerprint is that key's ("SHA256:…"), or that which is wanted of it.
	SSHKey         string `json:"ssh_key,omitempty"`
	SSHFingerprint string `json:"ssh_fingerprint,omitempty"`

	// Power is how it can be cut off.
	Power PowerManagement `json:"power,omitzero"`

	// Barred is set while it is, or may be, cut off from its storage.
	Barred *Barred `json:"barred,omitempty"`

	// Lost is set when its guests are known to have ended and it has not started since.
	Lost *Lost `json:"lost,omitempty"`

	// Leased are single runs that were closed because the lease of their guest has died
	// there; nil when there are none, or the host was heard since.
	Leased *Lost `json:"leased,omitempty"`

	// What was observed of it.
	Status HostStatus `json:"status"`
	// StatusDetail says in a sentence why it is not up.
	StatusDetail string    `json:"status_detail,omitempty"`
	Since        time.Time `json:"since"`
	// BootID is the kernel's boot id, or another text that changes when the
	// host restarts and only then.
	BootID string    `json:"boot_id,omitempty"`
	Facts  HostFacts `json:"facts"`
}

// Ref names the host.
func (h *Host) Ref() Ref { return Ref{KindHost, h.ID} }

// ObjectName is its name.
func (h *Host) ObjectName() string { return h.Name }

// Fingerprint is the SHA-256 fingerprint of an ssh key in the form of an
// authorized_keys file, as ssh-keygen -l prints it; empty for what is none.
func Fingerprint(key string) string {
	fields := strings.Fields(key)
	if len(fields) < 2 {
		return ""
	}
	blob, err := base64.StdEncoding.DecodeString(fields[1])
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(blob)
	return "SHA256:" + base64.RawStdEncoding.EncodeToString(sum[:])
}

// Reachable says whether work can be given to the host: it is up, or its connection
// was lost a moment ago and is being made anew. One that has never answered is not.
func (h *Host) Reachable() bool {
	return h.Status == HostUp || h.Status == HostConnecting && h.BootID != ""
}

// Leavable says whether VMs can be moved away from the host: what cannot be given more
// work may still have some.
func (h *Host) Leavable() bool {
	return h.Reachable() || h.Status == HostPreparingForMaintenance || h.Status == HostNonOperational
}

// HostFacts is what a host says of itself when it is connected.
type HostFacts struct {
	Hostname string `json:"hostname,omitempty"`
	UUID     string `json:"uuid,omitempty"`
	CPUModel string `json:"cpu_model,omitempty"`
	// CPUModels are the names of the CPU models that the host can give to guests,
	// as libvirt calls them; CPUFlags the features of its own CPU, sorted.
	CPUModels []string `json:"cpu_models,omitempty"`
	CPUFlags  []string `json:"cpu_flags,omitempty"`
	// CPUBase is the model that comes nearest to its own CPU, CPUVendor who made that, as
	// libvirt calls them.
	CPUBase   string `json:"cpu_base,omitempty"`
	CPUVendor string `json:"cpu_vendor,omitempty"`
	// Architecture is that of the host.
	Architecture Architecture `json:"architecture,omitempty"`
	// CPUSpeed is in MHz.
	CPUSpeed float64  `json:"cpu_speed,omitempty"`
	Topology Topology `json:"topology"`
	// NUMANodes are how many parts its memory has.
	NUMANodes int `json:"numa_nodes,omitempty"`
	// Memory is in bytes.
	Memory int64 `json:"memory"`
	// Accelerated says that guests run under KVM; else they are emulated, and
	// AccelerationDetail says why.
	Accelerated        bool          `json:"accelerated"`
	AccelerationDetail string        `json:"acceleration_detail,omitempty"`
	LibvirtVersion     string        `json:"libvirt_version,omitempty"`
	QEMUVersion        string        `json:"qemu_version,omitempty"`
	KernelVersion      string        `json:"kernel_version,omitempty"`
	OSType             string        `json:"os_type,omitempty"`
	OSVersion          string        `json:"os_version,omitempty"`
	Displays           []DisplayType `json:"displays,omitempty"`
	// MachineTypes are QEMU's, canonical names.
	MachineTypes []string `json:"machine_types,omitempty"`
	// Networks are the libvirt networks that are active, Bridges the Linux bridges that
	// guests can be connected to. Both are in order.
	Networks []string `json:"networks,omitempty"`
	Bridges  []string `json:"bridges,omitempty"`
	// NetworkVLANs are the tags of the libvirt networks that have one for all their guests.
	NetworkVLANs map[string]int `json:"network_vlans,omitempty"`
	// NICs are the host's network interfaces, its bridges among them, by name; those that
	// libvirt makes for guests are left out.
	NICs         []HostNIC `json:"nics,omitempty"`
	Manufacturer string    `json:"manufacturer,omitempty"`
	ProductName  string    `json:"product_name,omitempty"`
	SerialNumber string    `json:"serial_number,omitempty"`
	Family       string    `json:"family,omitempty"`
	// ProductVersion is that of the machine.
	ProductVersion string `json:"product_version,omitempty"`
	// Passthrough says that its devices can be given to guests.
	Passthrough bool       `json:"passthrough,omitempty"`
	System      HostSystem `json:"system,omitzero"`
	// Session says that libvirt runs without root: guests get user-mode networks.
	Session bool `json:"session,omitempty"`
	// Local says that it is the engine's own machine.
	Local bool `json:"local,omitempty"`
	// SSHKey is the key that its ssh server has shown; see Host.
	SSHKey string `json:"ssh_key,omitempty"`
	// ImageOwner is the user and group id that QEMU runs as; -1 when it is the
	// engine's own user.
	ImageUID int `json:"image_uid"`
	ImageGID int `json:"image_gid"`
}

// TakeNetworks replaces what is known of the host's networks and network interfaces by
// what other facts say of them.
func (f *HostFacts) TakeNetworks(from HostFacts) {
	f.Networks, f.NetworkVLANs, f.Bridges, f.NICs = from.Networks, from.NetworkVLANs, from.Bridges, from.NICs
}

// URI is the libvirt URI that a host is reached at: its address if that is one;
// a bare name or address, with or without a port, is reached by ssh, as root.
func (h *Host) URI() string {
	if strings.Contains(h.Address, "://") {
		return h.Address
	}
	authority := h.Address
	if ip := net.ParseIP(strings.Trim(authority, "[]")); ip != nil && ip.To4() == nil {
		authority = "[" + ip.String() + "]"
	}
	return "qemu+ssh://root@" + authority + "/system"
}

// Dial is the URI with what is pinned of the host, for host.Driver.Connect.
func (h *Host) Dial() string {
	uri := h.URI()
	if h.SSHKey == "" && h.SSHFingerprint == "" {
		return uri
	}
	parsed, err := url.Parse(uri)
	if err != nil || !strings.HasSuffix(parsed.Scheme, "+ssh") {
		return uri
	}
	query := parsed.Query()
	if h.SSHKey != "" {
		query.Set("hostkey", h.SSHKey)
	} else {
		query.Set("fingerprint", h.SSHFingerprint)
	}
	parsed.RawQuery = query.Encode()
	return parsed.String()
}

// BySSH says whether the host is reached by ssh.
func (h *Host) BySSH() bool {
	scheme, _, _ := strings.Cut(h.URI(), "://")
	return strings.HasSuffix(scheme, "+ssh")
}

// SSHPort is the port of ssh when nothing else is said.
const SSHPort = 22

// SSHAddress is the address of a host that is reached by ssh as a user, at a port: the
// bare name where these are root and 22. What is a URI already stays, and so does a
// name when nothing is said ("", 0).
func SSHAddress(address, user string, port int) string {
	if strings.Contains(address, "://") || (user == "" || user == "root") && (port == 0 || port == SSHPort) {
		return address
	}
	host := address
	if ip := net.ParseIP(strings.Trim(host, "[]")); ip != nil && ip.To4() == nil {
		host = "[" + ip.String() + "]"
	}
	if port != 0 && port != SSHPort {
		host += ":" + strconv.Itoa(port)
	}
	made := url.URL{Scheme: "qemu+ssh", Host: host, Path: "/system", User: url.User("root")}
	if user != "" {
		made.User = url.User(user)
	}
	return made.String()
}

// SSHLogin is who the engine logs in as at a host that is reached by ssh, and where.
func (h *Host) SSHLogin() (user string, port int) {
	user, port = "root", SSHPort
	parsed, err := url.Parse(h.URI())
	if err != nil {
		return user, port
	}
	if number, err := strconv.ParseUint(parsed.Port(), 10, 16); err == nil {
		port = int(number)
	}
	if name := parsed.User.Username(); name != "" {
		user = name
	}
	return user, port
}
