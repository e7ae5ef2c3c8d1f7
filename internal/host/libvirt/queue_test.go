package libvirt

import (
	"testing"

	"vireo/internal/host"
	"vireo/internal/model"
)

// TestQueueJoinsEqualEvents puts many events before anybody reads: the last of
// each kind is kept, in the order in which they came.
func TestQueueJoinsEqualEvents(t *testing.T) {
	queue := newEventQueue()
	queue.writers(1)
	one, two := model.NewID(), model.NewID()
	for range 1000 {
		queue.put(host.Event{Guest: one, Kind: host.EventStarted})
		queue.put(host.Event{Guest: two, Kind: host.EventStarted})
		queue.put(host.Event{Guest: one, Kind: host.EventStopped, End: host.EndShutdown})
	}
	queue.put(host.Event{Guest: one, Kind: host.EventStopped, End: host.EndCrashed})
	queue.leave()
	out := make(chan host.Event)
	go func() {
		defer close(out)
		queue.deliver(out, nil)
	}()
	var got []host.Event
	for event := range out {
		got = append(got, event)
	}
	want := []host.Event{
		{Guest: one, Kind: host.EventStarted},
		{Guest: two, Kind: host.EventStarted},
		{Guest: one, Kind: host.EventStopped, End: host.EndCrashed},
	}
	if len(got) != len(want) {
		t.Fatalf("got %v", got)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("event %d is %+v", i, got[i])
		}
	}
}

func TestQueueEndsWithoutReader(t *testing.T) {
	queue := newEventQueue()
	queue.writers(1)
	queue.put(host.Event{Kind: host.EventStarted})
	done := make(chan struct{})
	close(done)
	queue.deliver(make(chan host.Event), done)
}
