package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"vireo/internal/client"
)

func vm() *cobra.Command {
	command := &cobra.Command{Use: "vm", Short: "Move VMs out to OVA files and back"}
	command.AddCommand(exportVM(), importVM())
	return command
}

const ovaPlaces = "FILE is on the engine's machine: below its directory for OVA files (vireo serve --ova-dir),\n" +
	"by an absolute path or by one within it. Codes: 1 it has failed, 130 interrupted: the engine\ngoes on with what it was asked."

func exportVM() *cobra.Command {
	var at connection
	command := &cobra.Command{
		Use: "export VM FILE", Short: "Write a VM, by id or name, with its disks to an OVA file that is not there yet", Args: cobra.ExactArgs(2),
		Long: "Write a VM, by id or name, with its disks to an OVA file that is not there yet. The VM must be\ndown. " + ovaPlaces,
		RunE: func(command *cobra.Command, args []string) error {
			return at.with(command, func(ctx context.Context, session *client.Session) error {
				id, err := session.FindVM(ctx, args[0])
				if err != nil {
					return err
				}
				bar := newProgress(command.ErrOrStderr(), "export")
				err = session.ExportVM(ctx, id, args[1], bar.showPercent)
				bar.end()
				return err
			})
		},
	}
	at.flags(command)
	return command
}

func importVM() *cobra.Command {
	var at connection
	var options client.ArchiveOptions
	command := &cobra.Command{
		Use: "import FILE", Short: "Make a VM of an OVA file, and print its id", Args: cobra.ExactArgs(1),
		Long: "Make a VM of an OVA file, and print its id. " + ovaPlaces,
		RunE: func(command *cobra.Command, args []string) error {
			return at.with(command, func(ctx context.Context, session *client.Session) error {
				bar := newProgress(command.ErrOrStderr(), "import")
				options.Progress = bar.showPercent
				id, err := session.ImportVM(ctx, args[0], options)
				bar.end()
				if err != nil {
					return err
				}
				fmt.Fprintln(command.OutOrStdout(), id)
				return nil
			})
		},
	}
	at.flags(command)
	command.Flags().StringVar(&options.Name, "name", "", "another name for the VM than it had")
	command.Flags().BoolVar(&options.Clone, "clone", false, "make a VM of its own, with new ids and addresses")
	command.Flags().StringVar(&options.Cluster, "cluster", "", "the cluster, by id or name; by default the only one")
	command.Flags().StringVar(&options.StorageDomain, "storage-domain", "", "the data domain for the disks, by id or name; by default the only one")
	return command
}
