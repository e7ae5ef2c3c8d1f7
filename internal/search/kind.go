package search

import (
	"fmt"
	"strings"
)

// Kind describes one collection to the language.
type Kind struct {
	// Name is the plural used in sentences and as type prefix: "VMs", "Hosts".
	Name string
	// Prefixes are further words accepted as type prefix. Case and a final s do
	// not matter, here and in Name.
	Prefixes []string
	// Fields can be asked for by name.
	Fields []Field
	// SortBy names the field of the default order and of the order among equals;
	// empty leaves rows as they come.
	SortBy string
	// Descending turns the default order around.
	Descending bool
}

// Field is one thing that can be asked about.
type Field struct {
	// Name in lower case. A field of a related object is named "users.name"; whether
	// the object is written as singular or plural does not matter in a query.
	Name string
	Type Type
	// Free makes bare words look here; with a related object's field, the words
	// in `users = words`.
	Free bool
	// Words are the values of an [Enum].
	Words []Word
	// Ordered lets an [Enum] be compared with < and >, by the order of Words.
	Ordered bool
	// Values appends what the field holds in a row: none, one or several values.
	// It may be nil for kinds that are never compiled. [TextOf] and its like make one.
	Values func(row any, dst []Value) []Value
}

// Type is the type of a field's values.
type Type uint8

// The types, with what a value in a query looks like.
const (
	// Text is compared with = and !=; * stands for anything.
	Text Type = iota
	// Number is a decimal number: 5, -1, 2.5.
	Number
	// Date is a day or a point in time; see [ParseDate].
	Date
	// Duration is a span of time; see [ParseDuration]. Rows hold seconds.
	Duration
	// Enum is one of [Field.Words], in any case; * stands for anything.
	Enum
	// Bool is true, yes or 1, and false, no or 0. Rows hold "true" or "false".
	Bool
)

// Word is a value of an [Enum]: how queries spell it and how rows hold it.
type Word struct {
	Word string
	// Is is what rows hold. Empty means that it is Word itself.
	Is string
}

// Words makes a list of words that rows hold as queries spell them.
func Words(words ...string) []Word {
	list := make([]Word, len(words))
	for i, word := range words {
		list[i] = Word{Word: word}
	}
	return list
}

func (w Word) is() string {
	if w.Is == "" {
		return w.Word
	}
	return w.Is
}

var boolWords = []Word{
	{"false", "false"},
	{"no", "false"},
	{"0", "false"},
	{"true", "true"},
	{"yes", "true"},
	{"1", "true"},
}

// object returns the related object that the field belongs to; "" if it is the kind's own.
func (f *Field) object() string {
	if object, _, related := strings.Cut(f.Name, "."); related {
		return object
	}
	return ""
}

func (f *Field) words() []Word {
	if f.Type == Bool {
		return boolWords
	}
	return f.Words
}

// Field returns the field with the given name, in any case.
func (k *Kind) Field(name string) (*Field, bool) {
	name = normal(name)
	for i := range k.Fields {
		if normal(k.Fields[i].Name) == name {
			return &k.Fields[i], true
		}
	}
	return nil, false
}

// Free returns the fields in which words are looked for: the kind's own for "",
// those of a related object for its name.
func (k *Kind) Free(object string) []*Field {
	var free []*Field
	for i := range k.Fields {
		owner := k.Fields[i].object()
		if k.Fields[i].Free && (owner == "") == (object == "") && singular(owner) == singular(object) {
			free = append(free, &k.Fields[i])
		}
	}
	return free
}

// Check reports what is wrong with the description itself; call it in a test.
func (k *Kind) Check() error {
	seen := map[string]bool{}
	for _, f := range k.Fields {
		name := normal(f.Name)
		switch {
		case seen[name]:
			return fmt.Errorf("search: %s name the field %q twice", k.Name, f.Name)
		case f.Name != strings.ToLower(f.Name) || f.Name == "" || strings.ContainsFunc(f.Name, endsWord):
			return fmt.Errorf("search: %s have the bad field name %q", k.Name, f.Name)
		case (f.Type == Enum) != (len(f.Words) > 0):
			return fmt.Errorf("search: the field %q of %s needs words if and only if it is an enum", f.Name, k.Name)
		}
		seen[name] = true
	}
	if _, found := k.Field(k.SortBy); k.SortBy != "" && !found {
		return fmt.Errorf("search: %s are sorted by the unknown field %q", k.Name, k.SortBy)
	}
	return nil
}

// isPrefix tells whether word may stand before the colon.
func (k *Kind) isPrefix(word string) bool {
	if singular(word) == singular(k.Name) {
		return true
	}
	for _, prefix := range k.Prefixes {
		if singular(word) == singular(prefix) {
			return true
		}
	}
	return false
}

// normal lowers a field name and takes the plural off its object.
func normal(name string) string {
	name = strings.ToLower(name)
	if object, field, related := strings.Cut(name, "."); related {
		return strings.TrimSuffix(object, "s") + "." + field
	}
	return name
}

func singular(object string) string {
	return strings.TrimSuffix(strings.ToLower(object), "s")
}
