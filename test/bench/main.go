// Command bench measures Vireo beside what it stands on, in one run on one
// machine: starts, stops, snapshots, merges and migrations against virsh, copies, exports and
// uploads against qemu-img and cp, events of libvirt against what a GET shows, answers and memory with thousands of VMs on fake hosts, and the writing
// of XML and JSON against the standard library.
//
// Times of a shared machine say little; what was measured side by side, taking
// turns, does. So ratios come first.
//
// Start reading at [sections]; each is a file.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

// settings are the flags.
type settings struct {
	guest, binary, out string
	pairs, changes     int
	sizes              []int
	load               time.Duration
	only               string
	// folder is for everything that the run makes; it is removed at the end.
	folder string
	log    io.Writer
}

// sections are the parts of a run, in the order of the report.
var sections = []struct {
	name    string
	measure func(context.Context, *settings, *report) error
}{
	{"power", measurePower},
	{"runonce", measureRunOnce},
	{"copies", measureCopies},
	{"storage", measureStorage},
	{"snapshots", measureSnapshots},
	{"migration", measureMigration},
	{"events", measureEvents},
	{"scale", measureScale},
	{"placement", measurePlacement},
	{"crowd", measureCrowd},
	{"encodings", measureEncodings},
	{"startup", measureStartup},
}

// few is how many pairs there are of what takes long.
func (s *settings) few() int { return max(3, s.pairs/3) }

func main() {
	s := settings{sizes: []int{1000, 10_000}, log: os.Stderr}
	flag.StringVar(&s.guest, "guest", "", "folder of the small guest (test/guest/README.md)")
	flag.StringVar(&s.binary, "binary", "bin/vireo", "the engine's program")
	flag.StringVar(&s.out, "out", "", "where the report is written; empty: nowhere but on standard output")
	flag.IntVar(&s.pairs, "pairs", 15, "how many starts and stops of each kind")
	flag.IntVar(&s.changes, "changes", 100, "how many changes behind the engine's back")
	flag.DurationVar(&s.load, "load", 5*time.Second, "how long the mixed load lasts")
	flag.StringVar(&s.only, "only", "", "one section alone: power, runonce, copies, storage, snapshots, migration, events, scale, placement, crowd, encodings or startup")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, &s); err != nil {
		fmt.Fprintln(os.Stderr, "bench: "+err.Error())
		os.Exit(1)
	}
}

func run(ctx context.Context, s *settings) (err error) {
	if s.binary, err = filepath.Abs(s.binary); err != nil {
		return err
	}
	if s.folder, err = os.MkdirTemp("", "vireo-bench-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.folder)
	// QEMU runs as another user and reads the guest's kernel here.
	if err := os.Chmod(s.folder, 0o711); err != nil {
		return err
	}
	made := &report{date: time.Now()}
	made.machine = machineFacts(ctx)
	var failures []error
	for _, section := range sections {
		if s.only != "" && s.only != section.name {
			continue
		}
		fmt.Fprintf(s.log, "bench: %s\n", section.name)
		if err := section.measure(ctx, s, made); err != nil {
			failures = append(failures, fmt.Errorf("%s: %w", section.name, err))
		}
	}
	// What was measured is shown, also when something else could not be.
	fmt.Fprint(os.Stdout, made.text())
	if s.out == "" || len(failures) > 0 {
		return errors.Join(failures...)
	}
	if err := os.MkdirAll(filepath.Dir(s.out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(s.out, []byte(made.markdown()), 0o644)
}
