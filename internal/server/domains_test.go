package server_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"vireo/internal/model"
	"vireo/internal/server"
)

func TestDomains(t *testing.T) {
	withTools(t, func(t *testing.T, s *site, tools server.Tools) {
		ctx := context.Background()
		const secret = "p@55w0rd of the joiner"
		account := &server.JoinAccount{User: `CORP\joiner`, Password: secret}
		for _, step := range []struct {
			name     string
			settings server.DomainSettings
			want     server.DomainValue
		}{
			{"Corp.Example.COM", server.DomainSettings{Join: account}, server.DomainValue{Name: "corp.example.com", JoinUser: `CORP\joiner`}},
			{"corp.example.com.", server.DomainSettings{Description: new("ours")}, server.DomainValue{Name: "corp.example.com", Description: "ours", JoinUser: `CORP\joiner`}},
			{"corp.example.com", server.DomainSettings{Join: &server.JoinAccount{}}, server.DomainValue{Name: "corp.example.com", Description: "ours"}},
			{"corp.example.com", server.DomainSettings{Join: account, Description: new("")}, server.DomainValue{Name: "corp.example.com", JoinUser: `CORP\joiner`}},
		} {
			if err := tools.SetDomain(ctx, step.name, step.settings); err != nil {
				t.Fatal(err)
			}
			if got := listed(t, tools); len(got) != 2 || !reflect.DeepEqual(got[0], step.want) || got[1].Name != "internal" {
				t.Errorf("after %s: %+v", step.name, got)
			}
		}
		for _, bad := range []struct {
			name     string
			settings server.DomainSettings
			why      string
		}{
			{"corp/example", server.DomainSettings{}, "DNS name"},
			{"internal", server.DomainSettings{Join: account}, "already in use"},
			{"corp.example.com", server.DomainSettings{Join: &server.JoinAccount{User: "joiner"}}, "both are to be given"},
			{"corp.example.com", server.DomainSettings{Join: &server.JoinAccount{Password: secret}}, "both are to be given"},
			{"corp.example.com", server.DomainSettings{Join: &server.JoinAccount{User: "joiner", Password: secret + "\n"}}, "no control characters"},
		} {
			before := listed(t, tools)
			err := tools.SetDomain(ctx, bad.name, bad.settings)
			if err == nil || !strings.Contains(err.Error(), bad.why) || strings.Contains(err.Error(), secret) {
				t.Errorf("%s: %v", bad.name, err)
			}
			if !reflect.DeepEqual(before, listed(t, tools)) {
				t.Errorf("%s was refused and set", bad.name)
			}
		}
		for _, unknown := range []string{"internal", "other.example.com"} {
			if err := tools.RemoveDomain(ctx, unknown); err == nil || !strings.Contains(err.Error(), "could be removed") {
				t.Errorf("removing %s: %v", unknown, err)
			}
		}
		if err := tools.SetDomain(ctx, "old.example.com", server.DomainSettings{}); err != nil {
			t.Fatal(err)
		}
		if err := tools.RemoveDomain(ctx, "OLD.example.com"); err != nil {
			t.Error(err)
		}
		if s.engine != nil {
			s.hides(secret)
		}
	})
}

// TestDomainsAreKept: an account that was set at rest is known after the start.
func TestDomainsAreKept(t *testing.T) {
	s := newSite(t)
	s.start()
	s.end()
	tools := s.tools()
	join := &server.JoinAccount{User: "joiner", Password: "p@55w0rd at rest"}
	if err := tools.SetDomain(context.Background(), "corp.example.com", server.DomainSettings{Join: join}); err != nil {
		t.Fatal(err)
	}
	if err := tools.Close(); err != nil {
		t.Fatal(err)
	}
	s.start()
	s.hides("p@55w0rd at rest")
}

func listed(t *testing.T, tools server.Tools) []server.DomainValue {
	t.Helper()
	values, err := tools.Domains(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// hides looks for the password of corp.example.com, which the engine can reveal,
// in everything that is written or shown.
func (s *site) hides(secret string) {
	s.Helper()
	domain, there := s.engine.Inventory.Domains.Get(model.DomainID("corp.example.com"))
	if !there {
		s.Fatal("the domain is gone")
	}
	if text, err := s.engine.Vault.Reveal(domain.JoinPassword); err != nil || text != secret {
		s.Errorf("the password is %q, %v", text, err)
	}
	shown := s.want(200, "GET", "/api/domains", "").body + s.want(200, "GET", "/api/domains/"+string(domain.ID), "").body +
		s.want(200, "GET", "/api/events", "").body
	for _, hidden := range []string{secret, string(domain.JoinPassword), "joiner"} {
		if strings.Contains(shown, hidden) {
			s.Errorf("the API shows %q", hidden)
		}
	}
	for _, file := range []string{"vireo.db", "vireo.db-wal"} {
		if strings.Contains(s.read(file), secret) {
			s.Errorf("the password is in %s", file)
		}
	}
	for _, hidden := range []string{secret, string(domain.JoinPassword)} {
		if strings.Contains(s.log.String(), hidden) {
			s.Error("the log has the password")
		}
	}
}
