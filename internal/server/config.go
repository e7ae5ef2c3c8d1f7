package server

import (
	"context"
	"log/slog"

	"vireo/internal/host"
	"vireo/internal/image"
	"vireo/internal/job"
	"vireo/internal/lease"
	"vireo/internal/model"
)

// Config says how an engine is to run; the fields are the flags of `vireo
// serve`.
type Config struct {
	DataDir string
	// Archives is the directory at or below which OVA files are written and read; empty is
	// ova in the data directory.
	Archives string
	// Listen is the HTTPS address; empty listens nowhere (tests).
	Listen string
	// ListenHTTP is a plain HTTP address on the loopback, for a reverse proxy.
	ListenHTTP string
	// Database is a URL; empty is SQLite in the data directory.
	Database string
	// LocalHost is the address of the host "local" of a fresh engine; empty
	// makes none.
	LocalHost string
	// AdminPassword is the administrator's first; empty makes one up.
	AdminPassword string
	// Certificate and Key are files of the operator's own; empty uses the
	// engine's CA.
	Certificate, Key string
	// Driver reaches the hosts.
	Driver host.Driver
	// FenceAgents is the folder of the programs that cut hosts off.
	FenceAgents string
	// Leases are those of VMs; nil: sanlock's.
	Leases lease.Leases
	// Images keeps the disks; nil: directories (tests put faults in).
	Images image.Images
	// Stir tells of storage that has changed; nil looks at it in intervals only. See
	// watch.Options.
	Stir func(ctx context.Context, roots func() []string, stirred func())
	// Overrides are values of engine options that win over those kept (tests).
	Overrides map[string]string
	Log       *slog.Logger
	// Died is for tests: see job.Options.
	Died func(job.Point) bool
	// Version is shown in logs and metrics.
	Version string
}

// ID of the engine as kept with the options.
func engineIDOf(options interface {
	Named(string) []*model.Option
}, name string,
) string {
	for _, kept := range options.Named(name) {
		return kept.Value
	}
	return ""
}
