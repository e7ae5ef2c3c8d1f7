package server

import (
	"context"
	"fmt"
	"strings"

	"vireo/internal/auth/ldap"
	"vireo/internal/engine"
	"vireo/internal/engine/domains"
	"vireo/internal/fault"
	"vireo/internal/model"
)

// DomainValue is a domain as the control socket shows it; its password is shown
// to nobody.
type DomainValue struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	JoinUser    string `json:"join_user,omitempty"`
	// Servers are those that are asked when people of the domain log in.
	Servers []string `json:"servers,omitempty"`
}

// DomainSettings is what becomes of a domain; nil leaves what is there.
type DomainSettings struct {
	Description *string `json:"description,omitempty"`
	// Join is the account by which guests join it; the zero value takes away the
	// one that is there.
	Join *JoinAccount `json:"join,omitempty"`
	// Directory is how people of the domain log in; without servers they cannot.
	Directory *DirectorySettings `json:"directory,omitempty"`
}

// DirectorySettings are the servers of a domain and how they are asked; see
// [model.LDAP].
type DirectorySettings struct {
	Servers      []string `json:"servers,omitempty"`
	Schema       string   `json:"schema,omitempty"`
	Base         string   `json:"base,omitempty"`
	StartTLS     bool     `json:"start_tls,omitempty"`
	CA           string   `json:"ca,omitempty"`
	BindDN       string   `json:"bind_dn,omitempty"`
	BindPassword string   `json:"bind_password,omitempty"`
}

// JoinAccount is a user of a domain who may let machines join it.
type JoinAccount struct {
	User     string `json:"user"`
	Password string `json:"password"`
}

// DomainValues gives every domain, by name.
func (s *Server) DomainValues() []DomainValue {
	all := s.Engine.View(nil).Domains()
	values := make([]DomainValue, len(all))
	for i, each := range all {
		values[i] = DomainValue{Name: each.Name, Description: each.Description, JoinUser: each.JoinUser}
		if each.LDAP != nil {
			values[i].Servers = each.LDAP.Servers
		}
	}
	return values
}

// SetDomain changes the domain of that name, which is made if it is not there.
func (s *Server) SetDomain(ctx context.Context, name string, settings DomainSettings) error {
	var password model.Secret
	if settings.Join != nil {
		if err := domains.CheckPassword(settings.Join.Password); err != nil {
			return err
		}
		password = s.Vault.Seal(settings.Join.Password)
	}
	directory, err := s.directoryOf(name, settings.Directory)
	if err != nil {
		return err
	}
	call := &engine.Call{On: model.KindDomain, Name: "add", Params: engine.Edit[model.Domain](func(domain *model.Domain) error {
		domain.Name = name
		if settings.Description != nil {
			domain.Description = *settings.Description
		}
		if settings.Join != nil {
			domain.JoinUser, domain.JoinPassword = settings.Join.User, password
		}
		if settings.Directory != nil {
			domain.LDAP = directory
		}
		return nil
	})}
	if _, there := s.Inventory.Domains.Get(model.DomainID(name)); there {
		call.Name, call.Target = "update", model.DomainID(name)
	}
	_, err = s.Engine.Act(ctx, call)
	return err
}

// directoryOf checks the settings of a directory, and seals the password in them.
func (s *Server) directoryOf(name string, settings *DirectorySettings) (*model.LDAP, error) {
	if settings == nil || len(settings.Servers) == 0 {
		return nil, nil
	}
	made := &model.LDAP{
		Schema: model.LDAPSchema(settings.Schema), Servers: settings.Servers, StartTLS: settings.StartTLS,
		CA: settings.CA, Base: settings.Base, BindDN: settings.BindDN,
	}
	if _, err := ldap.New(model.DomainName(name), made, settings.BindPassword); err != nil {
		return nil, err
	}
	made.BindPassword = s.Vault.Seal(settings.BindPassword)
	return made, nil
}

// CheckDomain asks every server of a domain's directory whether it knows a user, and
// what it knows; the error is that of the first server that cannot be used.
func (s *Server) CheckDomain(ctx context.Context, name, user string) (string, error) {
	domain, known := s.Inventory.Domains.Get(model.DomainID(name))
	if !known || domain.LDAP == nil {
		return "", fmt.Errorf("nobody can log in by the domain %.64q; see `vireo domain directory --help`", name)
	}
	password, err := s.Vault.Reveal(domain.LDAP.BindPassword)
	if err != nil {
		return "", err
	}
	var said strings.Builder
	for _, server := range domain.LDAP.Servers {
		alone := *domain.LDAP
		alone.Servers = []string{server}
		directory, err := ldap.New(domain.Name, &alone, password)
		if err != nil {
			return "", err
		}
		found, err := directory.Find(ctx, model.KindUser, user)
		switch {
		case err != nil:
			return "", fmt.Errorf("%s: %w", server, err)
		case found == nil:
			fmt.Fprintf(&said, "%s answers and knows no user %.64q\n", server, user)
		default:
			fmt.Fprintf(&said, "%s answers and knows %s, who is in %d groups\n", server, found.Name, len(found.Groups))
		}
	}
	return said.String(), nil
}

// RemoveDomain forgets a domain with its account.
func (s *Server) RemoveDomain(ctx context.Context, name string) error {
	_, err := s.Engine.Act(ctx, &engine.Call{On: model.KindDomain, Name: "remove", Target: model.DomainID(name)})
	if fault.Is(err, fault.NotFound) {
		return fmt.Errorf("there is no domain %.64q that could be removed; `vireo domain list` lists them all", name)
	}
	return err
}
