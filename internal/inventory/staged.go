package inventory

import (
	"iter"
	"slices"

	"vireo/internal/model"
)

// Staged is a table as a transaction sees it.
type Staged[P model.Object] struct {
	tx    *Tx
	table *Table[P]
	kind  model.Kind
	clone func(P) P
}

// Get finds an object by its id. It is not to be changed: see Edit.
func (s Staged[P]) Get(id model.ID) (P, bool) {
	if object, staged := s.tx.staged[model.Ref{Kind: s.kind, ID: id}]; staged {
		if object == nil {
			var none P
			return none, false
		}
		return typedAs[P](object), true
	}
	return s.table.Get(id)
}

// Edit gives a copy of an object that this transaction may change, and will
// write.
func (s Staged[P]) Edit(id model.ID) (P, bool) {
	ref := model.Ref{Kind: s.kind, ID: id}
	if object, staged := s.tx.staged[ref]; staged {
		if object == nil {
			var none P
			return none, false
		}
		return typedAs[P](object), true
	}
	object, found := s.table.Get(id)
	if !found {
		return object, false
	}
	copied := s.clone(object)
	s.tx.staged[ref] = copied
	return copied, true
}

// Put stages a new object, or one that replaces another of its id.
func (s Staged[P]) Put(object P) { s.tx.staged[object.Ref()] = object }

// Delete stages a removal.
func (s Staged[P]) Delete(id model.ID) { s.tx.staged[model.Ref{Kind: s.kind, ID: id}] = nil }

// Changes gives what the transaction has staged of this kind so far, in no order: the
// id and the object, which is nil if it is removed.
func (s Staged[P]) Changes() iter.Seq2[model.ID, P] {
	return func(yield func(model.ID, P) bool) {
		for ref, object := range s.tx.staged {
			if ref.Kind != s.kind {
				continue
			}
			var typed P
			if object != nil {
				typed = typedAs[P](object)
			}
			if !yield(ref.ID, typed) {
				return
			}
		}
	}
}

// All gives every object sorted by name.
func (s Staged[P]) All() []P {
	all := s.table.All()
	touched := false
	for ref := range s.tx.staged {
		touched = touched || ref.Kind == s.kind
	}
	if !touched {
		return all
	}
	merged := make([]P, 0, len(all)+1)
	for _, object := range all {
		if _, staged := s.tx.staged[object.Ref()]; !staged {
			merged = append(merged, object)
		}
	}
	for ref, object := range s.tx.staged {
		if ref.Kind == s.kind && object != nil {
			merged = append(merged, typedAs[P](object))
		}
	}
	slices.SortFunc(merged, order[P])
	return merged
}

// Named gives the objects with exactly this name.
func (s Staged[P]) Named(name string) []P {
	var named []P
	for _, object := range s.table.Named(name) {
		if _, staged := s.tx.staged[object.Ref()]; !staged {
			named = append(named, object)
		}
	}
	for ref, object := range s.tx.staged {
		if ref.Kind == s.kind && object != nil && object.ObjectName() == name {
			named = append(named, typedAs[P](object))
		}
	}
	return named
}
