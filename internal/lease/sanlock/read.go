package sanlock

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"vireo/internal/lease"
	"vireo/internal/model"
)

const (
	// block is what a size and a place in memory must be a multiple of to be read past the
	// page cache on any device.
	block = 4096
	// spaceSize is that of a lockspace.
	spaceSize = 1 << 20
)

// Record implements [lease.Leases].
func (l *Leases) Record(ctx context.Context, domain *model.StorageDomain, vm model.ID) (lease.Record, error) {
	return reading(ctx, l, domain, func(dir *os.Root) (lease.Record, error) { return readLease(dir, domain, vm) })
}

// Renewals implements [lease.Leases].
func (l *Leases) Renewals(ctx context.Context, domain *model.StorageDomain) (map[uint64]lease.Renewal, error) {
	return reading(ctx, l, domain, func(dir *os.Root) (map[uint64]lease.Renewal, error) { return readSpace(dir, domain) })
}

func readSpace(dir *os.Root, domain *model.StorageDomain) (map[uint64]lease.Renewal, error) {
	data, err := readRecords(dir, spaceFile, spaceSize)
	if err != nil {
		return nil, err
	}
	// The first is there also when its host has never come: it says what file this is.
	if _, err := parse(data[:recordSize], hostMagic, hostMajor, string(domain.ID)); err != nil {
		return nil, err
	}
	found := make(map[uint64]lease.Renewal)
	for host := range uint64(spaceSize / recordSize) {
		if renewal, err := parseRenewal(data[host*recordSize:][:recordSize], string(domain.ID), host+1); err == nil {
			found[host+1] = renewal
		}
	}
	return found, nil
}

func reading[T any](ctx context.Context, l *Leases, domain *model.StorageDomain, read func(*os.Root) (T, error)) (T, error) {
	answers := make(chan T, 1)
	err := l.hanging.within(ctx, domain, func() error {
		dir, err := os.OpenRoot(root(domain))
		if err != nil {
			return err
		}
		defer dir.Close()
		answer, err := read(dir)
		if err == nil {
			answers <- answer
		}
		return err
	})
	if err != nil {
		var none T
		return none, err
	}
	return <-answers, nil
}

func readLease(dir *os.Root, domain *model.StorageDomain, vm model.ID) (lease.Record, error) {
	data, err := readRecords(dir, leaseFile(vm), block)
	if err != nil {
		return lease.Record{}, err
	}
	return parseLease(data[:recordSize], string(domain.ID), string(vm))
}

// readRecords reads so many bytes from the beginning of a file, from where it lies and not
// from what the machine remembers of it.
func readRecords(dir *os.Root, name string, size int) ([]byte, error) {
	file, err := dir.OpenFile(name, os.O_RDONLY|syscall.O_DIRECT|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file", name)
	}
	// Pages of memory of their own are where they must be; the heap's are not.
	data, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("memory for records: %w", err)
	}
	_, err = file.ReadAt(data, 0)
	found := bytes.Clone(data)
	return found, errors.Join(err, syscall.Munmap(data))
}

// mostHanging is how many calls may hang in one domain before no others are begun.
const mostHanging = 4

// hanging counts the calls in storage that nobody waits for any more, by directory.
type hanging struct {
	mu    sync.Mutex
	calls map[string]int
}

// within does something in a domain for as long as ctx allows. A file system whose server
// is gone may not come back from a call for hours: that is left behind then.
func (h *hanging) within(ctx context.Context, domain *model.StorageDomain, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if h.count(domain, 0) >= mostHanging {
		return fmt.Errorf("the storage domain %s does not answer", domain.Name)
	}
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		h.count(domain, 1)
		go func() {
			<-done //nolint:errcheck // nobody waits for what it says any more
			h.count(domain, -1)
		}()
		return fmt.Errorf("the storage domain %s does not answer: %w", domain.Name, ctx.Err())
	}
}

func (h *hanging) count(domain *model.StorageDomain, more int) int {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.calls == nil {
		h.calls = make(map[string]int)
	}
	h.calls[domain.Dir()] += more
	return h.calls[domain.Dir()]
}
