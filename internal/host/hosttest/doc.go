// Package hosttest states the promises that every driver of package host keeps,
// as tests that run the same on the fake and on real hypervisors.
//
// It knows only the port. A driver's tests fill in a [Target] and call [Run];
// whoever needs each promise in a bubble of virtual time goes through
// [Promises] instead. Guests are few and small, and everything is waited for by
// events and conditions.
//
// Start reading at [Target], then boot.go.
package hosttest
