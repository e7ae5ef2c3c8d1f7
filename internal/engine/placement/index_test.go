package placement_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"vireo/internal/engine/placement"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/store/sqlstore"
)

// asked is what an index answers for a VM that is too big for any host: each host
// with its free memory, to the byte.
func asked(tx *inventory.Tx, index *placement.Index) []string {
	big := &model.VM{ID: "big", VMConfig: model.VMConfig{Cluster: "cluster", Memory: 1 << 50}}
	_, err := index.Choose(tx, placement.Needs{VM: big, Verb: "run"}, placement.Limits{GuestOverhead: 1 << 20})
	return fault.Of(err).Messages
}

// TestIndexIsExact: whatever transactions did, refused ones among them, an index
// that was kept knows what one that counts all VMs anew does, also in the middle of
// a transaction.
func TestIndexIsExact(t *testing.T) {
	dir := t.TempDir()
	made := 0
	ids := rapid.SampledFrom([]model.ID{"a", "b", "c", "d", "big"})
	hosts := rapid.SampledFrom([]model.ID{"", "h1", "h2", "h3"})
	statuses := rapid.SampledFrom([]model.Status{
		model.StatusUp, model.StatusDown, model.StatusSuspended, model.StatusImageLocked, model.StatusMigrating, model.StatusUnknown,
	})
	change := func(rt *rapid.T, tx *inventory.Tx) {
		switch rapid.IntRange(0, 9).Draw(rt, "what") {
		case 0:
			tx.VMs.Delete(ids.Draw(rt, "id"))
		case 1:
			id := rapid.SampledFrom([]model.ID{"h1", "h2"}).Draw(rt, "host")
			status := rapid.SampledFrom([]model.HostStatus{model.HostUp, model.HostNonResponsive}).Draw(rt, "status")
			tx.Hosts.Put(&model.Host{
				ID: id, Name: string(id), Cluster: "cluster", Status: status,
				Facts: model.HostFacts{Memory: 1 << 40},
			})
		default:
			vm := &model.VM{ID: ids.Draw(rt, "id"), VMConfig: model.VMConfig{Cluster: "cluster", Memory: rapid.Int64Range(1, 4).Draw(rt, "memory") << 30}}
			vm.Run.Host, vm.Run.Status = hosts.Draw(rt, "on"), statuses.Draw(rt, "status")
			if to := hosts.Draw(rt, "to"); to != "" {
				vm.Run.Migration = &model.Migration{To: to}
			}
			tx.VMs.Put(vm)
		}
	}
	rapid.Check(t, func(rt *rapid.T) {
		made++
		kept, err := sqlstore.Open(t.Context(), "", sqlstore.Options{DefaultPath: filepath.Join(dir, fmt.Sprint(made))})
		if err != nil {
			t.Fatal(err)
		}
		defer kept.Close()
		inv, err := inventory.Open(t.Context(), kept)
		if err != nil {
			t.Fatal(err)
		}
		index := placement.NewIndex(inv)
		for range rapid.IntRange(1, 8).Draw(rt, "transactions") {
			refused := rapid.Bool().Draw(rt, "refused")
			var before, within []string
			err := inv.Update(t.Context(), func(tx *inventory.Tx) error {
				before = asked(tx, index)
				for range rapid.IntRange(1, 4).Draw(rt, "changes") {
					change(rt, tx)
				}
				within = asked(tx, index)
				if refused {
					return fault.New(fault.Invalid, "try", "no")
				}
				return nil
			})
			if (err != nil) != refused {
				t.Fatal(err)
			}
			want := within
			if refused {
				want = before
			}
			fresh := placement.NewIndex(inv)
			_ = inv.Update(t.Context(), func(tx *inventory.Tx) error {
				if anew := asked(tx, fresh); !slices.Equal(anew, want) {
					rt.Fatalf("counted anew: %q, the index: %q", anew, want)
				}
				if now := asked(tx, index); !slices.Equal(now, want) {
					rt.Fatalf("the index says %q now, and said %q", now, want)
				}
				return nil
			})
		}
	})
}
