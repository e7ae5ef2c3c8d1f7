package inventory_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/store"
	"vireo/internal/store/sqlstore"
)

func open(t testing.TB, path string) (*inventory.Inventory, store.Store) {
	t.Helper()
	kept, err := sqlstore.Open(context.Background(), "", sqlstore.Options{DefaultPath: path})
	if err != nil {
		t.Fatal(err)
	}
	inv, err := inventory.Open(context.Background(), kept)
	if err != nil {
		t.Fatal(err)
	}
	return inv, kept
}

func fresh(t testing.TB) *inventory.Inventory {
	t.Helper()
	inv, kept := open(t, filepath.Join(t.TempDir(), "db"))
	t.Cleanup(func() { _ = kept.Close() })
	return inv
}

func update(t testing.TB, inv *inventory.Inventory, change func(tx *inventory.Tx) error) {
	t.Helper()
	if err := inv.Update(context.Background(), change); err != nil {
		t.Fatal(err)
	}
}

// books is the inventory next to a map: what it must be.
type books struct {
	inv  *inventory.Inventory
	kept store.Store
	path string
	vms  map[model.ID]string
	jobs map[model.ID][]model.Ref // running
}

var errNo = errors.New("no")

// ids and names are few, so that they meet.
var (
	ids   = rapid.SampledFrom([]model.ID{"a", "b", "c", "d", "e"})
	names = rapid.SampledFrom([]string{"x", "y", "z"})
)

// tx makes a transaction of a few changes, which is refused now and then.
func (b *books) tx(t *rapid.T) {
	vms, jobs := maps.Clone(b.vms), maps.Clone(b.jobs)
	refuse := rapid.IntRange(0, 4).Draw(t, "refuse") == 0
	err := b.inv.Update(context.Background(), func(tx *inventory.Tx) error {
		for range rapid.IntRange(1, 5).Draw(t, "changes") {
			b.change(t, tx, vms, jobs)
			compareTables(t, tx.VMs.All(), tx.VMs.Get, tx.VMs.Named, vms)
			compareLocks(t, tx.Holder, jobs)
		}
		if refuse {
			return errNo
		}
		return nil
	})
	switch {
	case refuse && !errors.Is(err, errNo):
		t.Fatalf("a refusal gave %v", err)
	case !refuse && err != nil:
		t.Fatal(err)
	case !refuse:
		b.vms, b.jobs = vms, jobs
	}
}

func (b *books) change(t *rapid.T, tx *inventory.Tx, vms map[model.ID]string, jobs map[model.ID][]model.Ref) {
	id, name := ids.Draw(t, "id"), names.Draw(t, "name")
	switch rapid.SampledFrom([]string{"put", "edit", "delete", "job", "end"}).Draw(t, "change") {
	case "put":
		tx.VMs.Put(&model.VM{ID: id, VMConfig: model.VMConfig{Name: name}})
		vms[id] = name
	case "edit":
		vm, ok := tx.VMs.Edit(id)
		if _, want := vms[id]; ok != want {
			t.Fatalf("editing %s: %v", id, ok)
		}
		if ok {
			vm.Name = name
			vms[id] = name
		}
	case "delete":
		tx.VMs.Delete(id)
		delete(vms, id)
	case "job":
		refs := []model.Ref{{Kind: model.KindVM, ID: id}}
		if _, held := tx.Holder(refs[0]); held {
			return // as the engine does
		}
		if _, exists := jobs[id]; exists {
			return
		}
		tx.PutJob(&model.Job{ID: id, Status: model.JobStarted, Locks: refs})
		jobs[id] = refs
	case "end":
		job, running := tx.Job(id)
		if running && job.Status == model.JobStarted {
			ended := model.Clone(job)
			ended.Status = model.JobFinished
			tx.PutJob(ended)
			delete(jobs, id)
		}
	}
}

