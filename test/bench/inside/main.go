// Command inside is what the bench runs in a guest: it has a busy application's view of
// its disk.
//
//	inside gaps FILE STOP    writes the time into FILE again and again, each time through to
//	                         the disk, until STOP is there, and prints the longest time from
//	                         one write to the next, in microseconds
//	inside count DISK STOP   counts on DISK, past all caches, until STOP is there
//	inside fill FILE MIB     fills FILE with so many MiB that cannot be made smaller
package main

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"syscall"
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
	flags := os.O_CREATE | os.O_WRONLY
	if arguments[0] == "count" {
		flags = os.O_WRONLY | syscall.O_DIRECT
	}
	file, err := os.OpenFile(arguments[1], flags, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	if arguments[0] == "count" {
		return count(file, arguments[2])
	}
	if arguments[0] == "gaps" {
		return gaps(file, arguments[2])
	}
	mebibytes, err := strconv.Atoi(arguments[2])
	if err != nil {
		return err
	}
	return fill(file, mebibytes)
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

// count is looked at from outside: the clock of a guest stands still with it.
func count(file *os.File, stop string) error {
	page, err := syscall.Mmap(-1, 0, os.Getpagesize(), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return err
	}
	for number := uint64(1); ; number++ {
		binary.LittleEndian.PutUint64(page, number)
		if _, err := file.WriteAt(page, 0); err != nil {
			return err
		}
		if _, err := os.Stat(stop); err == nil {
			return nil
		}
		time.Sleep(time.Millisecond)
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
