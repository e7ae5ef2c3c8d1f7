package sitetest

import (
	"vireo/internal/engine"
	"vireo/internal/engine/access"
	"vireo/internal/engine/affinitygroups"
	"vireo/internal/engine/cdroms"
	"vireo/internal/engine/clusters"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/domains"
	"vireo/internal/engine/exports"
	"vireo/internal/engine/fencing"
	"vireo/internal/engine/hosts"
	"vireo/internal/engine/networks"
	"vireo/internal/engine/nics"
	"vireo/internal/engine/options"
	"vireo/internal/engine/pools"
	"vireo/internal/engine/snapshots"
	"vireo/internal/engine/storage"
	"vireo/internal/engine/tags"
	"vireo/internal/engine/templates"
	"vireo/internal/engine/transfers"
	"vireo/internal/engine/vms"
)

// Rooms give the rows of the command table, as the server installs them.
var Rooms = []func(*engine.Engine) []engine.Command{
	vms.Commands, disks.Commands, nics.Commands, cdroms.Commands, tags.Commands, options.Commands,
	domains.Commands, storage.Commands, templates.Commands, exports.Commands, snapshots.Commands, transfers.Commands,
	access.Commands, hosts.Commands, fencing.Commands, networks.Commands, clusters.Commands, affinitygroups.Commands,
	pools.Commands,
}

// Install adds the rows of every room to an engine.
func Install(e *engine.Engine) {
	for _, rows := range Rooms {
		e.Install(rows(e))
	}
}
