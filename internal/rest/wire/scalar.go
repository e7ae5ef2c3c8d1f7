package wire

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// absent tells whether a scalar or struct that is no pointer is left out for
// being zero, and whether a decimal has no written form at all.
func (f *field) absent(v reflect.Value) bool {
	if f.kind == decimalKind && (math.IsNaN(v.Float()) || math.IsInf(v.Float(), 0)) {
		return true
	}
	if f.pointer || f.slice || f.keep {
		return false
	}
	switch f.kind {
	case textKind:
		return v.Len() == 0
	case boolKind:
		return !v.Bool()
	case intKind, longKind:
		return v.Int() == 0
	case uintKind, ulongKind:
		return v.Uint() == 0
	default:
		return v.IsZero()
	}
}

// appendPlain appends the text of a scalar that needs no escaping.
func (f *field) appendPlain(dst []byte, v reflect.Value) []byte {
	switch f.kind {
	case boolKind:
		return strconv.AppendBool(dst, v.Bool())
	case intKind, longKind:
		return strconv.AppendInt(dst, v.Int(), 10)
	case uintKind, ulongKind:
		return strconv.AppendUint(dst, v.Uint(), 10)
	case decimalKind:
		return appendDecimal(dst, v.Float())
	default:
		return appendDate(dst, dateIn(v))
	}
}

// dateIn reads a date without boxing it.
func dateIn(v reflect.Value) time.Time {
	date, _ := reflect.TypeAssert[time.Time](v)
	return date
}

func appendDecimal(dst []byte, number float64) []byte {
	if size := math.Abs(number); size != 0 && (size < 1e-6 || size >= 1e21) {
		return strconv.AppendFloat(dst, number, 'e', -1, 64)
	}
	return strconv.AppendFloat(dst, number, 'f', -1, 64)
}

// set parses text, as it stands in XML or in a JSON string or number, into v.
func (f *field) set(v reflect.Value, text string) error {
	switch f.kind {
	case textKind:
		v.SetString(text)
	case boolKind:
		value, err := parseBool(text)
		if err != nil {
			return err
		}
		v.SetBool(value)
	case intKind, longKind:
		value, err := f.parseInt(text)
		if err != nil {
			return err
		}
		v.SetInt(value)
	case uintKind, ulongKind:
		value, err := f.parseUint(text)
		if err != nil {
			return err
		}
		v.SetUint(value)
	case decimalKind:
		value, err := parseDecimal(text)
		if err != nil {
			return err
		}
		v.SetFloat(value)
	default:
		value, err := parseDate(text)
		if err != nil {
			return err
		}
		v.Set(reflect.ValueOf(value))
	}
	return nil
}

// parseBool accepts true and false in any case, 0 and 1 (reference v3, 1.2, and
// v4, 2.2), and refuses with the documented sentence.
func parseBool(text string) (bool, error) {
	switch word := strings.TrimSpace(text); {
	case word == "1" || strings.EqualFold(word, "true"):
		return true, nil
	case word == "0" || strings.EqualFold(word, "false"):
		return false, nil
	}
	return false, invalid(`Value "%s" isn't a valid boolean, it should be "true" , "false", "0" or "1"`, shorten(text))
}

// parseInt reads empty text as 0, as the engine does (reference v4, 2.2).
func (f *field) parseInt(text string) (int64, error) {
	word := strings.TrimSpace(text)
	if word == "" {
		return 0, nil
	}
	value, err := strconv.ParseInt(word, 10, f.bits)
	if err != nil {
		highest := int64(math.MaxInt64) >> (64 - f.bits)
		return 0, invalid(`Value "%s" isn't a valid integer, it should be a whole number between %d and %d`, shorten(text), -highest-1, highest)
	}
	return value, nil
}

func (f *field) parseUint(text string) (uint64, error) {
	word := strings.TrimSpace(text)
	if word == "" {
		return 0, nil
	}
	value, err := strconv.ParseUint(strings.TrimPrefix(word, "+"), 10, f.bits)
	if err != nil {
		return 0, invalid(`Value "%s" isn't a valid integer, it should be a whole number between 0 and %d`, shorten(text), uint64(math.MaxUint64)>>(64-f.bits))
	}
	return value, nil
}

// parseDecimal accepts exponents, which Go clients send (reference v4, 2.2), but
// not the hexadecimal and infinite numbers that strconv knows besides.
func parseDecimal(text string) (float64, error) {
	word := strings.TrimSpace(text)
	value, err := strconv.ParseFloat(word, 64)
	if err != nil || strings.Trim(word, "0123456789+-.eE") != "" {
		return 0, invalid(`Value "%s" isn't a valid decimal number`, shorten(text))
	}
	return value, nil
}
