package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"vireo/internal/client"
)

// adoptGuest, releaseVM and listExternal take guests of hosts over that somebody else has
// made, and give VMs back.
func adoptGuest() *cobra.Command {
	var at connection
	var domain string
	command := &cobra.Command{
		Use: "adopt HOST GUEST", Short: "Make a VM of a guest that runs on a host and that somebody else has made", Args: cobra.ExactArgs(2),
		Long: "Make a VM of a guest, by name or UUID, that runs on a host and that somebody else has made, and\n" +
			"print the VM's id. The guest runs on as it is. docs/adoption.md says what cannot be one.",
		RunE: func(command *cobra.Command, args []string) error {
			return at.with(command, func(ctx context.Context, session *client.Session) error {
				id, err := session.Adopt(ctx, args[0], args[1], domain)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(command.OutOrStdout(), id)
				return err
			})
		},
	}
	at.flags(command)
	command.Flags().StringVar(&domain, "storage-domain", "", "the data domain for its disks, by id or name; by default the first that can have them")
	return command
}

func releaseVM() *cobra.Command {
	var at connection
	var host string
	command := &cobra.Command{
		Use: "release VM", Short: "Make a plain guest of libvirt of a VM, by id or name, and forget the VM", Args: cobra.ExactArgs(1),
		Long: "Make a plain guest of libvirt of a VM, by id or name, and forget the VM and its disks. One that\n" +
			"runs goes on as it is; its images stay where they are.",
		RunE: func(command *cobra.Command, args []string) error {
			return at.with(command, func(ctx context.Context, session *client.Session) error {
				id, err := session.FindVM(ctx, args[0])
				if err != nil {
					return err
				}
				return session.Release(ctx, id, host)
			})
		},
	}
	at.flags(command)
	command.Flags().StringVar(&host, "host", "", "where a VM that is down is to be, by id or name")
	return command
}

func listExternal() *cobra.Command {
	var at connection
	command := &cobra.Command{
		Use: "external HOST", Short: "List the guests of a host that somebody else has made", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return at.with(command, func(ctx context.Context, session *client.Session) error {
				all, err := session.External(ctx, args[0])
				for _, guest := range all {
					fmt.Fprintf(command.OutOrStdout(), "%s  %-11s  %s\n", guest.ID, guest.State(), guest.Name)
				}
				return err
			})
		},
	}
	at.flags(command)
	return command
}
