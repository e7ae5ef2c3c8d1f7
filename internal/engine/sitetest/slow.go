//go:build !race

package sitetest

// Slow says that tests run under the race detector, where everything takes ten
// times as long: long series try less there.
const Slow = false
