package search

import (
	"strconv"
	"strings"
)

// Query is what a search text says. It is plain data: equal texts make queries
// that are equal by reflect.DeepEqual.
type Query struct {
	// Where is nil when everything is asked for.
	Where Node
	// Sort is nil when the kind's own order is wanted.
	Sort *Sort
	// Page is the number of the page, from 1; 0 means that all is wanted.
	Page int
}

// Sort is an order asked for.
type Sort struct {
	Field      string // as the [Kind] names it
	Descending bool
}

// Node is a part of a condition: [And], [Or], [Comparison] or [FreeText].
type Node interface{ write(*strings.Builder) }

// And holds two or more nodes, none of them an And.
type And []Node

// Or holds two or more nodes, none of them an Or.
type Or []Node

// Comparison compares a field with a value.
type Comparison struct {
	Field string // as the [Kind] names it
	Op    Op
	Value string // fits the field's type
}

// FreeText looks for a word in several fields; see [Kind.Free].
type FreeText struct {
	Object string // "" or a related object, as the [Kind] names it
	Op     Op     // Equal, or for a related object NotEqual
	Word   string
}

// Op is a comparison, spelled as in a query.
type Op string

// The comparisons.
const (
	Equal          Op = "="
	NotEqual       Op = "!="
	Less           Op = "<"
	LessOrEqual    Op = "<="
	Greater        Op = ">"
	GreaterOrEqual Op = ">="
)

// String returns a search text that stands for the same query.
func (q *Query) String() string {
	var b strings.Builder
	if q.Where != nil {
		q.Where.write(&b)
	}
	if q.Sort != nil {
		b.WriteString(" sortby " + q.Sort.Field)
		if q.Sort.Descending {
			b.WriteString(" desc")
		}
	}
	if q.Page > 0 {
		b.WriteString(" page " + strconv.Itoa(q.Page))
	}
	return strings.TrimPrefix(b.String(), " ")
}

func (a And) write(b *strings.Builder) {
	for i, node := range a {
		if i > 0 {
			b.WriteString(" and ")
		}
		if or, ok := node.(Or); ok {
			b.WriteByte('(')
			or.write(b)
			b.WriteByte(')')
			continue
		}
		node.write(b)
	}
}

func (o Or) write(b *strings.Builder) {
	for i, node := range o {
		if i > 0 {
			b.WriteString(" or ")
		}
		node.write(b)
	}
}

func (c Comparison) write(b *strings.Builder) {
	b.WriteString(c.Field + " " + string(c.Op) + " " + quote(c.Value))
}

func (f FreeText) write(b *strings.Builder) {
	if f.Object != "" {
		b.WriteString(f.Object + " " + string(f.Op) + " ")
	}
	b.WriteString(quote(f.Word))
}

// quote puts a value into quotes unless it certainly needs none.
func quote(value string) string {
	special := func(r rune) bool {
		return r >= 0x80 || !isWordByte(byte(r))
	}
	if value != "" && !isKeyword(value) && !strings.ContainsFunc(value, special) {
		return value
	}
	return `"` + strings.ReplaceAll(value, `"`, `""`) + `"`
}

func isWordByte(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || strings.IndexByte("*._-@/", c) >= 0
}

// depth returns how many parentheses [Query.String] nests.
func depth(node Node) int {
	deepest := 0
	switch node := node.(type) {
	case And:
		for _, inner := range node {
			below := depth(inner)
			if _, grouped := inner.(Or); grouped {
				below++
			}
			deepest = max(deepest, below)
		}
	case Or:
		for _, inner := range node {
			deepest = max(deepest, depth(inner))
		}
	}
	return deepest
}
