package search

import "time"

// Value is one value of a field in a row. Which member counts is said by the
// field's type: Text for Text, Enum and Bool, Number for Number and Duration
// (seconds), Time for Date. An empty Text and a zero Time mean that there is none.
type Value struct {
	Text   string
	Number float64
	Time   time.Time
}

// TextOf makes [Field.Values] from a function that returns the one text, or the
// enum's word, of a row of type R.
func TextOf[R any](get func(R) string) func(any, []Value) []Value {
	return func(row any, dst []Value) []Value {
		return append(dst, Value{Text: get(row.(R))})
	}
}

// TextsOf is [TextOf] for several texts.
func TextsOf[R any](get func(R) []string) func(any, []Value) []Value {
	return func(row any, dst []Value) []Value {
		for _, text := range get(row.(R)) {
			dst = append(dst, Value{Text: text})
		}
		return dst
	}
}

// NumberOf is [TextOf] for a number, or for the seconds of a duration.
func NumberOf[R any](get func(R) float64) func(any, []Value) []Value {
	return func(row any, dst []Value) []Value {
		return append(dst, Value{Number: get(row.(R))})
	}
}

// DateOf is [TextOf] for a date.
func DateOf[R any](get func(R) time.Time) func(any, []Value) []Value {
	return func(row any, dst []Value) []Value {
		return append(dst, Value{Time: get(row.(R))})
	}
}

// BoolOf is [TextOf] for a boolean.
func BoolOf[R any](get func(R) bool) func(any, []Value) []Value {
	return func(row any, dst []Value) []Value {
		if get(row.(R)) {
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
