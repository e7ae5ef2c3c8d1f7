package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/model"
)

// pairs is how many migrations of each kind are measured.
const pairs = 7

// TestMigrationCost measures migrations through the API beside those of virsh, of the
// same guest between the same hosts, taking turns. The API adds what it writes down.
func TestMigrationCost(t *testing.T) {
	if !soak {
		t.Skip("it measures, and wants a quiet machine (VIREO_SOAK=1)")
	}
	y := farm(t, 2)
	e := y.engine(t, map[string]string{"MigrationBandwidth": "0"})
	v := e.create(t)
	v.act(t, "start", onHost("<host><name>local</name></host>"))
	v.await(t, "up")
	m := &mover{v, y.hosts[0]}
	// What virsh moves is no VM of the engine.
	other := e.create(t)
	other.act(t, "start", onHost("<host><name>local</name></host>"))
	other.await(t, "up")
	twin := string(model.NewID())
	text := strings.NewReplacer(other.id, twin, other.name, other.name+"-twin").Replace(y.hosts[0].must(t, "dumpxml", "--migratable", other.id))
	other.act(t, "stop")
	other.await(t, "down")
	plain := y.hosts[0]
	plain.define(t, text)
	plain.must(t, "start", twin)
	t.Cleanup(func() { plain.erase(twin) })
	eventually(t, "the twin to be up", func() (bool, string) {
		output, err := plain.inside(twin, "cat /run/vireo/count")
		return err == nil && output != "", fmt.Sprint(err)
	})
	var ours, theirs []time.Duration
	for range pairs {
		from, to := m.at, m.elsewhere()
		began := time.Now()
		e.call(t, "POST", m.path()+"/migrate", `<action><async>false</async><host id="`+to.engineID+`"/></action>`)
		ours = append(ours, time.Since(began))
		m.find(t, from, to)

		next := y.hosts[0]
		if plain == next {
			next = y.hosts[1]
		}
		began = time.Now()
		plain.must(t, "migrate", "--live", "--p2p", "--persistent", "--undefinesource", "--auto-converge", twin, next.address)
		theirs = append(theirs, time.Since(began))
		plain = next
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	ratio := float64(ours[pairs/2]) / float64(theirs[pairs/2])
	t.Logf("medians of %d: %v through the API, %v by virsh, ratio %.2f", pairs, ours[pairs/2], theirs[pairs/2], ratio)
	if ratio > 1.5 {
		t.Errorf("the API takes %.2f times as long: %v beside %v", ratio, ours, theirs)
	}
}
