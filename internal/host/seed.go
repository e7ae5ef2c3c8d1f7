package host

import (
	"fmt"
	"regexp"
)

// Seed is the image of a read-only CD or floppy that was made for one run of a
// guest, with what initializes it. It may hold secrets: only the hypervisor may
// read it, and it is never logged.
type Seed struct {
	// Name tells the seeds of a guest apart and is part of a file name:
	// lower-case letters and hyphens.
	Name  string
	Drive SeedDrive
	Image []byte
}

// String describes the seed without what is in it, so that no log or error
// shows it by accident.
func (s Seed) String() string {
	return fmt.Sprintf("%s %.40q of %d bytes", s.Drive, s.Name, len(s.Image))
}

// GoString is String, for %#v.
func (s Seed) GoString() string { return s.String() }

// SeedDrive is the kind of drive a seed is in.
type SeedDrive string

// The drives of seeds.
const (
	SeedCDROM  SeedDrive = "cdrom"
	SeedFloppy SeedDrive = "floppy"
)

// The limits of removable media. Hosts keep seeds in memory; a PC has a
// controller for two floppy drives, and the largest floppy holds 2,880 KiB.
const (
	MaxSeedCDROM  = 16 << 20 // bytes
	MaxSeedFloppy = 2880 << 10
	MaxFloppies   = 2
)

var seedName = regexp.MustCompile(`^[a-z]([a-z-]{0,30}[a-z])?$`)

// CheckSeeds says whether a host can hold the seeds of the spec and has drives for
// its floppies; otherwise it answers a *RefusedError with RefusedUnsupported.
// Drivers call it before they do anything.
func (s *GuestSpec) CheckSeeds() error {
	floppies := len(s.Floppies)
	names := map[string]bool{}
	for _, seed := range s.Seeds {
		if seed.Drive == SeedFloppy {
			floppies++
		}
		if reason := seed.fault(); reason != "" {
			return &RefusedError{Code: RefusedUnsupported, Reason: fmt.Sprintf("the seed %.40q %s", seed.Name, reason)}
		}
		if names[seed.Name] {
			return &RefusedError{Code: RefusedUnsupported, Reason: fmt.Sprintf("two seeds have the name %q", seed.Name)}
		}
		names[seed.Name] = true
	}
	if floppies > MaxFloppies {
		return &RefusedError{Code: RefusedUnsupported, Reason: fmt.Sprintf(
			"a guest has at most %d floppy drives, and %d floppies were asked for", MaxFloppies, floppies)}
	}
	return nil
}

// fault is what is wrong with a seed, as the rest of a sentence; empty if nothing.
func (s Seed) fault() string {
	limit := map[SeedDrive]int{SeedCDROM: MaxSeedCDROM, SeedFloppy: MaxSeedFloppy}[s.Drive]
	switch {
	case !seedName.MatchString(s.Name):
		return "has a name that is not made of lower-case letters and hyphens, or is too long"
	case limit == 0:
		return fmt.Sprintf("is for a drive that does not exist, %.40q", s.Drive)
	case len(s.Image) == 0:
		return "is empty"
	case len(s.Image) > limit:
		return fmt.Sprintf("has %d bytes, more than the %d that fit", len(s.Image), limit)
	default:
		return ""
	}
}
