package auth

import (
	"slices"
	"testing"
)

func TestBounded(t *testing.T) {
	b := newBounded[string, int](3)
	keys := func() []string {
		var keys []string
		for key := range b.all() {
			keys = append(keys, key)
		}
		return keys
	}
	for i, key := range []string{"a", "b", "c"} {
		b.put(key, i)
	}
	b.put("a", 10) // the newest now
	b.put("d", 3)
	if got := keys(); !slices.Equal(got, []string{"c", "a", "d"}) {
		t.Errorf("it holds %v", got)
	}
	if value, known := b.get("a"); !known || value != 10 {
		t.Errorf("a is %d, %v", value, known)
	}
	if _, known := b.get("b"); known {
		t.Error("b is still there")
	}
	b.remove("a")
	b.remove("a")
	if got := keys(); b.len() != 2 || !slices.Equal(got, []string{"c", "d"}) {
		t.Errorf("it holds %v", got)
	}
	for key := range b.all() {
		b.remove(key)
	}
	if b.len() != 0 {
		t.Errorf("it holds %v", keys())
	}
}
