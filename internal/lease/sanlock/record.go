package sanlock

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"

	"vireo/internal/lease"
	"vireo/internal/model"
)

// The magic numbers and versions of the two kinds of record. Only the first half of a
// version says what can be read.
const (
	hostMagic     = 0x12212010
	resourceMagic = 0x06152010
	hostMajor     = 3
	resourceMajor = 6
)

const (
	// recordSize is what a record takes up where sectors have 512 bytes, as in files.
	recordSize = 512
	// nameLength is how long names may be, zeros behind them.
	nameLength = 48
	// checked are the bytes that the checksum covers.
	checked = 168
	// usualTimeout is sanlock's own, where a record does not say which.
	usualTimeout = 10
	// watchdog is within what time a host's watchdog fires when it is not fed any more.
	watchdog = 60 * time.Second
)

// record is what the first sector of a lease says, and each sector of a lockspace.
type record struct {
	Magic, Version, Flags, SectorSize uint32
	Hosts, MostHosts                  uint64
	Owner, Generation, Version64      uint64
	Space, Resource                   [nameLength]byte
	Timestamp, _                      uint64
	Checksum                          uint32
	_, Timeout                        uint16
}

// checksums are those of Castagnoli, without the complement at the end.
func checksum(data []byte) uint32 {
	return ^crc32.Update(1, crc32.MakeTable(crc32.Castagnoli), data)
}

// parse reads a record and sees to it that it is one, of the lockspace that it should be of.
func parse(data []byte, magic, major uint32, space string) (record, error) {
	var read record
	if err := binary.Read(bytes.NewReader(data), binary.LittleEndian, &read); err != nil {
		return read, fmt.Errorf("a record of sanlock is cut short: %w", err)
	}
	switch {
	case read.Magic != magic:
		return read, fmt.Errorf("there is no record of sanlock: it begins with %#x", read.Magic)
	case read.Version>>16 != major:
		return read, fmt.Errorf("a record of sanlock has the unknown version %#x", read.Version)
	case read.SectorSize != recordSize:
		return read, fmt.Errorf("a record of sanlock has the unknown sector size %d", read.SectorSize)
	case read.Checksum != checksum(data[:checked]):
		return read, fmt.Errorf("a record of sanlock has the wrong checksum")
	case name(read.Space) != space:
		return read, fmt.Errorf("a record of sanlock is of another lockspace: %q", name(read.Space))
	}
	return read, nil
}

func name(field [nameLength]byte) string {
	text, _, _ := bytes.Cut(field[:], []byte{0})
	return string(text)
}

// parseLease reads the record of a lease.
func parseLease(data []byte, space, key string) (lease.Record, error) {
	read, err := parse(data, resourceMagic, resourceMajor, space)
	if err != nil {
		return lease.Record{}, err
	}
	if name(read.Resource) != key {
		return lease.Record{}, fmt.Errorf("a record of sanlock is of another lease: %q", name(read.Resource))
	}
	return lease.Record{
		Held:   read.Timestamp != 0 && read.Owner != 0,
		Holder: model.Holder{Host: read.Owner, Generation: read.Generation, Version: read.Version64},
	}, nil
}

// parseRenewal reads the record of a host in its lockspace. Nobody is dead before eight
// of its timeouts, in which sanlock kills the guests, and the watchdog's have passed
// (host_dead_seconds of sanlock).
func parseRenewal(data []byte, space string, host uint64) (lease.Renewal, error) {
	read, err := parse(data, hostMagic, hostMajor, space)
	if err != nil {
		return lease.Renewal{}, err
	}
	if read.Owner != host {
		return lease.Renewal{}, fmt.Errorf("a record of sanlock is of another host: %d", read.Owner)
	}
	timeout := time.Duration(read.Timeout) * time.Second
	if timeout == 0 {
		timeout = usualTimeout * time.Second
	}
	return lease.Renewal{
		Generation: read.Generation, Stamp: read.Timestamp, Dead: 8*timeout + watchdog, Every: 2 * timeout,
	}, nil
}
