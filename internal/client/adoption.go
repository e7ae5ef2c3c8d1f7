package client

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// External is a guest of a host that somebody else has made.
type External struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Status struct {
		State string `json:"state"`
	} `json:"status"`
}

// State is its state, as that of a VM.
func (e *External) State() string { return e.Status.State }

// External lists the guests of a host, by id or name, that somebody else has made.
func (s *Session) External(ctx context.Context, host string) ([]External, error) {
	id, err := s.findHost(ctx, host)
	if err != nil {
		return nil, err
	}
	var all struct {
		VM []External `json:"vm"`
	}
	err = s.call(ctx, http.MethodGet, "v3/hosts/"+url.PathEscape(id)+"/externalvms", nil, &all)
	return all.VM, err
}

// Adopt makes a VM of such a guest, by id or name, and gives its id when it is one. domain
// is where its disks are to be, by id or name; empty is the first that can have them.
func (s *Session) Adopt(ctx context.Context, host, guest, domain string) (string, error) {
	id, err := s.findHost(ctx, host)
	if err != nil {
		return "", err
	}
	wanted := map[string]any{"vm": reference(guest), "async": "false"}
	if domain != "" {
		wanted["storage_domain"] = reference(domain)
	}
	if err := s.call(ctx, http.MethodPost, "v3/hosts/"+url.PathEscape(id)+"/adopt", wanted, nil); err != nil {
		return "", err
	}
	return s.FindVM(ctx, guest)
}

// Release makes a plain guest of libvirt of a VM. host is where one that is down is to be,
// by id or name.
func (s *Session) Release(ctx context.Context, vm, host string) error {
	wanted := map[string]any{"async": "false"}
	if host != "" {
		wanted["host"] = reference(host)
	}
	return s.call(ctx, http.MethodPost, "v3/vms/"+url.PathEscape(vm)+"/release", wanted, nil)
}

// findHost gives the id of a host: the text itself if it is one, or that of the host of
// the name.
func (s *Session) findHost(ctx context.Context, name string) (string, error) {
	if named := reference(name); named.ID != "" {
		return strings.ToLower(named.ID), nil
	}
	var all struct {
		Host []named `json:"host"`
	}
	query := url.Values{"search": {`name="` + strings.ReplaceAll(name, `"`, "") + `"`}, "case_sensitive": {"true"}}
	if err := s.call(ctx, http.MethodGet, "v3/hosts?"+query.Encode(), nil, &all); err != nil {
		return "", err
	}
	if len(all.Host) != 1 {
		return "", fmt.Errorf("%d hosts are called %q", len(all.Host), name)
	}
	return all.Host[0].ID, nil
}
