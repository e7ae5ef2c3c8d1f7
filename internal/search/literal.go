package search

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// ParseNumber reads a value for a [Number].
func ParseNumber(value string) (float64, error) {
	number, err := strconv.ParseFloat(value, 64)
	if err != nil || strings.Trim(value, "0123456789+-.eE") != "" {
		return 0, fmt.Errorf("search: %q is not a number", shorten(value))
	}
	return number, nil
}

// ParseDuration reads a value for a [Duration] and returns seconds: 90m or 1h30m,
// hours and minutes as 01:30 with :seconds if wanted, days before them as in
// 2.12:00:00, or bare seconds.
func ParseDuration(value string) (float64, error) {
	wrong := fmt.Errorf("search: %q is not a duration", shorten(value))
	if seconds, err := ParseNumber(value); err == nil {
		return seconds, nil
	}
	if !strings.Contains(value, ":") {
		d, err := time.ParseDuration(value)
		if err != nil {
			return 0, wrong
		}
		return d.Seconds(), nil
	}
	days, clock, found := strings.Cut(value, ".")
	if !found {
		days, clock = "0", value
	}
	parts := append([]string{days}, strings.Split(clock, ":")...)
	if len(parts) > 4 {
		return 0, wrong
	}
	total := 0.0
	for i, seconds := range []float64{86400, 3600, 60, 1}[:len(parts)] {
		number, err := strconv.ParseUint(parts[i], 10, 31)
		if err != nil {
			return 0, wrong
		}
		total += float64(number) * seconds
	}
	return total, nil
}

// Layouts of dates and how long a span they mean; 0 is a day.
var dateLayouts = []struct {
	layout string
	span   time.Duration
}{
	{"1/2/2006", 0},
	{"1/2/06", 0},
	{"2006-1-2", 0},
	{"Jan 2, 2006", 0},
	{"Jan 2,2006", 0},
	{"1/2/2006 15:04", time.Minute},
	{"1/2/2006 15:04:05", time.Second},
	{"1/2/2006 3:04 PM", time.Minute},
	{"1/2/06 3:04 PM", time.Minute},
	{"2006-1-2 15:04", time.Minute},
	{"2006-1-2 15:04:05", time.Second},
	{"2006-1-2T15:04", time.Minute},
	{"2006-1-2T15:04:05", time.Second},
	{"2006-1-2T15:04:05Z07:00", time.Second},
}

// ParseDate reads a value for a [Date] and returns the span of time it means, its
// end excluded: a whole day for mm/dd/yyyy, yyyy-mm-dd, "Jan 2, 2006", today,
// yesterday and the names of weekdays (the last such day before today), a minute
// or a second for a date with a time of day. Days are those of now's time zone.
func ParseDate(value string, now time.Time) (from, to time.Time, err error) {
	if back, relative := daysBack(value, now); relative {
		year, month, day := now.Date()
		from = time.Date(year, month, day-back, 0, 0, 0, 0, now.Location())
		return from, from.AddDate(0, 0, 1), nil
	}
	for _, form := range dateLayouts {
		from, err := time.ParseInLocation(form.layout, value, now.Location())
		if err != nil {
			continue
		}
		if form.span == 0 {
			return from, from.AddDate(0, 0, 1), nil
		}
		from = from.Truncate(time.Second)
		return from, from.Add(form.span), nil
	}
	return from, to, fmt.Errorf("search: %q is not a date", shorten(value))
}

func daysBack(value string, now time.Time) (int, bool) {
	switch {
	case strings.EqualFold(value, "today"):
		return 0, true
	case strings.EqualFold(value, "yesterday"):
		return 1, true
	}
	for day := time.Sunday; day <= time.Saturday; day++ {
		if strings.EqualFold(value, day.String()) {
			back := int(now.Weekday()-day+7) % 7
			if back == 0 {
				back = 7
			}
			return back, true
		}
	}
	return 0, false
}

func isDate(value string) bool {
	_, _, err := ParseDate(value, time.Unix(0, 0).UTC())
	return err == nil
}

// compare tells whether number op other holds.
func (op Op) compare(number, other float64) bool {
	switch op {
	case Less:
		return number < other
	case LessOrEqual:
		return number <= other
	case Greater:
		return number > other
	case GreaterOrEqual:
		return number >= other
	default:
		return number == other
	}
}

// compareDate tells whether t op the span holds. As in the engine, later than a
// day means later than its first moment.
func (op Op) compareDate(t, from, to time.Time) bool {
	switch op {
	case Less:
		return t.Before(from)
	case LessOrEqual:
		return t.Before(to)
	case Greater:
		return t.After(from)
	case GreaterOrEqual:
		return !t.Before(from)
	default:
		return !t.Before(from) && t.Before(to)
	}
}
