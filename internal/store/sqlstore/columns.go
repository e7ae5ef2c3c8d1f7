package sqlstore

import (
	"strings"
	"time"
	"unicode/utf8"

	"vireo/internal/model"
)

// columnLimit is how many bytes of a text are kept in a column beside the
// document. PostgreSQL indexes no text of more than about 2,700 bytes.
const columnLimit = 255

// text makes a text fit for a column of either dialect: valid UTF-8, no NUL, at
// most columnLimit bytes. What is queried is treated in the same way, so that
// it is found.
func text[T ~string](value T) string {
	cleaned := strings.ReplaceAll(strings.ToValidUTF8(string(value), "\uFFFD"), "\x00", "\uFFFD")
	if len(cleaned) <= columnLimit {
		return cleaned
	}
	end := columnLimit
	for !utf8.RuneStart(cleaned[end]) {
		end--
	}
	return cleaned[:end]
}

// optional is the text, or null when it is empty.
func optional[T ~string](value T) any {
	if value == "" {
		return nil
	}
	return text(value)
}

// moment is a time as columns hold it: microseconds since 1970, rounded down.
func moment(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// ending is when a job ended, or null while it runs. A job that ended without
// saying when ended at its last update.
func ending(job *model.Job) any {
	switch {
	case job.Status == model.JobStarted:
		return nil
	case !job.EndTime.IsZero():
		return moment(job.EndTime)
	case !job.LastUpdated.IsZero():
		return moment(job.LastUpdated)
	}
	return moment(job.StartTime)
}

// flag is a truth value as columns hold it.
func flag(value bool) int64 {
	if value {
		return 1
	}
	return 0
}
