package files

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"

	"vireo/internal/image"
	"vireo/internal/model"
)

// explain wraps an error of the system in the one of the port that it amounts to.
func explain(err error) error {
	full := []error{syscall.ENOSPC, syscall.EDQUOT}
	gone := []error{
		syscall.EROFS, syscall.EIO, syscall.ESTALE, syscall.ENOTCONN, syscall.ENODEV, syscall.ENXIO,
		syscall.ETIMEDOUT, syscall.EHOSTDOWN, fs.ErrPermission,
	}
	is := func(target error) bool { return errors.Is(err, target) }
	switch {
	case err == nil:
		return nil
	case slices.ContainsFunc(full, is):
		return fmt.Errorf("%w: %w", image.ErrNoSpace, err)
	case slices.ContainsFunc(gone, is):
		return fmt.Errorf("%w: %w", image.ErrUnavailable, err)
	}
	return err
}

// unavailable says that a domain cannot be used, and why.
func unavailable(domain *model.StorageDomain, reason any) error {
	if err, ok := reason.(error); ok {
		return fmt.Errorf("storage domain %q at %s: %w: %w", domain.Name, domain.Dir(), image.ErrUnavailable, err)
	}
	return fmt.Errorf("storage domain %q at %s: %w: %v", domain.Name, domain.Dir(), image.ErrUnavailable, reason)
}

// mostAbandoned is how many deeds may hang on one place; then no more are begun there.
const mostAbandoned = 8

// abandoned counts, by directory, the deeds that were left to themselves.
var abandoned sync.Map

// within does something that may hang on a dead file system; when the context
// ends first, the deed is left to itself.
func within(ctx context.Context, domain *model.StorageDomain, do func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	kept, _ := abandoned.LoadOrStore(domain.Dir(), new(atomic.Int32))
	hanging, _ := kept.(*atomic.Int32) // nothing else is kept there
	if hanging.Load() >= mostAbandoned {
		return unavailable(domain, "it does not answer")
	}
	done := make(chan error, 1)
	go func() { done <- do() }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		hanging.Add(1)
		go func() {
			<-done //nolint:errcheck // nobody waits for what it says any more
			hanging.Add(-1)
		}()
		return unavailable(domain, ctx.Err())
	}
}
