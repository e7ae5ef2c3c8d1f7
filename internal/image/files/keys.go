package files

import (
	"crypto/sha1" //nolint:gosec // the layout's checksum, not a protection
	"encoding/hex"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
)

// checksumKey holds the checksum of all other lines of dom_md/metadata.
const checksumKey = "_SHA_CKSUM"

// pairs are KEY=VALUE lines.
type pairs map[string]string

// parsePairs reads lines; those without an equals sign are passed over.
func parsePairs(text string) pairs {
	out := pairs{}
	for line := range strings.Lines(text) {
		if key, value, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "="); ok {
			out[key] = value
		}
	}
	return out
}

// lines are the pairs without the checksum, sorted.
func (p pairs) lines() []string {
	var out []string
	for _, key := range slices.Sorted(maps.Keys(p)) {
		if key != checksumKey {
			out = append(out, key+"="+p[key])
		}
	}
	return out
}

// checksum is SHA-1 over the sorted lines without separators (api-v3 3.12).
func (p pairs) checksum() string {
	sum := sha1.Sum([]byte(strings.Join(p.lines(), ""))) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}

// sealed is the text with its checksum.
func (p pairs) sealed() string {
	return strings.Join(append(p.lines(), checksumKey+"="+p.checksum()), "\n") + "\n"
}

// oneLine keeps a text from becoming more than one line, and from being longer
// than limit characters.
func oneLine(text string, limit int) string {
	runes := []rune(strings.ToValidUTF8(text, "?"))
	for i, r := range runes {
		if unicode.IsControl(r) {
			runes[i] = ' '
		}
	}
	return string(runes[:min(len(runes), limit)])
}

// number is a key's value as text of a number.
func number(value int64) string { return fmt.Sprint(value) }
