package seed

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

const (
	blockSize  = 2048
	firstBlock = 16 // what lies before belongs to boot loaders
)

// extent is where something lies in the image, in blocks, and how long it is in bytes.
type extent struct{ block, size uint32 }

func (e extent) blocks() uint32 { return (e.size + blockSize - 1) / blockSize }

// ISO writes an ISO 9660 image (ECMA-119) with Rock Ridge and Joliet names, both
// exactly as given. Files are readable by everybody in the guest, as is usual on
// a CD; all times are 1 January 1980, so that equal files make equal images.
func ISO(label string, files []File) ([]byte, error) {
	if err := checkLabelISO(label); err != nil {
		return nil, err
	}
	root, err := grow(files)
	if err != nil {
		return nil, err
	}
	views := []*view{newView(root, false), newView(root, true)}
	total, err := layOut(views)
	if err != nil {
		return nil, err
	}
	image := make([]byte, int(total)*blockSize)
	for i, v := range views {
		copy(image[(firstBlock+i)*blockSize:], v.descriptor(label, total))
		v.write(image)
	}
	copy(image[(firstBlock+len(views))*blockSize:], "\xffCD001\x01")
	for file, at := range views[0].files {
		copy(image[int(at.block)*blockSize:], file.content)
	}
	return image, nil
}

// maxImage bounds an image: payloads and seeds are small, and it is built in memory.
const maxImage = 64 << 20

// layOut gives everything its place: descriptors, then per view path tables and
// folders, then the files, which the views share. It returns the number of blocks.
func layOut(views []*view) (uint32, error) {
	next := uint32(firstBlock + len(views) + 1)
	place := func(size int) extent {
		at := extent{block: next, size: uint32(size)}
		next += at.blocks()
		return at
	}
	for _, v := range views {
		size := len(v.pathTable(binary.LittleEndian))
		v.little, v.big = place(size), place(size)
		for _, folder := range v.folders {
			v.at[folder] = place(len(v.records(folder)))
		}
	}
	shared := make(map[*node]extent)
	room := maxImage
	for _, folder := range views[0].folders {
		for _, child := range views[0].children(folder) {
			if child.folder {
				continue
			}
			if room -= len(child.content) + blockSize; room < 0 {
				return 0, fmt.Errorf("the files are too large for a CD image of %d MiB", maxImage>>20)
			}
			shared[child] = place(len(child.content))
		}
	}
	for _, v := range views {
		v.files = shared
	}
	return next, nil
}

// descriptor is the primary volume descriptor, or that of Joliet (ECMA-119, 8.4, 8.5).
func (v *view) descriptor(label string, total uint32) []byte {
	b := make([]byte, blockSize)
	b[0] = 1
	copy(b[1:], "CD001\x01")
	if v.joliet {
		b[0] = 2
		copy(b[88:], "%/E") // UCS-2, level 3
	}
	v.putText(b[8:40], "")
	v.putText(b[40:72], label)
	putBoth32(b[80:], total)
	putBoth16(b[120:], 1)
	putBoth16(b[124:], 1)
	putBoth16(b[128:], blockSize)
	putBoth32(b[132:], v.little.size)
	binary.LittleEndian.PutUint32(b[140:], v.little.block)
	binary.BigEndian.PutUint32(b[148:], v.big.block)
	copy(b[156:190], v.record([]byte{0}, v.at[v.folders[0]], true, nil))
	v.putText(b[190:813], "") // who made it: nobody is named
	for _, date := range []int{813, 830, 847, 864} {
		copy(b[date:], "0000000000000000\x00") // no date, 8.4.26.1
	}
	b[881] = 1
	return b
}

// putText fills a field of a descriptor, cut to its length and padded with blanks.
func (v *view) putText(field []byte, text string) {
	if !v.joliet {
		copy(field, text+strings.Repeat(" ", len(field)))
		return
	}
	for i, unit := range utf16.Encode([]rune(text + strings.Repeat(" ", len(field)/2))) {
		if 2*i+1 < len(field) {
			binary.BigEndian.PutUint16(field[2*i:], unit)
		}
	}
}

// Numbers stand in both byte orders (ECMA-119, 7.2.3 and 7.3.3).

func putBoth16(b []byte, value uint16) {
	binary.LittleEndian.PutUint16(b, value)
	binary.BigEndian.PutUint16(b[2:], value)
}

func putBoth32(b []byte, value uint32) {
	binary.LittleEndian.PutUint32(b, value)
	binary.BigEndian.PutUint32(b[4:], value)
}