func compareTables(t *rapid.T, all []*model.VM, get func(model.ID) (*model.VM, bool), named func(string) []*model.VM, want map[model.ID]string) {
	if len(all) != len(want) {
		t.Fatalf("%d objects, want %d", len(all), len(want))
	}
	if !slices.IsSortedFunc(all, func(a, b *model.VM) int {
		return cmpText(a.Name+"\x00"+string(a.ID), b.Name+"\x00"+string(b.ID))
	}) {
		t.Fatal("not sorted by name")
	}
	counts := make(map[string]int)
	for id, name := range want {
		counts[name]++
		if vm, ok := get(id); !ok || vm.Name != name {
			t.Fatalf("%s is %v, want %q", id, vm, name)
		}
	}
	for _, name := range []string{"x", "y", "z"} {
		if found := named(name); len(found) != counts[name] {
			t.Fatalf("%d are called %s, want %d", len(found), name, counts[name])
		}
	}
}

func cmpText(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func compareLocks(t *rapid.T, holder func(model.Ref) (*model.Job, bool), jobs map[model.ID][]model.Ref) {
	for _, id := range []model.ID{"a", "b", "c", "d", "e"} {
		ref := model.Ref{Kind: model.KindVM, ID: id}
		want := model.ID("")
		for job, locks := range jobs {
			if slices.Contains(locks, ref) {
				want = job
			}
		}
		job, held := holder(ref)
		if held != (want != "") || held && job.ID != want {
			t.Fatalf("%s is held by %v, want %q", id, job, want)
		}
	}
}

func (b *books) compare(t *rapid.T) {
	compareTables(t, b.inv.VMs.All(), b.inv.VMs.Get, b.inv.VMs.Named, b.vms)
	compareLocks(t, b.inv.Holder, b.jobs)
	if b.inv.VMs.Len() != len(b.vms) || len(b.inv.Jobs()) != len(b.jobs) {
		t.Fatalf("%d VMs and %d jobs", b.inv.VMs.Len(), len(b.inv.Jobs()))
	}
}

// reopen reads everything anew.
func (b *books) reopen(tb testing.TB) func(*rapid.T) {
	return func(t *rapid.T) {
		if err := b.kept.Close(); err != nil {
			t.Fatal(err)
		}
		b.inv, b.kept = open(tb, b.path)
	}
}

// TestAgainstAMap: after any transactions, refused ones among them, the inventory
// is what a map would be, and is so again when it is read anew.
func TestAgainstAMap(t *testing.T) {
	dir := t.TempDir()
	made := 0
	rapid.Check(t, func(rt *rapid.T) {
		made++
		b := &books{path: filepath.Join(dir, fmt.Sprint(made)), vms: make(map[model.ID]string), jobs: make(map[model.ID][]model.Ref)}
		b.inv, b.kept = open(t, b.path)
		defer func() { _ = b.kept.Close() }()
		rt.Repeat(map[string]func(*rapid.T){"tx": b.tx, "reopen": b.reopen(t), "": b.compare})
	})
}

// TestReadersKeepWhatTheyWereGiven: a value never changes once it was read, nor
// does a list.
func TestReadersKeepWhatTheyWereGiven(t *testing.T) {
	inv := fresh(t)
	update(t, inv, func(tx *inventory.Tx) error {
		tx.VMs.Put(&model.VM{ID: "a", VMConfig: model.VMConfig{Name: "a", Tags: []model.ID{"red"}}})
		tx.VMs.Put(&model.VM{ID: "b", VMConfig: model.VMConfig{Name: "b"}})
		return nil
	})
	before, _ := inv.VMs.Get("a")
	copied := model.Clone(before)
	all := inv.VMs.All()
	list := slices.Clone(all)
	update(t, inv, func(tx *inventory.Tx) error {
		vm, _ := tx.VMs.Edit("a")
		vm.Name, vm.Tags[0] = "z", "blue"
		tx.VMs.Delete("b")
		tx.VMs.Put(&model.VM{ID: "c", VMConfig: model.VMConfig{Name: "c"}})
		return nil
	})
	if !reflect.DeepEqual(before, copied) || !slices.Equal(all, list) {
		t.Error("what was read has changed")
	}
	if now, _ := inv.VMs.Get("a"); now == before || now.Name != "z" || now.Tags[0] != "blue" {
		t.Errorf("it is %+v now", now)
	}
}

// TestRefusedTransaction changes nothing, and nobody is told.
func TestRefusedTransaction(t *testing.T) {
	inv := fresh(t)
	inv.Follow(func(ref model.Ref, _ model.Object) { t.Errorf("told of %s", ref) })
	changed := inv.Changed()
	err := inv.Update(t.Context(), func(tx *inventory.Tx) error {
		tx.VMs.Put(&model.VM{ID: "a"})
		tx.PutJob(&model.Job{ID: "j", Status: model.JobStarted, Locks: []model.Ref{{Kind: model.KindVM, ID: "a"}}})
		tx.Event(model.Event{Code: 1})
		return errNo
	})
	if !errors.Is(err, errNo) || inv.VMs.Len() != 0 || len(inv.Jobs()) != 0 {
		t.Errorf("%v; %d VMs", err, inv.VMs.Len())
	}
	select {
	case <-changed:
		t.Error("it says that it has changed")
	default:
	}
	if last, err := inv.Store().LastEvent(t.Context()); err != nil || last != 0 {
		t.Errorf("event %d, %v", last, err)
	}
}

// TestWhatCannotBeWritten is not seen by readers either.
func TestWhatCannotBeWritten(t *testing.T) {
	inv := fresh(t)
	update(t, inv, func(tx *inventory.Tx) error { tx.VMs.Put(&model.VM{ID: "a"}); return nil })
	if err := inv.Store().Close(); err != nil {
		t.Fatal(err)
	}
	err := inv.Update(t.Context(), func(tx *inventory.Tx) error {
		tx.VMs.Delete("a")
		tx.VMs.Put(&model.VM{ID: "b"})
		return nil
	})
	if !errors.Is(err, store.ErrFenced) {
		t.Errorf("it gave %v", err)
	}
	if _, ok := inv.VMs.Get("a"); !ok || inv.VMs.Len() != 1 {
		t.Error("readers see what was not written")
	}
}

// TestEventsAreNumbered one by one, across transactions at once.
func TestEventsAreNumbered(t *testing.T) {
	inv := fresh(t)
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			_ = inv.Update(t.Context(), func(tx *inventory.Tx) error {
				tx.Event(model.Event{Code: 1, Severity: model.SeverityNormal})
				tx.Event(model.Event{Code: 2, Severity: model.SeverityNormal})
				return nil
			})
		})
	}
	all.Wait()
	var got []int64
	err := inv.Store().Events(t.Context(), store.EventQuery{Ascending: true}, func(event *model.Event) bool {
		got = append(got, event.ID)
		return true
	})
	if err != nil || len(got) != 40 {
		t.Fatalf("%d events, %v", len(got), err)
	}
	for i, id := range got {
		if id != int64(i+1) {
			t.Fatalf("event %d has the id %d", i, id)
		}
	}
}

