package engine

import (
	"context"
	"time"

	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// measuring is how long a storage domain may take to say what room it has.
const measuring = 2 * time.Second

// CheckRoom refuses a domain that does not have so many bytes left. One that does not
// say is taken to be full. The error may be one of Outside.
func (e *Engine) CheckRoom(call *Call, domain *model.StorageDomain, size int64) error {
	available, err := Outside(call, "room "+string(domain.ID), func(ctx context.Context) (int64, error) {
		bounded, cancel := context.WithTimeout(ctx, measuring)
		defer cancel()
		space, err := e.Images.Space(bounded, domain)
		if err != nil {
			e.Log.WarnContext(ctx, "a storage domain does not say how much room it has", "storage_domain", domain.ID, "err", err)
			return 0, nil
		}
		return space.Available, nil
	})
	if err == nil && available < size {
		return fault.New(fault.DiskSpaceLow, call.Verb, domain.Name)
	}
	return err
}

// ImageOwner is whom QEMU runs as on the hosts of a data center, of which one was
// seen at least.
func ImageOwner(tx *inventory.Tx, dataCenter model.ID) image.Owner {
	for _, on := range tx.Hosts.All() {
		if cluster, ok := tx.Clusters.Get(on.Cluster); ok && on.BootID != "" && cluster.DataCenter == dataCenter {
			return image.Owner{UID: on.Facts.ImageUID, GID: on.Facts.ImageGID}
		}
	}
	return image.Owner{UID: -1, GID: -1}
}

// DataCenterOf is the data center of a cluster; empty if there is no such cluster.
func DataCenterOf(tx *inventory.Tx, cluster model.ID) model.ID {
	if found, ok := tx.Clusters.Get(cluster); ok {
		return found.DataCenter
	}
	return ""
}
