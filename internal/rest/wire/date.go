package wire

import (
	"strings"
	"time"
)

// Dates are ISO 8601 with milliseconds and a zone (reference v3, 1.2 "Dates").
const dateLayout = "2006-01-02T15:04:05.000Z07:00"

// Layouts that are read: a fraction is optional (Go accepts one everywhere), and
// so is the zone, as in the XML schema; without one the date is UTC.
var dateLayouts = []string{"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z0700", "2006-01-02T15:04:05"}

func appendDate(dst []byte, t time.Time) []byte {
	return t.AppendFormat(dst, dateLayout)
}

// parseDate returns the date in UTC, cut to the milliseconds that are written.
func parseDate(text string) (time.Time, error) {
	text = strings.TrimSpace(text)
	for _, layout := range dateLayouts {
		if t, err := time.Parse(layout, text); err == nil {
			t = t.UTC().Truncate(time.Millisecond)
			if t.Year() >= 0 && t.Year() <= 9999 {
				return t, nil
			}
		}
	}
	return time.Time{}, invalid(`Value "%s" isn't a valid date, it should be like "2016-03-01T13:41:24.405Z"`, shorten(text))
}

// The years that four digits can write, as milliseconds of the epoch.
var (
	firstDate = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	lastDate  = time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC).UnixMilli()
)

func dateOfMillis(millis int64) (time.Time, error) {
	if millis < firstDate || millis > lastDate {
		return time.Time{}, invalid(`Value "%d" isn't a valid date, it should be the milliseconds since 1970 of a year up to 9999`, millis)
	}
	return time.UnixMilli(millis).UTC(), nil
}
