package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// named points at an object, by id or by name.
type named struct {
	ID   string `json:"id,omitempty"`
	Name string `json:"name,omitempty"`
}

// Disk is what is asked of a disk, and told. Whole numbers and switches are texts in
// the JSON of version 4.
type Disk struct {
	ID              string         `json:"id,omitempty"`
	Alias           string         `json:"alias,omitempty"`
	Format          string         `json:"format,omitempty"`
	Sparse          bool           `json:"sparse,string"`
	ProvisionedSize int64          `json:"provisioned_size,string,omitempty"`
	InitialSize     int64          `json:"initial_size,string,omitempty"`
	Status          string         `json:"status,omitempty"`
	StorageDomains  *domainsOfDisk `json:"storage_domains,omitempty"`
}

type domainsOfDisk struct {
	StorageDomain []named `json:"storage_domain"`
}

// transfer is an image transfer.
type transfer struct {
	ID                string `json:"id,omitempty"`
	Disk              *named `json:"disk,omitempty"`
	Direction         string `json:"direction,omitempty"`
	Format            string `json:"format,omitempty"`
	Phase             string `json:"phase,omitempty"`
	TransferURL       string `json:"transfer_url,omitempty"`
	InactivityTimeout int    `json:"inactivity_timeout,string,omitempty"`
	TimeoutPolicy     string `json:"timeout_policy,omitempty"`
}

// silence is how long in seconds a transfer goes on when nothing is heard of its client:
// longer than it takes to make the checksum of a large file. Then the engine gives it
// up, so that nothing is left of a client that has died.
const silence = 600

// FindDisk finds a disk by its id, or by its alias if only one has that.
func (s *Session) FindDisk(ctx context.Context, name string) (*Disk, error) {
	disk := &Disk{}
	err := s.call(ctx, http.MethodGet, "disks/"+url.PathEscape(name), nil, disk)
	if err == nil {
		return disk, nil
	}
	if refused, ok := errors.AsType[*RefusedError](err); !ok || refused.Code != http.StatusNotFound {
		return nil, err
	}
	var all struct {
		Disk []*Disk `json:"disk"`
	}
	query := url.Values{"search": {`alias="` + strings.ReplaceAll(name, `"`, "") + `"`}, "case_sensitive": {"true"}}
	if err := s.call(ctx, http.MethodGet, "disks?"+query.Encode(), nil, &all); err != nil {
		return nil, err
	}
	if len(all.Disk) != 1 {
		return nil, fmt.Errorf("%d disks are called %q", len(all.Disk), name)
	}
	return all.Disk[0], nil
}

// addDisk makes a disk and returns when it is there.
func (s *Session) addDisk(ctx context.Context, wanted *Disk, domain string) (*Disk, error) {
	if domain != "" {
		wanted.StorageDomains = &domainsOfDisk{StorageDomain: []named{reference(domain)}}
	}
	made := &Disk{}
	if err := s.call(ctx, http.MethodPost, "disks", wanted, made); err != nil {
		return nil, err
	}
	// The engine answers when the disk is there; one that did not wait is asked again.
	err := again(ctx, func() (bool, error) {
		if made.Status != "locked" {
			return true, nil
		}
		err := s.call(ctx, http.MethodGet, "disks/"+made.ID, nil, made)
		return false, err
	})
	if err == nil && made.Status != "ok" {
		err = fmt.Errorf("the disk %s could not be made: it is %s", made.Alias, made.Status)
	}
	return made, err
}

// reference is an id, or else a name.
func reference(text string) named {
	if len(text) == 36 && strings.Count(text, "-") == 4 {
		return named{ID: text}
	}
	return named{Name: text}
}

// again asks until it is done, at first quickly and then once a second.
func again(ctx context.Context, ask func() (done bool, err error)) error {
	for pause := 20 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		if done, err := ask(); done || err != nil {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// begin makes a transfer. The id is what its events can be found by.
func (s *Session) begin(ctx context.Context, wanted *transfer, id string) (*transfer, error) {
	made := &transfer{}
	if err := s.call(ctx, http.MethodPost, "imagetransfers?correlation_id="+id, wanted, made); err != nil {
		return nil, err
	}
	err := again(ctx, func() (bool, error) {
		if made.Phase != "initializing" {
			return true, nil
		}
		err := s.call(ctx, http.MethodGet, "imagetransfers/"+made.ID, nil, made)
		return false, err
	})
	if err == nil && made.Phase != "transferring" {
		err = s.why(ctx, made, id)
	}
	return made, err
}

func (s *Session) act(ctx context.Context, made *transfer, action string) error {
	return s.call(ctx, http.MethodPost, "imagetransfers/"+made.ID+"/"+action, struct{}{}, nil)
}

// finalize ends a transfer and returns when the engine has verified what it has got.
func (s *Session) finalize(ctx context.Context, made *transfer, id string) error {
	if err := s.act(ctx, made, "finalize"); err != nil {
		return err
	}
	return again(ctx, func() (bool, error) {
		if err := s.call(ctx, http.MethodGet, "imagetransfers/"+made.ID, nil, made); err != nil {
			return false, err
		}
		switch made.Phase {
		case "finished_success":
			return true, nil
		case "finished_failure", "finished_cleanup":
			return false, s.why(ctx, made, id)
		}
		return false, nil
	})
}

// why says why a transfer has failed.
func (s *Session) why(ctx context.Context, made *transfer, id string) error {
	return s.explain(ctx, id, "the transfer has failed: it is "+made.Phase)
}

// explain says why something has failed as the engine's events of a correlation id do, or
// in other words if they do not.
func (s *Session) explain(ctx context.Context, id, otherwise string) error {
	var events struct {
		Event []struct {
			Description string `json:"description"`
			Severity    string `json:"severity"`
		} `json:"event"`
	}
	query := url.Values{"search": {"correlation_id=" + id}}
	if err := s.call(ctx, http.MethodGet, "events?"+query.Encode(), nil, &events); err == nil {
		for _, event := range events.Event {
			if event.Severity != "normal" {
				return errors.New(strings.TrimSuffix(event.Description, "."))
			}
		}
	}
	return errors.New(otherwise)
}

// cancelPatience is how long giving up may take.
const cancelPatience = 30 * time.Second

// giveUp cancels a transfer, also when ctx has ended.
func (s *Session) giveUp(ctx context.Context, made *transfer) {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), cancelPatience)
	defer cancel()
	_ = s.act(bounded, made, "cancel") // whoever is silent is given up by the engine
}
