package server

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// The fixed ids of a fresh engine (api-v3 appendix C). The network's and the
// administrator's are those that a fresh engine 3.6 had.
const (
	DefaultDataCenter model.ID = "00000002-0002-0002-0002-00000000021c"
	DefaultCluster    model.ID = "00000001-0001-0001-0001-0000000000d6"
	ManagementNetwork model.ID = "00000000-0000-0000-0000-000000000009"
	Administrator     model.ID = "fdfc627c-d875-11e0-90f0-83df133b58cc"
)

// isoGroup is the folder of an ISO domain that holds its files (api-v3 3.12).
const isoGroup = "11111111-1111-1111-1111-111111111111"

// engineID names what is kept with the options and not shown with them: the id
// of this engine.
const engineID = "engine.id"

// Fresh is what a fresh engine is told about its surroundings.
type Fresh struct {
	DataDir string
	// LocalHost is the address of the host "local"; empty makes none.
	LocalHost string
	// PasswordHash is the administrator's.
	PasswordHash string
}

// Seed makes what a fresh RHV has, unless it is there (design: "The binary").
func Seed(ctx context.Context, inv *inventory.Inventory, images image.Images, fresh Fresh) error {
	if _, there := inv.DataCenters.Get(DefaultDataCenter); there {
		return nil
	}
	engine := model.NewID()
	domains := freshDomains(fresh.DataDir, engine)
	for _, domain := range domains {
		if err := os.MkdirAll(domain.Path, 0o711); err != nil {
			return fmt.Errorf("making the folder of storage domain %s: %w", domain.Name, err)
		}
		if err := images.Format(ctx, domain); err != nil {
			return fmt.Errorf("making storage domain %s: %w", domain.Name, err)
		}
	}
	return inv.Update(ctx, func(tx *inventory.Tx) error {
		for _, domain := range domains {
			tx.StorageDomains.Put(domain)
		}
		putInfrastructure(tx)
		putAccess(tx, fresh.PasswordHash)
		if fresh.LocalHost != "" {
			tx.Hosts.Put(&model.Host{
				ID: model.NewID(), Name: "local", Address: fresh.LocalHost,
				Cluster: DefaultCluster, Status: model.HostUnassigned, Since: time.Now().UTC(),
			})
		}
		tx.Options.Put(&model.Option{Name: engineID, Value: string(engine)})
		tx.Event(audit.New(audit.EngineStarted, audit.About{Detail: "Its data is new."}))
		return nil
	})
}

func freshDomains(dataDir string, engine model.ID) []*model.StorageDomain {
	domain := func(name string, of model.StorageDomainType, format string) *model.StorageDomain {
		return &model.StorageDomain{
			ID: model.NewID(), Name: name, Type: of, StorageType: model.StorageLocalFS,
			Path: filepath.Join(dataDir, "storage", name), DataCenter: DefaultDataCenter, Engine: engine,
			Status: model.StorageDomainActive, Format: format, Since: time.Now().UTC(),
		}
	}
	data := domain("local-data", model.StorageDomainData, "v3")
	data.Master = true
	return []*model.StorageDomain{
		data, domain("local-iso", model.StorageDomainISO, "v1"),
		domain("local-export", model.StorageDomainExport, "v1"),
	}
}

func putInfrastructure(tx *inventory.Tx) {
	version := model.Version{Major: 3, Minor: 6}
	tx.DataCenters.Put(&model.DataCenter{
		ID: DefaultDataCenter, Name: "Default",
		Description: "The default Data Center", Version: version,
	})
	tx.Clusters.Put(&model.Cluster{
		ID: DefaultCluster, Name: "Default", Description: "The default server cluster",
		DataCenter: DefaultDataCenter, Version: version, Architecture: model.ArchitectureX8664,
		OvercommitPercent: 100, OnError: "migrate",
	})
	tx.Networks.Put(&model.Network{
		ID: ManagementNetwork, Name: "ovirtmgmt", Description: "Management Network",
		DataCenter: DefaultDataCenter, Usages: []string{"management", "display", "migration", "vm"},
	})
	tx.Tags.Put(&model.Tag{ID: model.BlankID, Name: "root", Description: "root"})
	tx.Templates.Put(&model.Template{ID: model.BlankID, CreationTime: time.Now().UTC(), VMConfig: blank()})
}

// blank is the configuration of the template Blank, which every VM starts from.
func blank() model.VMConfig {
	return model.VMConfig{
		Name: "Blank", Description: "Blank template", Type: model.VMTypeDesktop, Origin: "ovirt",
		Cluster: DefaultCluster, Template: model.BlankID,
		Memory: 1 << 30, GuaranteedMemory: 1 << 30, Ballooning: true,
		CPU: model.CPU{Topology: model.Topology{Sockets: 1, Cores: 1, Threads: 1}, Architecture: model.ArchitectureX8664},
		OS:  model.OS{Type: "other", Boot: []model.BootDevice{model.BootHardDisk}},
		Display: model.Display{
			Type: model.DisplayVNC, Monitors: 1, FileTransferEnabled: true, CopyPasteEnabled: true,
			DisconnectAction: model.DisconnectLockScreen,
		},
		SSOMethods: []string{"guest_agent"}, MigrationDowntime: -1, VirtioSCSI: true,
		Placement: model.PlacementPolicy{Affinity: model.AffinityMigratable},
	}
}

func putAccess(tx *inventory.Tx, passwordHash string) {
	for _, role := range auth.PredefinedRoles() {
		tx.Roles.Put(&role)
	}
	tx.Users.Put(&model.User{ID: Administrator, Name: "admin", Domain: auth.Internal, PasswordHash: passwordHash})
	tx.Permissions.Put(&model.Permission{ID: model.NewID(), Role: auth.SuperUser, User: Administrator})
}
