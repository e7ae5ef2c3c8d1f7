package seed

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// The layout of a 3½-inch floppy of 1.44 MB, in sectors of 512 bytes: the boot
// sector, two allocation tables, the first folder, then clusters of one sector.
const (
	sectorSize    = 512
	floppySectors = 2880
	tableSectors  = 9
	folderEntries = 224
	entrySize     = 32
	folderStart   = 1 + 2*tableSectors
	dataStart     = folderStart + folderEntries*entrySize/sectorSize
	clusters      = floppySectors - dataStart
	firstCluster  = 2 // clusters 0 and 1 do not exist
	mediaByte     = 0xf0
	endOfChain    = 0xfff
)

// Floppy writes the image of a 1.44 MB floppy (FAT12) with long file names. The
// files have plain names; all times are 1 January 1980. Files that do not fit
// are refused.
func Floppy(label string, files []File) ([]byte, error) {
	if err := checkLabelFloppy(label); err != nil {
		return nil, err
	}
	if err := CheckPayload(files); err != nil {
		return nil, err
	}
	root, err := grow(files)
	if err != nil {
		return nil, err
	}
	image := make([]byte, floppySectors*sectorSize)
	folder, err := fillFloppy(image, label, root.children)
	if err != nil {
		return nil, err
	}
	copy(image, bootSector(label))
	copy(image[folderStart*sectorSize:], folder)
	// The second allocation table is a copy of the first.
	copy(image[(1+tableSectors)*sectorSize:], image[sectorSize:(1+tableSectors)*sectorSize])
	return image, nil
}

// fillFloppy writes contents and the first allocation table, and returns the folder.
func fillFloppy(image []byte, label string, files []*node) ([]byte, error) {
	table := image[sectorSize : (1+tableSectors)*sectorSize]
	setCluster(table, 0, 0xf00|mediaByte)
	setCluster(table, 1, endOfChain)
	var folder []byte
	if label != "" {
		folder = append(folder, labelEntry(label)...)
	}
	taken := make(map[string]bool)
	next := firstCluster
	for _, file := range files {
		count := (len(file.content) + sectorSize - 1) / sectorSize
		if next+count > firstCluster+clusters {
			return nil, fmt.Errorf("the files are too large for a floppy, which holds %d bytes", clusters*sectorSize)
		}
		first := 0
		if count > 0 {
			first = next
		}
		for i := range count {
			setCluster(table, next+i, next+i+1)
		}
		if count > 0 {
			setCluster(table, next+count-1, endOfChain)
		}
		copy(image[(dataStart+next-firstCluster)*sectorSize:], file.content)
		folder = append(folder, fileEntries(file, first, taken)...)
		next += count
	}
	if len(folder) > folderEntries*entrySize {
		return nil, fmt.Errorf("%d files with names as long as these are too many for a floppy", len(files))
	}
	return folder, nil
}

// setCluster writes an entry of the allocation table: twelve bits, two in three bytes.
func setCluster(table []byte, cluster, value int) {
	at := cluster * 3 / 2
	pair := binary.LittleEndian.Uint16(table[at:])
	if cluster%2 == 0 {
		pair = pair&0xf000 | uint16(value)
	} else {
		pair = pair&0x000f | uint16(value)<<4
	}
	binary.LittleEndian.PutUint16(table[at:], pair)
}

// bootSector describes the floppy; it boots nothing.
func bootSector(label string) []byte {
	if label == "" {
		label = "NO NAME"
	}
	b := make([]byte, sectorSize)
	copy(b, "\xeb\x3c\x90MSDOS5.0")
	binary.LittleEndian.PutUint16(b[11:], sectorSize)
	b[13] = 1 // sectors in a cluster
	binary.LittleEndian.PutUint16(b[14:], 1)
	b[16] = 2 // allocation tables
	binary.LittleEndian.PutUint16(b[17:], folderEntries)
	binary.LittleEndian.PutUint16(b[19:], floppySectors)
	b[21] = mediaByte
	binary.LittleEndian.PutUint16(b[22:], tableSectors)
	binary.LittleEndian.PutUint16(b[24:], 18) // sectors in a track
	binary.LittleEndian.PutUint16(b[26:], 2)  // heads
	b[38] = 0x29                              // label and kind follow
	copy(b[43:], fmt.Sprintf("%-11sFAT12   ", strings.ToUpper(label)))
	copy(b[62:], "\xcd\x18") // asked to boot, it hands back to the firmware
	copy(b[510:], "\x55\xaa")
	return b
}
