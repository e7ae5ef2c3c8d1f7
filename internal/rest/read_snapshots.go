package rest

import (
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

func (r *request) snapshot() (*model.Snapshot, error) {
	return r.view.Snapshot(r.id("vm"), r.id("snapshot"))
}

func showSnapshot(r *request, snapshot *model.Snapshot) (any, error) {
	return r.page.ShowSnapshot(snapshot), nil
}

var snapshotList = collection[*model.Snapshot]{
	root: "snapshots", item: "snapshot",
	rows: func(r *request) ([]*model.Snapshot, error) { return r.view.Snapshots(r.id("vm")) },
	show: showSnapshot,
}

var oneSnapshot = object("snapshot", (*request).snapshot, showSnapshot)

// snapshotPart is a part of a snapshot, with the snapshot.
type snapshotPart[T any] struct {
	of   *model.Snapshot
	part T
}

// partsOf makes a list of the parts of a request's snapshot.
func partsOf[T any](parts func(*request, *model.Snapshot) []T) func(*request) ([]snapshotPart[T], error) {
	return func(r *request) ([]snapshotPart[T], error) {
		snapshot, err := r.snapshot()
		if err != nil {
			return nil, err
		}
		var all []snapshotPart[T]
		for _, part := range parts(r, snapshot) {
			all = append(all, snapshotPart[T]{snapshot, part})
		}
		return all, nil
	}
}

// partOf finds one of them by the id in the path.
func partOf[T any](rows func(*request) ([]snapshotPart[T], error), name string, idOf func(T) model.ID) func(*request) (snapshotPart[T], error) {
	return func(r *request) (snapshotPart[T], error) {
		all, err := rows(r)
		if err != nil {
			return snapshotPart[T]{}, err
		}
		for _, one := range all {
			if idOf(one.part) == r.id(name) {
				return one, nil
			}
		}
		return snapshotPart[T]{}, fault.Missing(string(r.id(name)))
	}
}

var snapshotDisks = partsOf(func(r *request, of *model.Snapshot) []engine.AttachedDisk { return r.view.SnapshotDisks(of) })

func showSnapshotDisk(r *request, disk snapshotPart[engine.AttachedDisk]) (any, error) {
	return r.page.ShowSnapshotDisk(disk.part.Disk, disk.part.Attachment, disk.of), nil
}

var snapshotDiskList = collection[snapshotPart[engine.AttachedDisk]]{
	root: "disks", item: "disk", rows: snapshotDisks, show: showSnapshotDisk,
}

var oneSnapshotDisk = object("disk", partOf(snapshotDisks, "disk", func(d engine.AttachedDisk) model.ID { return d.Disk.ID }), showSnapshotDisk)

var snapshotNICs = partsOf(func(_ *request, of *model.Snapshot) []*model.NIC {
	found := make([]*model.NIC, len(of.Config.NICs))
	for i := range of.Config.NICs {
		found[i] = &of.Config.NICs[i]
	}
	return found
})

func showSnapshotNIC(r *request, nic snapshotPart[*model.NIC]) (any, error) {
	return r.page.ShowSnapshotNIC(nic.part, nic.of), nil
}

var snapshotNICList = collection[snapshotPart[*model.NIC]]{root: "nics", item: "nic", rows: snapshotNICs, show: showSnapshotNIC}

var oneSnapshotNIC = object("nic", partOf(snapshotNICs, "nic", func(n *model.NIC) model.ID { return n.ID }), showSnapshotNIC)

var snapshotCDROMs = partsOf(func(r *request, of *model.Snapshot) []*v3.CDROM {
	return []*v3.CDROM{r.page.ShowSnapshotCDROM(of, r.isoDomain(of.Config.Cluster))}
})

func showSnapshotCDROM(_ *request, drive snapshotPart[*v3.CDROM]) (any, error) {
	return drive.part, nil
}

var snapshotCDROMList = collection[snapshotPart[*v3.CDROM]]{root: "cdroms", item: "cdrom", rows: snapshotCDROMs, show: showSnapshotCDROM}

var oneSnapshotCDROM = object("cdrom", partOf(snapshotCDROMs, "cdrom", func(*v3.CDROM) model.ID { return model.BlankID }), showSnapshotCDROM)
