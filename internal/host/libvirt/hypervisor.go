package libvirt

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/digitalocean/go-libvirt"
	"github.com/google/uuid"

	"vireo/internal/host"
	"vireo/internal/model"
)

// hypervisor is the connection to one host: a few links for short requests
// (control), some for those that take as long as the guest is big (work), one for the
// channels to agents in guests (switchboard), and one that carries events and is tested
// (events).
type hypervisor struct {
	driver  Driver
	target  target
	control *pool
	work    *pool
	events  *link
	log     *slog.Logger
	profile profile

	gates   gates
	reasons pauseReasons
	reboots pendingReboots
	names   deviceNames
	moves   moves
	words   ownWords

	switchboard switchboard
	// displaysSecured says that a display of the host has spoken TLS.
	displaysSecured atomic.Bool

	done     chan struct{}
	lose     func(why string)
	watching sync.Once

	// mu orders the closing of done before or after the start of a task.
	mu    sync.Mutex
	tasks sync.WaitGroup
}

var _ host.Host = (*hypervisor)(nil)

// The most connections of each kind. A hung guest keeps at most two slots.
const (
	controlLinks = 8
	workLinks    = 4
)

func openHypervisor(ctx context.Context, d Driver, t target) (*hypervisor, error) {
	h := &hypervisor{driver: d, target: t, log: d.Log.With("host", t.String()), done: make(chan struct{})}
	h.gates.init()
	h.switchboard.init()
	var once sync.Once
	h.lose = func(why string) {
		once.Do(func() {
			h.log.InfoContext(ctx, "connection to the host ended", "why", why)
			h.shut()
		})
	}
	lost := func() { h.lose("the daemon closed it") }
	h.control = newPool(t, controlLinks, lost)
	h.work = newPool(t, workLinks, lost)
	var err error
	if h.events, err = openLink(ctx, t); err != nil {
		return nil, err
	}
	if h.profile, err = h.readProfile(ctx); err != nil {
		h.lose("it could not be read")
		h.events.wait()
		h.control.wait.Wait()
		return nil, err
	}
	h.inBackground(h.watchLink)
	return h, nil
}

// inBackground runs a task that Close waits for; none begins after the end.
func (h *hypervisor) inBackground(task func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	select {
	case <-h.done:
		return false
	default:
		h.tasks.Go(task)
		return true
	}
}

// shut closes everything; it is called once, through lose.
func (h *hypervisor) shut() {
	h.mu.Lock()
	close(h.done)
	h.mu.Unlock()
	h.control.close()
	h.work.close()
	h.switchboard.close()
	h.events.close()
}

// Done is closed when the connection is lost or closed.
func (h *hypervisor) Done() <-chan struct{} { return h.done }

// Close ends the connection and waits for everything that runs in its name.
func (h *hypervisor) Close() error {
	h.lose("it was closed")
	h.events.wait()
	h.control.wait.Wait()
	h.work.wait.Wait()
	h.switchboard.wait.Wait()
	h.tasks.Wait()
	return nil
}

// watchLink tests the connection for events with the cheapest request, because
// libvirt's own keepalive is not in the library. The link carries nothing else,
// so a slow guest cannot make a live daemon look dead.
func (h *hypervisor) watchLink() {
	tick := time.NewTicker(h.driver.PingInterval)
	defer tick.Stop()
	answered := time.Now()
	var pending <-chan outcome[uint64]
	for {
		var expired <-chan time.Time
		if pending != nil {
			expired = time.After(time.Until(answered.Add(h.driver.PingLimit)))
		}
		select {
		case <-h.done:
			return
		case <-h.events.lost:
			h.lose("the daemon closed it")
			return
		case result := <-pending:
			if result.err != nil {
				h.lose("a ping failed: " + result.err.Error())
				return
			}
			pending, answered = nil, time.Now()
		case <-expired:
			h.lose("the daemon does not answer pings")
			return
		case <-tick.C:
			if pending == nil {
				pending = start(h.events, func() {}, (*libvirt.Libvirt).ConnectGetLibVersion)
			}
		}
	}
}

// Alive asks for the daemon's version, which it answers without touching a guest.
func (h *hypervisor) Alive(ctx context.Context) error {
	_, err := request(ctx, h, "asking whether the host is alive", (*libvirt.Libvirt).ConnectGetLibVersion)
	return err
}

// request makes a short call that concerns the host, or one that libvirt
// answers without asking QEMU.
func request[T any](ctx context.Context, h *hypervisor, doing string, f func(*libvirt.Libvirt) (T, error)) (T, error) {
	value, err := ask(ctx, h.control, doing, func() {}, f)
	return value, sortOut(doing, err)
}

// command makes a call that may have to wait for a guest's QEMU. Of each guest
// only a few are under way at a time, so that one that hangs cannot take up all
// of the daemon's workers.
func command[T any](ctx context.Context, h *hypervisor, p *pool, id model.ID, doing string,
	f func(*libvirt.Libvirt) (T, error),
) (T, error) {
	return gated(ctx, h, p, gateKey{guest: id}, doing, f)
}

func gated[T any](ctx context.Context, h *hypervisor, p *pool, key gateKey, doing string,
	f func(*libvirt.Libvirt) (T, error),
) (T, error) {
	var none T
	leave, err := h.gates.enter(ctx, key)
	if err != nil {
		return none, gaveUp(ctx, doing)
	}
	value, err := ask(ctx, p, doing, leave, f)
	return value, sortOut(doing, err)
}

// domainOf is how libvirt's calls name a guest; they look at the UUID only.
func domainOf(id model.ID) libvirt.Domain {
	parsed, err := uuid.Parse(string(id))
	if err != nil {
		return libvirt.Domain{}
	}
	return libvirt.Domain{UUID: libvirt.UUID(parsed), Name: "by-uuid", ID: -1}
}

// idOf is the id of a domain in an answer or an event.
func idOf(domain libvirt.Domain) model.ID { return model.ID(uuid.UUID(domain.UUID).String()) }
