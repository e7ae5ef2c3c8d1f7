package engine

import (
	"context"
	"errors"
	"time"

	"vireo/internal/model"
)

// What is looked at outside of transactions is bounded: how long one look may
// take, and how many different ones a command may need.
const (
	lookLimit = 10 * time.Second
	mostLooks = 64
)

// outsideError says that a check needs something that is not to be waited for
// while everybody else waits for the transaction.
type outsideError struct {
	key  string
	look func(ctx context.Context) any
}

// Error is for those who forget to pass it on.
func (e *outsideError) Error() string { return "to be looked at outside of the transaction: " + e.key }

type looked[T any] struct {
	value T
	err   error
}

// Outside gives a check the answer of a slow look, such as at a file: the first
// time it fails with an error that the check must return as it is; Act then
// looks, without holding anything up, and accepts the command anew. key names
// the look within the call.
func Outside[T any](call *Call, key string, look func(ctx context.Context) (T, error)) (T, error) {
	if known, ok := call.looks[key].(looked[T]); ok {
		return known.value, known.err
	}
	var none T
	return none, &outsideError{key: key, look: func(ctx context.Context) any {
		value, err := look(ctx)
		return looked[T]{value, err}
	}}
}

// IsOutside says whether an error is the wish of Outside, which a check must return as
// it is.
func IsOutside(err error) bool {
	_, ok := errors.AsType[*outsideError](err)
	return ok
}

// OutsideFault says what a look at a storage domain has come to: the wish of Outside as
// it is, or what is wrong with the storage.
func OutsideFault(what string, domain *model.StorageDomain, err error) error {
	if IsOutside(err) {
		return err
	}
	return StorageFault(what, domain, err)
}

// lookOutside does what a check asked for. False: err is not such a wish, or
// there were too many.
func lookOutside(ctx context.Context, call *Call, err error) bool {
	wish, ok := errors.AsType[*outsideError](err)
	if !ok || len(call.looks) >= mostLooks {
		return false
	}
	bounded, cancel := context.WithTimeout(ctx, lookLimit)
	defer cancel()
	if call.looks == nil {
		call.looks = make(map[string]any)
	}
	call.looks[wish.key] = wish.look(bounded)
	return true
}
