package v3

import (
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
	user, port := "", 0
	if s.User != nil {
		set(&user, s.User.UserName)
	}
	if s.Port != nil {
		if port = int(*s.Port); port == 0 {
			return fault.Bad("Invalid value", "0 is not a valid port of ssh")
		}
	}
	*address = model.SSHAddress(*address, user, port)
	return nil
}

// showSSH shows how a host is reached by ssh, and the key that it is to show.
func showSSH(host *model.Host) *SSH {
	user, port := host.SSHLogin()
	return &SSH{
		Port: new(uint16(port)), AuthenticationMethod: new("publickey"),
		Fingerprint: text(host.SSHFingerprint), User: &SSHUser{UserName: new(user)},
	}
}
