package server

import (
	"context"
	"fmt"
	"reflect"
	"sync"

	"vireo/internal/auth"
	"vireo/internal/auth/ldap"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/vault"
)

// sources are the directories of the domains whose people can log in.
type sources struct {
	inventory *inventory.Inventory
	vault     *vault.Vault

	mu   sync.Mutex
	made map[model.ID]madeSource
}

// madeSource is a directory with the settings that it was made of.
type madeSource struct {
	settings model.LDAP
	source   *ldap.Directory
}

func newSources(inv *inventory.Inventory, secrets *vault.Vault) *sources {
	return &sources{inventory: inv, vault: secrets, made: make(map[model.ID]madeSource)}
}

// Source gives the directory of a domain, made anew when its settings changed. One
// whose password was sealed with another key does not answer.
func (s *sources) Source(name string) (auth.Source, bool) {
	domain, known := s.inventory.Domains.Get(model.DomainID(name))
	if !known || domain.LDAP == nil {
		return nil, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if made, there := s.made[domain.ID]; there && reflect.DeepEqual(made.settings, *domain.LDAP) {
		return made.source, true
	}
	source, err := ldapOf(s.vault, domain)
	if err != nil {
		return unusable{err}, true
	}
	s.made[domain.ID] = madeSource{*domain.LDAP, source}
	return source, true
}

func ldapOf(secrets *vault.Vault, domain *model.Domain) (*ldap.Directory, error) {
	password, err := secrets.Reveal(domain.LDAP.BindPassword)
	if err != nil {
		return nil, err
	}
	return ldap.New(domain.Name, domain.LDAP, password)
}

// unusable is a directory that cannot be asked, with the reason.
type unusable struct{ reason error }

func (u unusable) err() error { return fmt.Errorf("%w: %w", auth.ErrUnavailable, u.reason) }

func (u unusable) Authenticate(context.Context, string, string) (*auth.Entry, error) {
	return nil, u.err()
}

func (u unusable) Find(context.Context, model.Kind, string) (*auth.Entry, error) {
	return nil, u.err()
}

func (u unusable) Search(context.Context, model.Kind, string, int) ([]*auth.Entry, error) {
	return nil, u.err()
}
