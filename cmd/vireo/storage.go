package main

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"vireo/internal/server"
	"vireo/internal/storagecheck"
)

func storage() *cobra.Command {
	var dataDir, database, format string
	command := &cobra.Command{Use: "storage", Short: "Look after the storage domains"}
	check := &cobra.Command{
		Use:   "check",
		Short: "Compare what is recorded with what lies in the storage domains; ends with 1 if something is found",
		Args:  cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if format != "text" && format != "json" {
				return fmt.Errorf("--format is text or json, not %q", format)
			}
			return withTools(command.Context(), dataDir, database, func(tools server.Tools) error {
				report, err := tools.CheckStorage(command.Context())
				if err != nil {
					return err
				}
				if err := showReport(command.OutOrStdout(), report, format); err != nil {
					return err
				}
				if len(report.Findings) > 0 {
					return errSaid
				}
				return nil
			})
		},
	}
	dataFlags(check, &dataDir, &database)
	check.Flags().StringVar(&format, "format", "text", "text or json")
	command.AddCommand(check)
	return command
}

func showReport(out io.Writer, report storagecheck.Report, format string) error {
	if format == "json" {
		encoder := json.NewEncoder(out)
		encoder.SetIndent("", "  ")
		return encoder.Encode(report)
	}
	for _, each := range report.Findings {
		where := each.Domain
		if each.Path != "" {
			where += ":" + each.Path
		}
		fmt.Fprintf(out, "%s %s", each.Severity, each.Kind)
		for _, part := range []string{where, each.Object} {
			if part != "" {
				fmt.Fprintf(out, "  %s", part)
			}
		}
		fmt.Fprintf(out, "\n    %s\n    %s\n", each.What, each.Do)
	}
	_, err := fmt.Fprintf(out, "%d storage domains with %d volumes were looked at; findings: %d\n",
		report.Domains, report.Volumes, len(report.Findings))
	return err
}
