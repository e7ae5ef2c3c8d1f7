package engine

import (
	"fmt"
	"slices"

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
	cluster, ok := tx.Clusters.Get(on.Cluster)
	if !ok {
		return ""
	}
	if kind, known := model.CPUTypeNamed(cluster.CPUType); known && !slices.Contains(on.Facts.CPUModels, kind.Model) {
		return fmt.Sprintf("Its CPU cannot be given to guests as %s, which its cluster %s asks for (libvirt's model %s).", kind.Name, cluster.Name, kind.Model)
	}
	return ""
}

// sameMachine: two ways to one daemon. Its guests would be counted twice, and each
// would look like a double of the other.
func sameMachine(a, b *model.Host) bool {
	return a.ID != b.ID && a.Facts.UUID != "" && a.Facts.UUID == b.Facts.UUID && a.Facts.Hostname == b.Facts.Hostname &&
		a.BootID == b.BootID && a.Facts.Session == b.Facts.Session
}
