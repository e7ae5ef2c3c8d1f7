// Package storetest states the promises of a [vireo/internal/store.Store] as
// tests, which every implementation and every dialect must keep.
//
// It knows nothing of how a state is kept: [State] is what it asks of those
// who use it.
//
// Start reading at [Run] (promises.go).
package storetest
