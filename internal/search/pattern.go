package search

import "strings"

// pattern makes a test from a value in which * stands for anything.
func pattern(value string, caseSensitive bool) func(string) bool {
	if !strings.Contains(value, "*") {
		if caseSensitive {
			return func(text string) bool { return text == value }
		}
		return func(text string) bool { return strings.EqualFold(text, value) }
	}
	if !caseSensitive {
		value = strings.ToLower(value)
	}
	parts := strings.Split(value, "*")
	first, middle, last := parts[0], parts[1:len(parts)-1], parts[len(parts)-1]
	return func(text string) bool {
		if !caseSensitive {
			text = strings.ToLower(text)
		}
		text, found := strings.CutPrefix(text, first)
		if !found {
			return false
		}
		for _, part := range middle {
			_, after, found := strings.Cut(text, part)
			if !found {
				return false
			}
			text = after
		}
		return strings.HasSuffix(text, last)
	}
}

// Matching returns what rows hold for the words of an [Enum] or [Bool] that a
// comparison selects, without repetition; NotEqual selects what Equal does, and
// the reader turns it around. A word that is none selects nothing.
func (f *Field) Matching(op Op, value string) []string {
	words := f.words()
	var held []string
	add := func(word Word) {
		for _, other := range held {
			if other == word.is() {
				return
			}
		}
		held = append(held, word.is())
	}
	if op == Equal || op == NotEqual {
		match := pattern(value, false)
		for _, word := range words {
			if match(word.Word) {
				add(word)
			}
		}
		return held
	}
	for limit, word := range words {
		if strings.EqualFold(word.Word, value) {
			for rank, other := range words {
				if op.compare(float64(rank), float64(limit)) {
					add(other)
				}
			}
		}
	}
	return held
}
