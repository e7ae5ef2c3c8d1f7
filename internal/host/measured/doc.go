// Package measured wraps a driver and counts what is asked of hosts: how long
// each call took and how it failed, for /metrics and the log.
//
// It changes nothing about the calls. Start reading at [New].
package measured
