package sqlstore

import (
	"fmt"
	"strings"
)

// selection builds the query for some rows of one table in an order that an
// index gives, so that the first hundred cost a hundred.
//
// The planners of both databases know little or nothing of how often a value
// occurs, and a wrong guess reads the whole table. So one condition is chosen
// here to be found by its index; the others are written so that no index
// answers them.
type selection struct {
	table   string
	columns string // those of order, then document
	order   []string
	// descending is the direction of all columns of order.
	descending bool

	conditions []string
	args       []any
	// alternatives are conditions of which exactly one holds for each row that
	// is wanted: several values of the column that is found by its index. Each
	// is asked in turn, and the answers are merged.
	alternatives []string
}

// maxAlternatives is how many queries are merged; SQLite takes 500.
const maxAlternatives = 64

// value adds a parameter and gives its name.
func (s *selection) value(arg any) string {
	s.args = append(s.args, arg)
	return fmt.Sprintf("$%d", len(s.args))
}

// where adds a condition: column, comparison, value.
func (s *selection) where(column, comparison string, arg any) {
	s.conditions = append(s.conditions, column+" "+comparison+" "+s.value(arg))
}

// equal adds a condition on a text column, found by its index only if nothing
// else has been before.
func (s *selection) equal(column, value string, found *bool) {
	if value == "" {
		return
	}
	if *found {
		column = "(" + column + " || '')"
	}
	*found = true
	s.where(column, "=", text(value))
}

// among adds the condition that the column has one of the values, likewise.
// plain is the column written so that no index answers it.
func (s *selection) among(column, plain string, values []any, found *bool) {
	if len(values) == 0 {
		return
	}
	if !*found && len(values) <= maxAlternatives {
		*found = true
		for _, value := range values {
			s.alternatives = append(s.alternatives, column+" = "+s.value(value))
		}
		return
	}
	names := make([]string, len(values))
	for i, value := range values {
		names[i] = s.value(value)
	}
	s.conditions = append(s.conditions, plain+" IN ("+strings.Join(names, ", ")+")")
}

// query gives the text and parameters for limit rows after offset.
func (s *selection) query(offset, limit int64) (string, []any) {
	direction := " ASC"
	if s.descending {
		direction = " DESC"
	}
	order := strings.Join(s.order, direction+", ") + direction
	if len(s.alternatives) < 2 {
		all := append(append([]string{}, s.conditions...), s.alternatives...)
		out := s.one(all) + " ORDER BY " + order + " LIMIT " + s.value(limit)
		if offset > 0 {
			out += " OFFSET " + s.value(offset)
		}
		return out, s.args
	}
	each := s.value(offset + limit)
	parts := make([]string, len(s.alternatives))
	for i, alternative := range s.alternatives {
		all := append(append([]string{}, s.conditions...), alternative)
		parts[i] = fmt.Sprintf("SELECT * FROM (%s ORDER BY %s LIMIT %s) AS part%d", s.one(all), order, each, i)
	}
	return fmt.Sprintf("SELECT * FROM (%s) AS merged ORDER BY %s LIMIT %s OFFSET %s",
		strings.Join(parts, " UNION ALL "), order, s.value(limit), s.value(offset)), s.args
}

func (s *selection) one(conditions []string) string {
	out := "SELECT " + s.columns + " FROM " + s.table
	if len(conditions) > 0 {
		out += " WHERE " + strings.Join(conditions, " AND ")
	}
	return out
}
