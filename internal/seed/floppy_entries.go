package seed

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"unicode/utf16"
)

// Attributes of an entry in a FAT folder.
const (
	attributeLabel   = 0x08
	attributeArchive = 0x20
	attributeLong    = 0x0f
	lastLongEntry    = 0x40
	dosDate          = 1<<5 | 1 // 1 January 1980, the first day that FAT knows
	unitsInLongEntry = 13
)

func labelEntry(label string) []byte {
	return entry(fmt.Sprintf("%-11s", strings.ToUpper(label)), attributeLabel, 0, 0)
}

// fileEntries are the entries of a file: parts of the long name, then the short
// one, which is entered among those taken.
func fileEntries(file *node, cluster int, taken map[string]bool) []byte {
	short := shortDOS(file.name, taken)
	taken[short] = true
	return append(longEntries(file.name, short), entry(short, attributeArchive, cluster, len(file.content))...)
}

func entry(name string, attribute byte, cluster, size int) []byte {
	b := make([]byte, entrySize)
	copy(b, name)
	b[11] = attribute
	for _, date := range []int{16, 18, 24} { // made, read, written
		binary.LittleEndian.PutUint16(b[date:], dosDate)
	}
	binary.LittleEndian.PutUint16(b[26:], uint16(cluster))
	binary.LittleEndian.PutUint32(b[28:], uint32(size))
	return b
}

// shortDOS is a name of eight and three characters, without the dot, that is not
// taken. A name that fits but for its case keeps its letters.
func shortDOS(name string, taken map[string]bool) string {
	base, extension := shortParts(name)
	plain := base
	if extension != "" {
		plain += "." + extension
	}
	short := fmt.Sprintf("%-8s%-3s", base, extension)
	if plain == strings.ToUpper(name) && !taken[short] {
		return short
	}
	for number := 1; ; number++ {
		tail := fmt.Sprintf("~%d", number)
		short = fmt.Sprintf("%-8s%-3s", base[:min(len(base), 8-len(tail))]+tail, extension)
		if !taken[short] {
			return short
		}
	}
}

// longEntries hold the name in parts of 13 characters, the last part first.
func longEntries(name, short string) []byte {
	units := utf16.Encode([]rune(name))
	if len(units)%unitsInLongEntry != 0 {
		units = append(units, 0)
	}
	for len(units)%unitsInLongEntry != 0 {
		units = append(units, 0xffff)
	}
	var all []byte
	parts := slices.Collect(slices.Chunk(units, unitsInLongEntry))
	for i, part := range slices.Backward(parts) {
		number := byte(i + 1)
		if i == len(parts)-1 {
			number |= lastLongEntry
		}
		all = append(all, longEntry(number, part, checksum(short))...)
	}
	return all
}

func longEntry(number byte, units []uint16, sum byte) []byte {
	b := make([]byte, entrySize)
	b[0], b[11], b[13] = number, attributeLong, sum
	places := []int{1, 3, 5, 7, 9, 14, 16, 18, 20, 22, 24, 28, 30}
	for i, unit := range units {
		binary.LittleEndian.PutUint16(b[places[i]:], unit)
	}
	return b
}

// checksum ties a long name to its short one.
func checksum(short string) byte {
	var sum byte
	for i := range len(short) {
		sum = sum>>1 | sum<<7
		sum += short[i]
	}
	return sum
}
