package seed

import (
	"bytes"
	"encoding/binary"
	"slices"
	"unicode/utf16"
)

// view is one of the two trees of an ISO that show the same files: the primary
// one, whose short names carry the real ones in Rock Ridge entries, and Joliet's.
type view struct {
	joliet      bool
	folders     []*node // level by level, as a path table wants them
	at          map[*node]extent
	files       map[*node]extent
	little, big extent // the path tables in both byte orders
}

func newView(root *node, joliet bool) *view {
	v := &view{joliet: joliet, at: make(map[*node]extent), folders: []*node{root}}
	for i := 0; i < len(v.folders); i++ {
		if !joliet {
			shorten(v.folders[i])
		}
		for _, child := range v.children(v.folders[i]) {
			if child.folder {
				v.folders = append(v.folders, child)
			}
		}
	}
	return v
}

// children are sorted by what the view calls them.
func (v *view) children(folder *node) []*node {
	return slices.SortedFunc(slices.Values(folder.children), func(a, b *node) int {
		return bytes.Compare(v.identifier(a), v.identifier(b))
	})
}

// identifier is the name in a directory record.
func (v *view) identifier(n *node) []byte {
	if v.joliet {
		var name []byte
		for _, unit := range utf16.Encode([]rune(n.name)) {
			name = binary.BigEndian.AppendUint16(name, unit)
		}
		return name
	}
	if n.folder {
		return []byte(n.short)
	}
	return []byte(n.short + ";1")
}

// pathTable lists the folders with their parents' numbers (ECMA-119, 9.4).
func (v *view) pathTable(order binary.AppendByteOrder) []byte {
	var table []byte
	for _, folder := range v.folders {
		name := []byte{0}
		if folder != folder.parent {
			name = v.identifier(folder)
		}
		table = append(table, byte(len(name)), 0)
		table = order.AppendUint32(table, v.at[folder].block)
		table = order.AppendUint16(table, uint16(slices.Index(v.folders, folder.parent)+1))
		table = append(table, name...)
		if len(name)%2 == 1 {
			table = append(table, 0)
		}
	}
	return table
}

// records are the directory of a folder. No record lies across two blocks, and
// the length does not depend on where things lie.
func (v *view) records(folder *node) []byte {
	list := [][]byte{
		v.record([]byte{0}, v.at[folder], true, v.selfEntries(folder)),
		v.record([]byte{1}, v.at[folder.parent], true, v.parentEntries()),
	}
	for _, child := range v.children(folder) {
		at := v.files[child]
		if child.folder {
			at = v.at[child]
		}
		list = append(list, v.record(v.identifier(child), at, child.folder, v.nameEntries(child)))
	}
	var all []byte
	for _, record := range list {
		if used := len(all) % blockSize; used+len(record) > blockSize {
			all = append(all, make([]byte, blockSize-used)...)
		}
		all = append(all, record...)
	}
	return append(all, make([]byte, (blockSize-len(all)%blockSize)%blockSize)...)
}

// record is a directory record (ECMA-119, 9.1).
func (v *view) record(name []byte, at extent, folder bool, entries []byte) []byte {
	b := make([]byte, 33, 256)
	putBoth32(b[2:], at.block)
	putBoth32(b[10:], at.size)
	copy(b[18:], []byte{80, 1, 1, 0, 0, 0, 0}) // 1 January 1980, as on a floppy
	if folder {
		b[25] = 2
	}
	putBoth16(b[28:], 1)
	b[32] = byte(len(name))
	b = append(b, name...)
	if len(b)%2 == 1 {
		b = append(b, 0)
	}
	b = append(b, entries...)
	if len(b)%2 == 1 {
		b = append(b, 0)
	}
	b[0] = byte(len(b))
	return b
}

// write puts path tables and folders into the image.
func (v *view) write(image []byte) {
	copy(image[int(v.little.block)*blockSize:], v.pathTable(binary.LittleEndian))
	copy(image[int(v.big.block)*blockSize:], v.pathTable(binary.BigEndian))
	for _, folder := range v.folders {
		copy(image[int(v.at[folder].block)*blockSize:], v.records(folder))
	}
}
