package server

import (
	"context"
	"fmt"

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
}

// DomainSettings is what becomes of a domain; nil leaves what is there.
type DomainSettings struct {
	Description *string `json:"description,omitempty"`
	// Join is the account by which guests join it; the zero value takes away the
	// one that is there.
	Join *JoinAccount `json:"join,omitempty"`
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
		values[i] = DomainValue{each.Name, each.Description, each.JoinUser}
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
	call := &engine.Call{On: model.KindDomain, Name: "add", Params: engine.Edit[model.Domain](func(domain *model.Domain) error {
		domain.Name = name
		if settings.Description != nil {
			domain.Description = *settings.Description
		}
		if settings.Join != nil {
			domain.JoinUser, domain.JoinPassword = settings.Join.User, password
		}
		return nil
	})}
	if _, there := s.Inventory.Domains.Get(model.DomainID(name)); there {
		call.Name, call.Target = "update", model.DomainID(name)
	}
	_, err := s.Engine.Act(ctx, call)
	return err
}

// RemoveDomain forgets a domain with its account.
func (s *Server) RemoveDomain(ctx context.Context, name string) error {
	_, err := s.Engine.Act(ctx, &engine.Call{On: model.KindDomain, Name: "remove", Target: model.DomainID(name)})
	if fault.Is(err, fault.NotFound) {
		return fmt.Errorf("there is no domain %.64q that could be removed; `vireo domain list` lists them all", name)
	}
	return err
}
