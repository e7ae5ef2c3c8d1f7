package inventory

import (
	"cmp"
	"slices"
	"sync"

	"vireo/internal/model"
)

// Table holds the objects of one kind. It is safe for concurrent use.
type Table[P model.Object] struct {
	mu     sync.RWMutex
	byID   map[model.ID]P
	byName []P // sorted by name, then id; copied on write, never changed in place
}

func newTable[P model.Object]() *Table[P] {
	return &Table[P]{byID: make(map[model.ID]P)}
}

// Get finds an object by its id.
func (t *Table[P]) Get(id model.ID) (P, bool) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	object, ok := t.byID[id]
	return object, ok
}

// All gives every object, sorted by name. The slice is shared: it is not to be
// changed.
func (t *Table[P]) All() []P {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.byName
}

// Named gives the objects with exactly this name.
func (t *Table[P]) Named(name string) []P {
	all := t.All()
	first, _ := slices.BinarySearchFunc(all, name, func(object P, name string) int {
		return cmp.Compare(object.ObjectName(), name)
	})
	last := first
	for last < len(all) && all[last].ObjectName() == name {
		last++
	}
	return all[first:last]
}

// Len is the number of objects.
func (t *Table[P]) Len() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return len(t.byID)
}

func order[P model.Object](a, b P) int {
	if byName := cmp.Compare(a.ObjectName(), b.ObjectName()); byName != 0 {
		return byName
	}
	return cmp.Compare(a.Ref().ID, b.Ref().ID)
}

// load puts many objects at once; for the start only.
func (t *Table[P]) load(objects []P) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, object := range objects {
		t.byID[object.Ref().ID] = object
	}
	t.byName = slices.Clone(objects)
	slices.SortFunc(t.byName, order[P])
}

// put keeps objects, new ones and those that replace others; the list is copied once.
func (t *Table[P]) put(objects ...P) {
	t.mu.Lock()
	defer t.mu.Unlock()
	sorted := append(make([]P, 0, len(t.byName)+len(objects)), t.byName...)
	for _, object := range objects {
		old, existed := t.byID[object.Ref().ID]
		t.byID[object.Ref().ID] = object
		if existed {
			at, _ := slices.BinarySearchFunc(sorted, old, order[P])
			if old.ObjectName() == object.ObjectName() {
				sorted[at] = object
				continue
			}
			sorted = slices.Delete(sorted, at, at+1)
		}
		at, _ := slices.BinarySearchFunc(sorted, object, order[P])
		sorted = slices.Insert(sorted, at, object)
	}
	t.byName = sorted
}

func (t *Table[P]) remove(id model.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	old, existed := t.byID[id]
	if !existed {
		return
	}
	delete(t.byID, id)
	t.byName = without(t.byName, old)
}

func without[P model.Object](sorted []P, object P) []P {
	at, found := slices.BinarySearchFunc(sorted, object, order[P])
	if !found {
		return sorted
	}
	return append(slices.Clone(sorted[:at]), sorted[at+1:]...)
}
