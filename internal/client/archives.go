package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"

	"github.com/google/uuid"
)

// ArchiveOptions say how a VM is to be imported from an OVA file.
type ArchiveOptions struct {
	// Name is another name than it had; empty keeps that.
	Name string
	// Clone makes a VM of its own, with new ids and addresses.
	Clone bool
	// Cluster and StorageDomain are ids or names; empty is the only one there is.
	Cluster, StorageDomain string
	Progress               func(done, total int64)
}

// FindVM gives the id of a VM: the text itself if it is one, or that of the only VM of the
// name.
func (s *Session) FindVM(ctx context.Context, name string) (string, error) {
	if named := reference(name); named.ID != "" {
		return named.ID, nil
	}
	var all struct {
		VM []named `json:"vm"`
	}
	query := url.Values{"search": {`name="` + strings.ReplaceAll(name, `"`, "") + `"`}, "case_sensitive": {"true"}}
	// Version 3 lists VMs.
	if err := s.call(ctx, http.MethodGet, "v3/vms?"+query.Encode(), nil, &all); err != nil {
		return "", err
	}
	if len(all.VM) != 1 {
		return "", fmt.Errorf("%d VMs are called %q", len(all.VM), name)
	}
	return all.VM[0].ID, nil
}

// ExportVM exports a VM, which is down, to an OVA file on the engine's machine, and
// returns when it is whole. The path is absolute, or within the engine's directory of
// OVA files.
func (s *Session) ExportVM(ctx context.Context, vm, path string, progress func(done, total int64)) error {
	wanted := map[string]string{"directory": filepath.Dir(path), "filename": filepath.Base(path)}
	id := uuid.NewString()
	err := s.call(ctx, http.MethodPost, "vms/"+url.PathEscape(vm)+"/export?correlation_id="+id, wanted, nil)
	if err != nil {
		return err
	}
	return s.follow(ctx, id, progress)
}

// ImportVM imports a VM from an OVA file on the engine's machine, and answers its id when
// it is whole.
func (s *Session) ImportVM(ctx context.Context, path string, options ArchiveOptions) (string, error) {
	type vm struct {
		ID   string `json:"id,omitempty"`
		Name string `json:"name,omitempty"`
	}
	type external struct {
		URL           string `json:"url"`
		Clone         bool   `json:"clone,string,omitempty"`
		Cluster       named  `json:"cluster"`
		StorageDomain named  `json:"storage_domain"`
		VM            *vm    `json:"vm,omitempty"`
	}
	wanted := external{URL: "ova://" + path, Clone: options.Clone, Cluster: reference(options.Cluster), StorageDomain: reference(options.StorageDomain)}
	if options.Name != "" {
		wanted.VM = &vm{Name: options.Name}
	}
	var err error
	if options.Cluster == "" {
		if wanted.Cluster.ID, err = s.only(ctx, "clusters", "cluster", ""); err != nil {
			return "", err
		}
	}
	if options.StorageDomain == "" {
		if wanted.StorageDomain.ID, err = s.only(ctx, "storagedomains", "storage_domain", "data"); err != nil {
			return "", err
		}
	}
	made, id := external{}, uuid.NewString()
	if err := s.call(ctx, http.MethodPost, "externalvmimports?correlation_id="+id, &wanted, &made); err != nil {
		return "", err
	}
	if made.VM == nil {
		return "", errors.New("the engine does not say which VM it makes")
	}
	return made.VM.ID, s.follow(ctx, id, options.Progress)
}

// only is the id of the only object of a collection, of a type if one is given.
func (s *Session) only(ctx context.Context, collection, noun, kind string) (string, error) {
	var all map[string][]struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	}
	if err := s.call(ctx, http.MethodGet, collection, nil, &all); err != nil {
		return "", err
	}
	var found []string
	for _, each := range all[noun] {
		if kind == "" || each.Type == kind {
			found = append(found, each.ID)
		}
	}
	if len(found) != 1 {
		return "", fmt.Errorf("say which of %d is meant: --%s", len(found), strings.ReplaceAll(noun, "_", "-"))
	}
	return found[0], nil
}

// follow waits for the job of a correlation id, and tells how far its steps are.
func (s *Session) follow(ctx context.Context, id string, progress func(done, total int64)) error {
	return again(ctx, func() (bool, error) {
		var jobs struct {
			Job []struct {
				ID     string `json:"id"`
				Status string `json:"status"`
			} `json:"job"`
		}
		if err := s.call(ctx, http.MethodGet, "jobs?"+url.Values{"search": {"correlation_id=" + id}}.Encode(), nil, &jobs); err != nil {
			return false, err
		}
		if len(jobs.Job) == 0 {
			return false, errors.New("the engine has forgotten what it was asked")
		}
		switch job := jobs.Job[0]; job.Status {
		case "started":
			s.tellSteps(ctx, job.ID, progress)
			return false, nil
		case "finished":
			return true, nil
		default:
			return false, s.explain(ctx, id, "the job is "+job.Status)
		}
	})
}

// tellSteps tells how far the step is that a job is at. Nobody minds if it cannot be known.
func (s *Session) tellSteps(ctx context.Context, job string, progress func(done, total int64)) {
	var steps struct {
		Step []struct {
			Status   string `json:"status"`
			Progress int64  `json:"progress,string"`
		} `json:"step"`
	}
	if progress == nil || s.call(ctx, http.MethodGet, "jobs/"+job+"/steps", nil, &steps) != nil {
		return
	}
	for _, step := range steps.Step {
		if step.Status == "started" && step.Progress > 0 {
			progress(step.Progress, 100)
		}
	}
}