// TestFollowersAreToldOfJobs as they are written.
func TestFollowersAreToldOfJobs(t *testing.T) {
	inv := fresh(t)
	var told []string
	inv.Follow(func(ref model.Ref, object model.Object) {
		_, running := inv.Job(ref.ID)
		told = append(told, fmt.Sprintf("%s %s %v", ref, object.ObjectName(), running))
	})
	for _, status := range []model.JobStatus{model.JobStarted, model.JobFinished} {
		update(t, inv, func(tx *inventory.Tx) error {
			tx.PutJob(&model.Job{ID: "j", Description: "work", Status: status})
			return nil
		})
	}
	if !slices.Equal(told, []string{"job/j work true", "job/j work false"}) {
		t.Errorf("told %v", told)
	}
}

// TestFollowersSeeWhatIsVisible: when a follower is called, readers have it.
func TestFollowersSeeWhatIsVisible(t *testing.T) {
	inv := fresh(t)
	var told []string
	inv.Follow(func(ref model.Ref, object model.Object) {
		_, there := inv.VMs.Get(ref.ID)
		told = append(told, fmt.Sprintf("%s %v", ref.ID, there))
		if there != (object != nil) {
			t.Errorf("%s: told %v, readers see %v", ref, object != nil, there)
		}
	})
	update(t, inv, func(tx *inventory.Tx) error { tx.VMs.Put(&model.VM{ID: "a"}); return nil })
	update(t, inv, func(tx *inventory.Tx) error { tx.VMs.Delete("a"); return nil })
	if !slices.Equal(told, []string{"a true", "a false"}) {
		t.Errorf("told %v", told)
	}
}
