package search

import (
	"fmt"
	"unicode/utf8"
)

// Limits of a search text. Rows are matched in time proportional to the number of
// conditions, and parsing recurses into parentheses.
const (
	MaxLength      = 16384 // bytes
	MaxConditions  = 512
	MaxParentheses = 64 // nested
)

// SyntaxError says what is wrong with a search text, fit for users.
type SyntaxError struct {
	// Position is the number of the character at fault, from 1.
	Position int
	// Message is a sentence without its full stop.
	Message string
}

// Error returns the whole sentence.
func (e *SyntaxError) Error() string {
	return fmt.Sprintf("The search text is wrong at character %d: %s.", e.Position, e.Message)
}

func (p *parser) errorAt(offset int, format string, args ...any) error {
	return &SyntaxError{
		Position: utf8.RuneCountInString(p.text[:offset]) + 1,
		Message:  fmt.Sprintf(format, args...),
	}
}

// shorten keeps what a sender wrote from filling a sentence.
func shorten(text string) string {
	const longest = 64
	count := 0
	for i := range text {
		if count == longest {
			return text[:i] + "…"
		}
		count++
	}
	return text
}
