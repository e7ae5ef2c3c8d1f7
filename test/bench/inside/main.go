// Command inside is what the bench runs in a guest: it has a busy application's view of
// its disk.
//
//	inside gaps FILE STOP    writes the time into FILE again and again, each time through to
//	                         the disk, until STOP is there, and prints the longest time from
//	                         one write to the next, in microseconds
//	inside fill FILE MIB     fills FILE with so many MiB that cannot be made smaller
package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"time"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "inside:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	if len(arguments) != 3 {
		return fmt.Errorf("three arguments are wanted, not %q", arguments)
	}
	file, err := os.OpenFile(arguments[1], os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if arguments[0] == "gaps" {
		return gaps(file, arguments[2])
	}
	count, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	return fill(file, count)
}

func gaps(file *os.File, stop string) error {
	var longest time.Duration
	var stamp [8]byte
	for last := time.Now(); ; {
		binary.LittleEndian.PutUint64(stamp[:], uint64(last.UnixNano()))
		if _, err := file.WriteAt(stamp[:], 0); err != nil {
			return err
		}
		if err := file.Sync(); err != nil {
			return err
		}
		now := time.Now()
		longest, last = max(longest, now.Sub(last)), now
		if _, err := os.Stat(stop); err == nil {
			fmt.Println(longest.Microseconds())
			return nil
		}
	}
}

func fill(file *os.File, count int) error {
	block := make([]byte, 1<<20)
	random := rand.NewChaCha8([32]byte{})
	_, _ = random.Read(block) // never fails
	for number := range count {
		binary.LittleEndian.PutUint64(block, uint64(time.Now().UnixNano()))
		if _, err := file.WriteAt(block, int64(number)<<20); err != nil {
			return err
		}
	}
	return file.Sync()
}
