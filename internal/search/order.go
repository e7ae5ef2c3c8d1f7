package search

import (
	"cmp"
	"slices"
	"strings"
)

// order is one rule of sorting.
type order struct {
	field      *Field
	descending bool
	ranks      map[string]int // of an enum's held words
}

func (c *compiler) sort(name string, descending bool) error {
	field, err := c.field(name)
	if err != nil {
		return err
	}
	o := order{field: field, descending: descending}
	if field.Type == Enum || field.Type == Bool {
		o.ranks = map[string]int{}
		for rank, word := range field.words() {
			if _, found := o.ranks[word.is()]; !found {
				o.ranks[word.is()] = rank
			}
		}
	}
	c.filter.order = append(c.filter.order, o)
	return nil
}

// key is what a row is sorted by: its first value, lowered and as a number.
type key struct {
	empty  bool
	number float64
	folded string
	text   string
}

func (o *order) key(v Value) key {
	k := key{empty: v.empty(o.field.Type)}
	switch o.field.Type {
	case Number, Duration:
		k.number = v.Number
	case Date:
		k.number = float64(v.Time.UnixMilli())
	case Enum, Bool:
		k.number = float64(o.ranks[v.Text])
	default:
		k.text = v.Text
		k.folded = strings.ToLower(v.Text)
	}
	return k
}

// compare puts rows without a value last in both directions, as the engine does.
func (o *order) compare(a, b *key) int {
	if a.empty != b.empty {
		if a.empty {
			return 1
		}
		return -1
	}
	result := cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.folded, b.folded), cmp.Compare(a.text, b.text))
	if o.descending {
		return -result
	}
	return result
}

// Select returns the rows that match, in the query's order: by its sortby, then by
// the kind's own order, then as they came. Texts sort without regard to case. The
// rows given are left alone.
func Select[R any](f *Filter, rows []R) []R {
	var matching []R
	for _, row := range rows {
		if f.Match(row) {
			matching = append(matching, row)
		}
	}
	if len(f.order) == 0 {
		return matching
	}
	keys := make([]keys, len(matching))
	places := make([]int, len(matching))
	for i, row := range matching {
		keys[i] = f.keys(row)
		places[i] = i
	}
	// Keys are large: places are moved in their stead, and settle what is equal.
	slices.SortFunc(places, func(a, b int) int {
		for i := range f.order {
			if result := f.order[i].compare(&keys[a][i], &keys[b][i]); result != 0 {
				return result
			}
		}
		return a - b
	})
	selected := make([]R, len(matching))
	for i, place := range places {
		selected[i] = matching[place]
	}
	return selected
}

// keys of a row: for the order asked for and for the kind's own.
type keys [2]key

func (f *Filter) keys(row any) keys {
	var k keys
	for i := range f.order {
		values := f.order[i].field.Values(row, f.scratch[:0])
		f.scratch = values
		if len(values) == 0 {
			k[i].empty = true
		} else {
			k[i] = f.order[i].key(values[0])
		}
	}
	return k
}

// Page returns the given page, from 1, of rows; page 0 is all of them.
func Page[R any](rows []R, page, size int) []R {
	if page == 0 || size <= 0 {
		return rows
	}
	if page-1 > len(rows)/size {
		return nil
	}
	start := min((page-1)*size, len(rows))
	return rows[start:min(start+size, len(rows))]
}
