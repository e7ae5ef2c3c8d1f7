package search

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Options say how a query is evaluated.
type Options struct {
	// CaseSensitive compares texts to the letter. Words of enums never are.
	CaseSensitive bool
	// Now is what today and yesterday refer to; its time zone is that of all dates.
	Now time.Time
}

// Filter is a query ready for rows. It holds scratch space: each goroutine needs
// a Filter of its own.
type Filter struct {
	match   func(row any) bool // nil matches everything
	order   []order
	scratch []Value
}

// Compile makes a filter from a query and the kind it was parsed for. It fails if
// they do not belong together.
func Compile(q *Query, kind *Kind, options Options) (*Filter, error) {
	c := &compiler{kind: kind, options: options, filter: &Filter{}}
	if q.Where != nil {
		match, err := c.node(q.Where)
		if err != nil {
			return nil, err
		}
		c.filter.match = match
	}
	if q.Sort != nil {
		if err := c.sort(q.Sort.Field, q.Sort.Descending); err != nil {
			return nil, err
		}
	}
	if kind.SortBy != "" {
		if err := c.sort(kind.SortBy, kind.Descending); err != nil {
			return nil, err
		}
	}
	return c.filter, nil
}

// Match tells whether the query's conditions hold for row.
func (f *Filter) Match(row any) bool { return f.match == nil || f.match(row) }

type predicate = func(row any) bool

type compiler struct {
	kind    *Kind
	options Options
	filter  *Filter
}

func (c *compiler) node(node Node) (predicate, error) {
	switch node := node.(type) {
	case And:
		all, err := c.nodes(node)
		return func(row any) bool {
			for _, match := range all {
				if !match(row) {
					return false
				}
			}
			return true
		}, err
	case Or:
		all, err := c.nodes(node)
		return func(row any) bool {
			for _, match := range all {
				if match(row) {
					return true
				}
			}
			return false
		}, err
	case Comparison:
		return c.comparison(node)
	case FreeText:
		return c.freeText(node)
	default:
		return nil, fmt.Errorf("search: %T is no part of a query", node)
	}
}

func (c *compiler) nodes(nodes []Node) ([]predicate, error) {
	all := make([]predicate, len(nodes))
	for i, node := range nodes {
		match, err := c.node(node)
		if err != nil {
			return nil, err
		}
		all[i] = match
	}
	return all, nil
}

// field looks a field up that has to be read from rows.
func (c *compiler) field(name string) (*Field, error) {
	field, found := c.kind.Field(name)
	if !found {
		return nil, fmt.Errorf("search: %s have no field %q", c.kind.Name, shorten(name))
	}
	if field.Values == nil {
		return nil, fmt.Errorf("search: the field %q of %s cannot be read from rows", field.Name, c.kind.Name)
	}
	return field, nil
}

// comparison negates for !=, so that it holds exactly where = does not: for a row
// with no value too, and for one with several only if none is equal.
func (c *compiler) comparison(node Comparison) (predicate, error) {
	field, err := c.field(node.Field)
	if err != nil {
		return nil, err
	}
	equality := node.Op == Equal || node.Op == NotEqual
	negate := node.Op == NotEqual
	if isNull(node.Value) && equality {
		return c.null(field, node.Value, negate), nil
	}
	test, err := c.test(field, node)
	if err != nil {
		return nil, err
	}
	return func(row any) bool { return c.any(field, row, test) != negate }, nil
}

// null matches rows without a value, and those whose value is the word itself.
func (c *compiler) null(field *Field, value string, negate bool) predicate {
	return func(row any) bool {
		filled := c.any(field, row, func(v Value) bool { return !v.empty(field.Type) && !strings.EqualFold(v.Text, value) })
		return filled == negate
	}
}

// any tells whether the test holds for one of the field's values in row.
func (c *compiler) any(field *Field, row any, test func(Value) bool) bool {
	values := field.Values(row, c.filter.scratch[:0])
	c.filter.scratch = values
	return slices.ContainsFunc(values, test)
}

func (c *compiler) test(field *Field, node Comparison) (func(Value) bool, error) {
	switch field.Type {
	case Number, Duration:
		return numberTest(field, node)
	case Date:
		from, to, err := ParseDate(node.Value, c.options.Now)
		return func(v Value) bool { return !v.Time.IsZero() && node.Op.compareDate(v.Time, from, to) }, err
	case Enum, Bool:
		held := field.Matching(node.Op, node.Value)
		return func(v Value) bool { return slices.Contains(held, v.Text) }, nil
	default:
		match := pattern(node.Value, c.options.CaseSensitive)
		return func(v Value) bool { return v.Text != "" && match(v.Text) }, nil
	}
}

func numberTest(field *Field, node Comparison) (func(Value) bool, error) {
	parse := ParseNumber
	if field.Type == Duration {
		parse = ParseDuration
	}
	number, err := parse(node.Value)
	return func(v Value) bool { return node.Op.compare(v.Number, number) }, err
}

// freeText looks for the word anywhere in the fields.
func (c *compiler) freeText(node FreeText) (predicate, error) {
	match := pattern("*"+node.Word+"*", c.options.CaseSensitive)
	test := func(v Value) bool { return v.Text != "" && match(v.Text) }
	var fields []*Field
	for _, free := range c.kind.Free(node.Object) {
		field, err := c.field(free.Name)
		if err != nil {
			return nil, err
		}
		fields = append(fields, field)
	}
	negate := node.Op == NotEqual
	return func(row any) bool {
		for _, field := range fields {
			if c.any(field, row, test) {
				return !negate
			}
		}
		return negate
	}, nil
}
