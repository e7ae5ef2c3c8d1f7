package guests

import (
	"sync"
	"time"

	"vireo/internal/guestagent"
	"vireo/internal/host"
	"vireo/internal/model"
)

// What an agent may say in a span of time; more is a flood. One that is honest says a few
// lines every five seconds, and lists of some tens of KiB when they change.
const (
	floodSpan            = 10 * time.Second
	mostBytes, mostLines = 8 << 20, 5000
	// What an agent is told on one channel. It may read nothing of it, and what a guest
	// does not read stays in the connection to its host, which all guests there share:
	// then the channel is opened anew, which throws it away.
	mostTold, mostTellings = 32 << 10, 64
	// floodPause is how long a flood is not listened to: the guest has to wait.
	floodPause = time.Minute
)

// agent is the agent in the guest of one run of a VM, on one host, as far as it is there.
type agent struct {
	room  *Room
	vm    model.ID
	host  model.ID
	epoch uint64

	mu sync.Mutex
	// channel is open; next is when it is to be opened otherwise, unless opening says that
	// it is being opened, or gone that it never is to be. opened counts.
	channel       host.Channel
	opening, gone bool
	opened        uint64
	next          time.Time
	pause         time.Duration

	reader *guestagent.Reader
	// heard is the last sign of life; alive says that it counts, shown that it is part of
	// what is known of the guest.
	heard        time.Time
	alive, shown bool
	changed      bool
	// version is the one that the agent has said, agreed the one that it was answered.
	version, agreed int

	// told and tellings are the bytes and lines that it was told on this channel.
	told, tellings int

	// bytes and lines were said since the span of time began.
	span         time.Time
	bytes, lines int
	flooded      bool
	// toldFlood says that an event has told of it, in this run; of the keeper alone.
	toldFlood bool
}

func newAgent(r *Room, vm *model.VM) *agent {
	return &agent{
		room: r, vm: vm.ID, host: vm.Run.Host, epoch: vm.Run.Epoch, pause: firstPause,
		reader: guestagent.NewReader(r.budget), version: -1, agreed: -1,
	}
}

// hear takes what comes on the channel that was opened as the nth. It is called by the
// connection to the host, which has other guests to hear.
func (a *agent) hear(nth uint64, data []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if nth != a.opened || a.flooded || a.gone {
		return
	}
	now := time.Now()
	if now.Sub(a.span) >= floodSpan {
		a.span, a.bytes, a.lines = now, 0, 0
	}
	said := a.reader.Feed(data)
	a.bytes, a.lines = a.bytes+len(data), a.lines+said.Lines
	if a.bytes > mostBytes || a.lines > mostLines {
		a.flooded = true
		a.reader.Close()
		a.room.stir()
		return
	}
	a.changed = a.changed || said.Changed
	if said.Version >= 0 {
		a.version = said.Version
	}
	switch {
	case said.Gone:
		a.heard = time.Time{}
	case said.Alive:
		a.heard = now
		a.pause = firstPause
		if !a.alive {
			a.room.stir() // who waits for it has waited long enough
		}
	}
}

// due is what is to be done for an agent.
type due struct {
	// open says that its channel is to be opened; close is one that is to be closed.
	open    bool
	close   host.Channel
	flooded bool
	// woken says that it is heard for the first time, or again; silent that it is not any
	// more. report is what it says, when that is another thing than before.
	woken, silent bool
	report        *model.GuestReport
	// answer is to be sent on channel.
	answer  []byte
	channel host.Channel
}

func (a *agent) due(now time.Time, silence time.Duration) due {
	a.mu.Lock()
	defer a.mu.Unlock()
	var out due
	if a.channel != nil {
		select {
		case <-a.channel.Done():
			a.hangUp(now, a.pause)
			a.pause = min(2*a.pause, longestPause)
		default:
		}
	}
	if a.channel != nil && (a.told > mostTold || a.tellings > mostTellings) {
		out.close = a.channel
		a.hangUp(now, 0)
	}
	a.reader.Expire(now.Add(-floodSpan))
	if a.flooded {
		out.flooded, out.close = true, a.channel
		a.flooded = false
		a.hangUp(now, floodPause)
	}
	alive := !a.heard.IsZero() && now.Sub(a.heard) < silence
	out.woken = alive && !a.alive
	a.alive = alive
	switch {
	case !alive && a.shown:
		out.silent, a.shown = true, false
	case alive && (a.changed || !a.shown):
		report := a.reader.Report()
		out.report = &report
		a.shown, a.changed = true, false
	}
	// Once: it is for the agent to keep to it.
	if a.channel != nil && a.agreed < 0 && a.version >= 0 {
		out.answer, out.channel = guestagent.Agree(a.version), a.channel
		a.agreed = a.version
	}
	if a.channel == nil && !a.opening && !a.gone && !now.Before(a.next) {
		out.open, a.opening = true, true
	}
	return out
}

// hangUp forgets the channel, for a while.
func (a *agent) hangUp(now time.Time, pause time.Duration) {
	a.channel = nil
	a.opened++
	a.next = now.Add(pause)
	a.version, a.agreed = -1, -1
	a.told, a.tellings = 0, 0
	a.reader.Close()
}

// tells counts what the agent is told on a channel.
func (a *agent) tells(on host.Channel, line []byte) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if on == a.channel {
		a.told, a.tellings = a.told+len(line), a.tellings+1
	}
}

// wait says that nobody has had time to open the channel; it is its turn as soon as
// somebody has.
func (a *agent) wait() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.opening = false
}

// rest says that the channel could not be opened.
func (a *agent) rest() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.opening = false
	a.next = time.Now().Add(a.pause)
	a.pause = min(2*a.pause, longestPause)
}

// give says that the channel will not be opened any more.
func (a *agent) give() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.opening, a.gone = false, true
}

// leave ends it all, for the guest is gone from the host; it gives the channel that is to
// be closed.
func (a *agent) leave() host.Channel {
	a.mu.Lock()
	defer a.mu.Unlock()
	channel := a.channel
	a.channel, a.gone = nil, true
	a.reader.Close()
	return channel
}

// isOf says whether it is the agent of a VM as it runs now.
func (a *agent) isOf(vm *model.VM) bool { return a.host == vm.Run.Host && a.epoch == vm.Run.Epoch }

// spoken gives the channel of an agent that is heard.
func (a *agent) spoken(silence time.Duration) (host.Channel, bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.channel != nil {
		select {
		case <-a.channel.Done():
			return nil, false
		default:
		}
	}
	return a.channel, a.channel != nil && !a.heard.IsZero() && time.Since(a.heard) < silence
}
