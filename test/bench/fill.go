package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/server"
)

// fill makes a data directory with so many VMs, all down, each with a NIC, as
// operators make them.
func fill(ctx context.Context, s *settings, name string, count int) (dataDir string, err error) {
	dataDir = filepath.Join(s.folder, fmt.Sprintf("%s-%d", name, count))
	world := fake.New(fake.Options{OpenAddresses: true})
	defer world.Close()
	filled, err := server.Open(ctx, server.Config{
		DataDir: dataDir, LocalHost: "fake://local", AdminPassword: password,
		Driver: world.Driver(), Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, filled.Close()) }()
	blank, _ := filled.Inventory.Templates.Get(model.BlankID)
	return dataDir, filled.Inventory.Update(ctx, func(tx *inventory.Tx) error {
		for i := range count {
			tx.VMs.Put(machine(blank, i))
		}
		return nil
	})
}

// machine is a VM like thousands of others.
func machine(blank *model.Template, number int) *model.VM {
	vm := &model.VM{ID: model.NewID(), CreationTime: time.Now().UTC(), VMConfig: model.Clone(blank).VMConfig}
	vm.Name = nameOf(number)
	vm.Description = "one of many"
	vm.Memory, vm.GuaranteedMemory = 64<<20, 64<<20
	vm.OS = model.OS{
		Type: "other_linux", Boot: []model.BootDevice{model.BootHardDisk, model.BootNetwork},
		Kernel: "/boot/vmlinuz", Initrd: "/boot/initrd.img", Cmdline: "console=ttyS0 quiet",
	}
	vm.NICs = []model.NIC{{
		ID: model.NewID(), Name: "nic1", Network: server.ManagementNetwork, Interface: model.NICVirtio,
		MAC: fmt.Sprintf("00:1a:4a:%02x:%02x:%02x", number>>16&0xff, number>>8&0xff, number&0xff), Linked: true, Plugged: true,
	}}
	vm.Run.Status, vm.Run.Since = model.StatusDown, vm.CreationTime
	return vm
}

func nameOf(number int) string { return fmt.Sprintf("web%05d", number) }
