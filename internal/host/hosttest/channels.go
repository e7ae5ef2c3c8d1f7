package hosttest

import (
	"strings"
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

func channelLeadsToAgent(t *testing.T, target Target) {
	b := open(t, target)
	spec := b.spec("channel")
	target.Talks(t, spec)
	b.must("Boot", b.Boot(b.ctx, spec))

	first, heard := b.channel(spec.ID)
	b.until("the agent speaks", func() bool { return heard.has(`"heartbeat"`) })
	// In both directions lines are whole, and longer than what a stream carries at once.
	for _, size := range []int{1, 300_000} {
		word := strings.Repeat("z", size) + "!"
		b.must("Send", first.Send(b.ctx, []byte(`{"__name__": "echo", "word": "`+word+`"}`+"\n")))
		b.until("the agent says it again", func() bool { return heard.has(word) })
	}

	// Whoever comes later has it.
	second, heard := b.channel(spec.ID)
	b.until("the first channel ends", over(first))
	if err := first.Send(b.ctx, []byte("{}\n")); err == nil {
		t.Error("what has ended can be written to")
	}
	b.until("the agent speaks again", func() bool { return heard.has(`"heartbeat"`) })
	b.twice("Close", second.Close)
	b.until("it has ended", over(second))

	// And so has an engine that comes after one which was lost.
	b.connect()
	last, heard := b.channel(spec.ID)
	b.until("the agent speaks to the next engine", func() bool { return heard.has(`"heartbeat"`) })
	b.must("Destroy", b.Destroy(b.ctx, spec.ID))
	b.until("the channel ends with the guest", over(last))
	b.must("Close after the end", last.Close())
	_, err := b.OpenChannel(b.ctx, spec.ID, func([]byte) {})
	b.refused("OpenChannel of a guest that is off", err, host.RefusedState)
}

// channel opens the channel to a guest's agent.
func (b *bench) channel(id model.ID) (host.Channel, *reading) {
	b.Helper()
	heard := &reading{}
	opened, err := b.OpenChannel(b.ctx, id, func(data []byte) { _, _ = heard.Write(data) })
	b.must("OpenChannel", err)
	b.Cleanup(func() { _ = opened.Close() })
	return opened, heard
}

// over says whether a channel has ended.
func over(opened host.Channel) func() bool {
	return func() bool {
		select {
		case <-opened.Done():
			return true
		default:
			return false
		}
	}
}
