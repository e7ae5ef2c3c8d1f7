package main

import (
	"time"

	"github.com/spf13/cobra"

	"vireo/internal/server"
)

func events() *cobra.Command {
	var dataDir, database string
	var last time.Duration
	command := &cobra.Command{
		Use:   "events",
		Short: "Write the audit log, the oldest event first, each as a line of JSON",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			var since time.Time
			if last > 0 {
				since = time.Now().Add(-last)
			}
			return withTools(command.Context(), dataDir, database, func(tools server.Tools) error {
				return tools.WriteEvents(command.Context(), since, command.OutOrStdout())
			})
		},
	}
	dataFlags(command, &dataDir, &database)
	command.Flags().DurationVar(&last, "last", 0, "only those of the last time, such as 24h")
	return command
}
