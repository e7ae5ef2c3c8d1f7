package v3

import (
	"net"
	"net/url"
	"strconv"
	"strings"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// CheckAdd refuses a host to be added that lacks a mandatory parameter (api-v3
// 6.3). A password is none: the engine logs in with its key.
func (s *Host) CheckAdd() error {
	need := required{subject: "Host", method: "add"}
	need.need(filled(s.Name), "name")
	need.need(filled(s.Address), "address")
	need.need(s.Cluster.given(), "cluster.id|name")
	return need.check()
}

// Apply changes a host by the elements that the request has. Port and user of ssh
// become part of an address that is a bare name.
func (s *Host) Apply(to *model.Host, find Finder) error {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Comment, s.Comment)
	set(&to.Address, s.Address)
	if err := setReference(&to.Cluster, s.Cluster, model.KindCluster, find); err != nil {
		return err
	}
	if err := s.PowerManagement.apply(&to.Power, find); err != nil {
		return err
	}
	if s.SSH == nil {
		return nil
	}
	set(&to.SSHFingerprint, s.SSH.Fingerprint)
	return s.SSH.applyTo(&to.Address)
}

func (s *SSH) applyTo(address *string) error {
	name := ""
	if s.User != nil && s.User.UserName != nil {
		name = *s.User.UserName
	}
	if name == "" && s.Port == nil || strings.Contains(*address, "://") {
		return nil
	}
	if s.Port != nil && *s.Port == 0 {
		return fault.Bad("Invalid value", "0 is not a valid port of ssh")
	}
	if (name == "" || name == "root") && (s.Port == nil || *s.Port == sshPort) {
		return nil
	}
	host := *address
	if ip := net.ParseIP(strings.Trim(host, "[]")); ip != nil && ip.To4() == nil {
		host = "[" + ip.String() + "]"
	}
	if s.Port != nil && *s.Port != sshPort {
		host += ":" + strconv.Itoa(int(*s.Port))
	}
	made := url.URL{Scheme: "qemu+ssh", Host: host, Path: "/system", User: url.User("root")}
	if name != "" {
		made.User = url.User(name)
	}
	*address = made.String()
	return nil
}

// sshPort is the port of ssh when nothing else is said.
const sshPort = 22

// showSSH shows how a host is reached by ssh, and the key that it is to show.
func showSSH(host *model.Host) *SSH {
	out := &SSH{
		Port: new(uint16(sshPort)), AuthenticationMethod: new("publickey"),
		Fingerprint: text(host.SSHFingerprint), User: &SSHUser{UserName: new("root")},
	}
	parsed, err := url.Parse(host.URI())
	if err != nil {
		return out
	}
	if port, err := strconv.ParseUint(parsed.Port(), 10, 16); err == nil {
		out.Port = new(uint16(port))
	}
	if name := parsed.User.Username(); name != "" {
		out.User.UserName = new(name)
	}
	return out
}
