package auth

import (
	"container/list"
	"iter"
)

// bounded is a map of limited size: when it is full, the entry that was put or
// touched longest ago makes room. It is not safe for concurrent use.
type bounded[K comparable, V any] struct {
	limit   int
	entries map[K]*list.Element
	order   *list.List // of pair[K, V], the oldest first
}

type pair[K comparable, V any] struct {
	key   K
	value V
}

// entryOf unpacks an element; nothing but pairs gets into the list.
func entryOf[K comparable, V any](element *list.Element) pair[K, V] {
	entry, _ := element.Value.(pair[K, V])
	return entry
}

func newBounded[K comparable, V any](limit int) *bounded[K, V] {
	return &bounded[K, V]{limit: max(limit, 1), entries: make(map[K]*list.Element), order: list.New()}
}

func (b *bounded[K, V]) get(key K) (V, bool) {
	element, known := b.entries[key]
	if !known {
		var none V
		return none, false
	}
	return entryOf[K, V](element).value, true
}

// put keeps a value as the newest.
func (b *bounded[K, V]) put(key K, value V) {
	if element, known := b.entries[key]; known {
		element.Value = pair[K, V]{key, value}
		b.order.MoveToBack(element)
		return
	}
	if len(b.entries) >= b.limit {
		b.remove(entryOf[K, V](b.order.Front()).key)
	}
	b.entries[key] = b.order.PushBack(pair[K, V]{key, value})
}

func (b *bounded[K, V]) remove(key K) {
	if element, known := b.entries[key]; known {
		b.order.Remove(element)
		delete(b.entries, key)
	}
}

func (b *bounded[K, V]) len() int { return len(b.entries) }

// all goes through the entries, the oldest first. The entry at hand may be
// removed meanwhile, no other.
func (b *bounded[K, V]) all() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for element := b.order.Front(); element != nil; {
			next := element.Next()
			entry := entryOf[K, V](element)
			if !yield(entry.key, entry.value) {
				return
			}
			element = next
		}
	}
}
