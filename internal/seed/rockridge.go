package seed

import (
	"fmt"
	"strings"
)

// Rock Ridge (IEEE P1282, version 1.10) puts what UNIX knows of a file behind
// the name of its directory record. Joliet has no such entries.

const (
	modeFolder = 0o040555
	modeFile   = 0o100444
)

// selfEntries begin the use of such entries, in the first folder.
func (v *view) selfEntries(folder *node) []byte {
	if v.joliet {
		return nil
	}
	if folder != folder.parent {
		return attributes(modeFolder)
	}
	entries := []byte{'S', 'P', 7, 1, 0xbe, 0xef, 0}
	entries = append(entries, attributes(modeFolder)...)
	const identifier = "RRIP_1991A" // describing texts may be empty
	entries = append(entries, 'E', 'R', byte(8+len(identifier)), 1, byte(len(identifier)), 0, 0, 1)
	return append(entries, identifier...)
}

func (v *view) parentEntries() []byte {
	if v.joliet {
		return nil
	}
	return attributes(modeFolder)
}

func (v *view) nameEntries(n *node) []byte {
	if v.joliet {
		return nil
	}
	mode := uint32(modeFile)
	if n.folder {
		mode = modeFolder
	}
	entries := append(attributes(mode), 'N', 'M', byte(5+len(n.name)), 1, 0)
	return append(entries, n.name...)
}

// attributes say the mode; the owner is root.
func attributes(mode uint32) []byte {
	entry := make([]byte, 36)
	copy(entry, []byte{'P', 'X', 36, 1})
	putBoth32(entry[4:], mode)
	putBoth32(entry[12:], 1)
	return entry
}

// shorten gives the children of a folder the names of the primary tree: eight
// capitals or digits, a dot and three, different from one another.
func shorten(folder *node) {
	taken := make(map[string]bool)
	for _, child := range folder.children {
		base, extension := shortParts(child.name)
		if child.folder {
			extension = ""
		}
		for number := 0; ; number++ {
			child.short = joinShort(base, extension, number, child.folder)
			if !taken[child.short] {
				break
			}
		}
		taken[child.short] = true
	}
}

func joinShort(base, extension string, number int, folder bool) string {
	if number > 0 {
		tail := fmt.Sprintf("_%d", number)
		base = base[:min(len(base), 8-len(tail))] + tail
	}
	if folder {
		return base
	}
	return base + "." + extension
}

// shortParts cuts a name to eight and three capitals, digits and '_'.
func shortParts(name string) (base, extension string) {
	base = name
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		base, extension = name[:dot], name[dot+1:]
	}
	clean := func(r rune) rune {
		if isLetterOrDigit(r) {
			return r
		}
		return '_'
	}
	base = strings.ToUpper(strings.Map(clean, base))
	extension = strings.ToUpper(strings.Map(clean, extension))
	return base[:min(len(base), 8)], extension[:min(len(extension), 3)]
}
