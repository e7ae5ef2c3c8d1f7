package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// environment fills flags that were not given from VIREO_… variables: --data-dir
// from VIREO_DATA_DIR.
func environment(command *cobra.Command) error {
	var failure error
	command.Flags().VisitAll(func(flag *pflag.Flag) {
		name := "VIREO_" + strings.ToUpper(strings.ReplaceAll(flag.Name, "-", "_"))
		value, set := os.LookupEnv(name)
		if !set || flag.Changed || failure != nil {
			return
		}
		if err := flag.Value.Set(value); err != nil {
			failure = fmt.Errorf("%s: %w", name, err)
		}
	})
	return failure
}

// defaultDataDir is /var/lib/vireo for root, else in the user's own data.
func defaultDataDir() string {
	if os.Geteuid() == 0 {
		return "/var/lib/vireo"
	}
	if data := os.Getenv("XDG_DATA_HOME"); data != "" {
		return filepath.Join(data, "vireo")
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(home, ".local", "share", "vireo")
}

// defaultLocalHost is the libvirt of the machine, or of the user without root.
func defaultLocalHost() string {
	if os.Geteuid() == 0 {
		return "qemu:///system"
	}
	return "qemu:///session"
}

// dataFlags are those of every command that uses the engine's state.
func dataFlags(command *cobra.Command, dataDir, database *string) {
	command.Flags().StringVar(dataDir, "data-dir", defaultDataDir(), "where the engine keeps its state")
	command.Flags().StringVar(database, "database", "", "postgres://… instead of SQLite in the data directory")
	command.PreRunE = func(command *cobra.Command, _ []string) error { return environment(command) }
}
