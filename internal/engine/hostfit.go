package engine

import (
	"fmt"
	"slices"
	"strings"

	"vireo/internal/audit"
	"vireo/internal/inventory"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// Unfit says why a host that answers cannot serve its cluster; empty when it can.
func Unfit(tx *inventory.Tx, on *model.Host) string {
	for _, other := range tx.Hosts.All() {
		if sameMachine(on, other) && lifecycle.HostWatched(other.Status) && other.Status != model.HostNonOperational {
			return fmt.Sprintf("It is the same machine as the host %s, at %s.", other.Name, other.Address)
		}
	}
	switch {
	case on.MayReturn():
		return "It was cut off from its storage, and has not been let back yet."
	case on.Barred != nil:
		return "It was cut off from its storage, and has not been restarted since."
	}
	cluster, ok := tx.Clusters.Get(on.Cluster)
	if !ok {
		return ""
	}
	kind, known := model.CPUTypeNamed(cluster.CPUType)
	if known && !slices.Contains(on.Facts.CPUModels, kind.Model) {
		return fmt.Sprintf("Its CPU cannot be given to guests as %s, which its cluster %s asks for (libvirt's model %s).", kind.Name, cluster.Name, kind.Model)
	}
	if _, flags := kind.Lacking(&on.Facts); on.Facts.Accelerated && len(flags) > 0 {
		return fmt.Sprintf("Its CPU lacks %s, which its cluster %s asks for (%s).", strings.Join(flags, ", "), cluster.Name, kind.Name)
	}
	return ""
}

// ReviewHost writes the status of a host that is connected and was looked at, and its
// event: it can serve its cluster, or cannot. on is being edited.
func ReviewHost(tx *inventory.Tx, on *model.Host) {
	why := Unfit(tx, on)
	cause := lifecycle.HostAnswered
	if why != "" {
		cause = lifecycle.HostUnfit
	}
	if !MoveHost(on, cause, why) {
		return
	}
	code := audit.HostConnected
	if on.Status == model.HostNonOperational {
		code = audit.HostNonOperational
	}
	tx.Event(audit.New(code, audit.About{Host: on, Detail: why}))
}

// sameMachine: two ways to one daemon. Its guests would be counted twice, and each
// would look like a double of the other.
func sameMachine(a, b *model.Host) bool {
	return a.ID != b.ID && a.Facts.UUID != "" && a.Facts.UUID == b.Facts.UUID && a.Facts.Hostname == b.Facts.Hostname &&
		a.BootID == b.BootID && a.Facts.Session == b.Facts.Session
}
