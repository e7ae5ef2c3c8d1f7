package search

import (
	"fmt"
	"time"
)

// Value is one value of a field in a row. Which member counts is said by the
// field's type: Text for Text, Enum and Bool, Number for Number and Duration
// (seconds), Time for Date. An empty Text and a zero Time mean that there is none.
type Value struct {
	Text   string
	Number float64
	Time   time.Time
}

// rowAs gives a row its type; a row of another collection is a mistake of the
// program.
func rowAs[R any](row any) R {
	typed, ok := row.(R)
	if !ok {
		panic(fmt.Sprintf("search: a row is a %T, not a %T", row, typed))
	}
	return typed
}

// TextOf makes [Field.Values] from a function that returns the one text, or the
// enum's word, of a row of type R.
func TextOf[R any](get func(R) string) func(any, []Value) []Value {
	return func(row any, dst []Value) []Value {
		return append(dst, Value{Text: get(rowAs[R](row))})
	}
}

// TextsOf is [TextOf] for several texts.
func TextsOf[R any](get func(R) []string) func(any, []Value) []Value {
	return func(row any, dst []Value) []Value {
		for _, text := range get(rowAs[R](row)) {
			dst = append(dst, Value{Text: text})
		}
		return dst
	}
}

// NumberOf is [TextOf] for a number, or for the seconds of a duration.
func NumberOf[R any](get func(R) float64) func(any, []Value) []Value {
	return func(row any, dst []Value) []Value {
		return append(dst, Value{Number: get(rowAs[R](row))})
	}
}

// DateOf is [TextOf] for a date.
func DateOf[R any](get func(R) time.Time) func(any, []Value) []Value {
	return func(row any, dst []Value) []Value {
		return append(dst, Value{Time: get(rowAs[R](row))})
	}
}

// BoolOf is [TextOf] for a boolean.
func BoolOf[R any](get func(R) bool) func(any, []Value) []Value {
	return func(row any, dst []Value) []Value {
		if get(rowAs[R](row)) {
			return append(dst, Value{Text: "true"})
		}
		return append(dst, Value{Text: "false"})
	}
}

func (v Value) empty(t Type) bool {
	switch t {
	case Number, Duration:
		return false
	case Date:
		return v.Time.IsZero()
	default:
		return v.Text == ""
	}
}
