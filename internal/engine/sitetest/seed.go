package sitetest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/store/sqlstore"
)

// The ids of what every site has.
const (
	DataCenter model.ID = "00000002-0002-0002-0002-000000000001"
	Cluster    model.ID = "00000001-0001-0001-0001-000000000001"
	Network    model.ID = "00000000-0000-0000-0000-000000000009"
	DataDomain model.ID = "00000003-0003-0003-0003-000000000001"
	ISODomain  model.ID = "00000003-0003-0003-0003-000000000002"
	// ExportDomain has nothing in it.
	ExportDomain model.ID = "00000003-0003-0003-0003-000000000004"
	// SpareDomain is a data domain that disks can be moved to.
	SpareDomain model.ID = "00000003-0003-0003-0003-000000000003"
)

// engineOption holds the id of the engine, as in the server's data.
const engineOption = "engine.id"

// isoGroup is the folder of an ISO domain that holds its files.
const isoGroup = "11111111-1111-1111-1111-111111111111"

// Host is the address of the machine of that number, from 1 on.
func Host(number int) string { return fmt.Sprintf("fake://h%d", number) }

// HostID is the id of the host at Host(number).
func HostID(number int) model.ID {
	return model.ID(fmt.Sprintf("00000004-0004-0004-0004-%012d", number))
}

// seed makes the data of a new site.
func (s *Site) seed(hosts []fake.MachineSpec) {
	s.t.Helper()
	kept, err := sqlstore.Open(context.Background(), "", sqlstore.Options{
		DefaultPath: filepath.Join(s.Dir, "vireo.db"), Log: s.logger(),
	})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() {
		if err := kept.Close(); err != nil {
			s.t.Error(err)
		}
	}()
	inv, err := inventory.Open(context.Background(), kept)
	if err != nil {
		s.t.Fatal(err)
	}
	domains := s.domains()
	for _, domain := range domains {
		if err := s.Images.Format(context.Background(), domain); err != nil {
			s.t.Fatal(err)
		}
	}
	iso := filepath.Join(domains[1].Path, string(ISODomain), "images", isoGroup, "tool.iso")
	if err := os.WriteFile(iso, []byte("not much of an image"), 0o600); err != nil {
		s.t.Fatal(err)
	}
	err = inv.Update(context.Background(), func(tx *inventory.Tx) error {
		for _, domain := range domains {
			tx.StorageDomains.Put(domain)
		}
		infrastructure(tx)
		for i, machine := range hosts {
			tx.Hosts.Put(&model.Host{
				ID: HostID(i + 1), Name: fmt.Sprintf("h%d", i+1), Address: machine.Address,
				Cluster: Cluster, Status: model.HostUnassigned, Since: time.Now().UTC(),
			})
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *Site) domains() []*model.StorageDomain {
	domain := func(id model.ID, name string, kind model.StorageDomainType) *model.StorageDomain {
		return &model.StorageDomain{
			ID: id, Name: name, Type: kind, StorageType: model.StorageLocalFS,
			Path: filepath.Join(s.Dir, name), DataCenter: DataCenter, Status: model.StorageDomainActive,
			Format: "v3", Since: time.Now().UTC(),
		}
	}
	return []*model.StorageDomain{
		domain(DataDomain, "data", model.StorageDomainData), domain(ISODomain, "iso", model.StorageDomainISO),
		domain(ExportDomain, "export", model.StorageDomainExport),
		domain(SpareDomain, "spare", model.StorageDomainData),
	}
}

func infrastructure(tx *inventory.Tx) {
	version := model.Version{Major: 3, Minor: 6}
	tx.DataCenters.Put(&model.DataCenter{ID: DataCenter, Name: "Default", Version: version})
	tx.Clusters.Put(&model.Cluster{
		ID: Cluster, Name: "Default", DataCenter: DataCenter, Version: version,
		Architecture: model.ArchitectureX8664, OvercommitPercent: 100,
	})
	tx.Networks.Put(&model.Network{
		ID: Network, Name: "ovirtmgmt", DataCenter: DataCenter,
		Usages: []string{"management", "display", "migration", "vm"},
	})
	tx.Tags.Put(&model.Tag{ID: model.BlankID, Name: "root"})
	tx.Templates.Put(&model.Template{ID: model.BlankID, CreationTime: time.Now().UTC(), VMConfig: blank()})
	tx.Options.Put(&model.Option{Name: engineOption, Value: string(model.NewID())})
}

// blank is a small VM with a kernel of its own: it needs no disk.
func blank() model.VMConfig {
	return model.VMConfig{
		Name: "Blank", Type: model.VMTypeServer, Origin: "ovirt", Cluster: Cluster, Template: model.BlankID,
		Memory: 256 << 20, GuaranteedMemory: 256 << 20, Ballooning: true,
		CPU: model.CPU{Topology: model.Topology{Sockets: 1, Cores: 1, Threads: 1}, Architecture: model.ArchitectureX8664},
		OS: model.OS{
			Type: "other", Boot: []model.BootDevice{model.BootHardDisk},
			Kernel: "/boot/kernel", Initrd: "/boot/initrd",
		},
		Display:           model.Display{Type: model.DisplayVNC, Monitors: 1, DisconnectAction: model.DisconnectLockScreen},
		MigrationDowntime: -1, VirtioSCSI: true,
		Placement: model.PlacementPolicy{Affinity: model.AffinityMigratable},
	}
}
