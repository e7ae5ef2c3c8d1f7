package libvirt

import (
	"context"
	"sync"
	"time"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
	"vireo/internal/model"
)

const (
	// statsTime is how long the sample of all guests in one request may take
	// before they are asked one by one.
	statsTime = 1500 * time.Millisecond
	// singleStatsTime is the same for one guest.
	singleStatsTime = 2 * time.Second
	// hungAfter is how long a request to QEMU may be under way before the guest
	// counts as hung.
	hungAfter = 2 * time.Second
	// namesKeptFor is how long a NIC in user mode, which has no name that could
	// change, is missed when somebody else has plugged it.
	namesKeptFor = time.Minute
	// statsAtOnce is how many guests are asked at the same time.
	statsAtOnce = 8
)

const statsWanted = libvirt.DomainStatsState | libvirt.DomainStatsCPUTotal | libvirt.DomainStatsBalloon |
	libvirt.DomainStatsInterface | libvirt.DomainStatsBlock

const statsFlags = libvirt.ConnectGetAllDomainsStatsActive | libvirt.ConnectGetAllDomainsStatsNowait

// Stats samples all running guests with one request, which leaves out what only
// a QEMU can tell that is busy with another request. A QEMU that stops answering
// during the request holds it up: then the guests are asked one by one.
func (h *hypervisor) Stats(ctx context.Context) ([]host.Sample, error) {
	short, cancel := context.WithTimeout(ctx, statsTime)
	defer cancel()
	records, err := h.readStats(short, nil)
	if err != nil {
		if ctx.Err() != nil || short.Err() == nil {
			return nil, err
		}
		return h.statsOneByOne(ctx)
	}
	return h.sampleEach(ctx, len(records), func(ctx context.Context, i int) (host.Sample, bool) {
		return h.sample(ctx, records[i])
	})
}

func (h *hypervisor) readStats(ctx context.Context, domains []libvirt.Domain) ([]libvirt.DomainStatsRecord, error) {
	return request(ctx, h, "sampling the guests", func(rpc *libvirt.Libvirt) ([]libvirt.DomainStatsRecord, error) {
		flags := statsFlags
		if domains != nil {
			flags = libvirt.ConnectGetAllDomainsStatsNowait
		}
		return rpc.ConnectGetAllDomainStats(domains, uint32(statsWanted), uint32(flags))
	})
}

// statsOneByOne asks each guest apart, those that hang only how long they do.
func (h *hypervisor) statsOneByOne(ctx context.Context) ([]host.Sample, error) {
	domains, err := request(ctx, h, "listing the guests", func(rpc *libvirt.Libvirt) ([]libvirt.Domain, error) {
		active, _, err := rpc.ConnectListAllDomains(1, libvirt.ConnectListDomainsActive)
		return active, err
	})
	if err != nil {
		return nil, err
	}
	return h.sampleEach(ctx, len(domains), func(ctx context.Context, i int) (host.Sample, bool) {
		if hung, since := h.hung(ctx, domains[i]); hung {
			return silent(domains[i], true, since), true
		}
		short, cancel := context.WithTimeout(ctx, singleStatsTime)
		defer cancel()
		records, err := h.readStats(short, domains[i:i+1])
		if err != nil || len(records) == 0 {
			// Gone meanwhile, or it hangs since we asked.
			hung, since := h.hung(ctx, domains[i])
			return silent(domains[i], hung, since), hung
		}
		return h.sample(ctx, records[0])
	})
}

// sampleEach makes n samples, some at a time, and keeps those that were made.
func (h *hypervisor) sampleEach(ctx context.Context, n int, one func(context.Context, int) (host.Sample, bool)) ([]host.Sample, error) {
	samples := make([]host.Sample, n)
	made := make([]bool, n)
	tokens := make(chan struct{}, statsAtOnce)
	var wait sync.WaitGroup
	for i := range n {
		tokens <- struct{}{}
		wait.Go(func() {
			defer func() { <-tokens }()
			samples[i], made[i] = one(ctx, i)
		})
	}
	wait.Wait()
	if ctx.Err() != nil {
		return nil, gaveUp(ctx, "sampling the guests")
	}
	kept := samples[:0]
	for i, sample := range samples {
		if made[i] {
			kept = append(kept, sample)
		}
	}
	h.names.keepOnly(kept)
	return kept, nil
}

// hung says whether a request to the guest's QEMU has been under way for long,
// or cannot be made at all, and for how long that is so.
func (h *hypervisor) hung(ctx context.Context, domain libvirt.Domain) (bool, time.Duration) {
	type control struct {
		state libvirt.DomainControlState
		since time.Duration
	}
	now, err := request(ctx, h, "asking whether QEMU answers", func(rpc *libvirt.Libvirt) (control, error) {
		state, _, milliseconds, err := rpc.DomainGetControlInfo(domain, 0)
		return control{libvirt.DomainControlState(state), time.Duration(milliseconds) * time.Millisecond}, err
	})
	if err != nil {
		return false, 0
	}
	switch now.state {
	case libvirt.DomainControlOccupied:
		return now.since >= hungAfter, now.since
	case libvirt.DomainControlError:
		return true, now.since
	default:
		return false, 0
	}
}

// sample reads one record. Where QEMU's part is missing, something else talks to
// QEMU, or nothing can. The former takes a moment, which is waited for.
func (h *hypervisor) sample(ctx context.Context, record libvirt.DomainStatsRecord) (host.Sample, bool) {
	counters := newFields(record.Params)
	var hung bool
	var since time.Duration
	if counters.incomplete() {
		if hung, since = h.hung(ctx, record.Dom); !hung {
			counters = h.patientStats(ctx, record.Dom, counters)
		}
	}
	sample := readSample(idOf(record.Dom), time.Now(), counters)
	sample.Hung, sample.Since = hung, since
	h.nameDevices(ctx, record.Dom, counters, &sample)
	return sample, true
}

// patientStats samples one guest and waits for its QEMU to be free. When that
// lasts, what is known already has to do.
func (h *hypervisor) patientStats(ctx context.Context, domain libvirt.Domain, known fields) fields {
	short, cancel := context.WithTimeout(ctx, singleStatsTime)
	defer cancel()
	records, err := command(short, h, h.control, idOf(domain), "sampling a guest",
		func(rpc *libvirt.Libvirt) ([]libvirt.DomainStatsRecord, error) {
			return rpc.ConnectGetAllDomainStats([]libvirt.Domain{domain}, uint32(statsWanted), 0)
		})
	if err != nil || len(records) == 0 {
		return known
	}
	return newFields(records[0].Params)
}

// deviceNames remembers which device of a guest has which name on the host, for
// as long as the names stay the same.
type deviceNames struct {
	mu    sync.Mutex
	known map[model.ID]namedDevices
}

type namedDevices struct {
	// key is all names as the sample shows them.
	key  string
	read time.Time
	// disks and nics are by the host's names; macs are all NICs, as those in
	// user mode have no name.
	disks map[string]model.ID
	nics  map[string]string
	macs  []string
}
