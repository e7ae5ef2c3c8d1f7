package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"vireo/internal/server"
)

func config() *cobra.Command {
	command := &cobra.Command{Use: "config", Short: "Show and change engine options"}
	var dataDir, database string
	get := &cobra.Command{
		Use: "get [NAME]", Short: "Show one engine option, or all with what they mean", Args: cobra.MaximumNArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return withTools(command.Context(), dataDir, database, func(tools server.Tools) error {
				values, err := tools.Options(command.Context())
				if err != nil {
					return err
				}
				return showOptions(command.OutOrStdout(), values, args)
			})
		},
	}
	set := &cobra.Command{
		Use: "set NAME VALUE", Short: "Change an engine option; an empty value is the default again", Args: cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			return withTools(command.Context(), dataDir, database, func(tools server.Tools) error {
				return tools.SetOption(command.Context(), args[0], args[1])
			})
		},
	}
	for _, each := range []*cobra.Command{get, set} {
		dataFlags(each, &dataDir, &database)
		command.AddCommand(each)
	}
	return command
}

func showOptions(out io.Writer, values []server.OptionValue, names []string) error {
	if len(names) == 0 {
		table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
		for _, each := range values {
			fmt.Fprintf(table, "%s\t%s\t%s\n", each.Name, each.Value, each.Meaning)
		}
		return table.Flush()
	}
	for _, each := range values {
		if strings.EqualFold(each.Name, names[0]) {
			_, err := fmt.Fprintln(out, each.Value)
			return err
		}
	}
	return fmt.Errorf("there is no engine option %q; `vireo config get` lists them all", names[0])
}

func backup() *cobra.Command {
	var dataDir, database string
	command := &cobra.Command{
		Use: "backup FILE", Short: "Write a consistent copy of the engine's state, also while it runs, and its key for secrets to FILE.key", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			path, err := filepath.Abs(args[0])
			if err != nil {
				return err
			}
			for _, taken := range []string{path, path + server.KeySuffix} {
				if _, err := os.Lstat(taken); err == nil {
					return fmt.Errorf("%s is there already", taken)
				}
			}
			return withTools(command.Context(), dataDir, database, func(tools server.Tools) error {
				return tools.Backup(command.Context(), path)
			})
		},
	}
	dataFlags(command, &dataDir, &database)
	return command
}

func restore() *cobra.Command {
	var dataDir, database string
	var replace bool
	command := &cobra.Command{
		Use: "restore FILE", Short: "Bring back the state from a backup; the engine must not be running", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			note, err := server.Restore(command.Context(), args[0], dataDir, database, replace)
			if err != nil {
				return err
			}
			if note != "" {
				note += "\n"
			}
			_, err = fmt.Fprint(command.OutOrStdout(), "Restored. Guests that still run are taken over when the engine starts.\n"+note)
			return err
		},
	}
	dataFlags(command, &dataDir, &database)
	command.Flags().BoolVar(&replace, "replace", false, "replace a state that is there")
	return command
}

func admin() *cobra.Command {
	var dataDir, database string
	command := &cobra.Command{Use: "admin", Short: "Help for the administrator"}
	reset := &cobra.Command{
		Use: "reset-password", Short: "Give admin@internal a new password: from standard input, or made up if that is empty",
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			password, err := passwordFrom(command.InOrStdin())
			if err != nil {
				return err
			}
			err = withTools(command.Context(), dataDir, database, func(tools server.Tools) error {
				return tools.ResetPassword(command.Context(), password)
			})
			if err == nil && password == "" {
				_, err = fmt.Fprintln(command.OutOrStdout(), "The new password is in "+server.PasswordPath(dataDir))
			}
			return err
		},
	}
	dataFlags(reset, &dataDir, &database)
	command.AddCommand(reset)
	return command
}

// passwordFrom reads a line, unless it would have to be typed on a terminal
// where everybody could read it.
func passwordFrom(in io.Reader) (string, error) {
	if file, ok := in.(*os.File); ok {
		if info, err := file.Stat(); err != nil || info.Mode()&os.ModeCharDevice != 0 {
			return "", nil
		}
	}
	line, err := bufio.NewReader(io.LimitReader(in, 1024)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// withTools uses the running engine of the data directory, or its state when
// none runs.
func withTools(ctx context.Context, dataDir, database string, do func(server.Tools) error) error {
	tools, err := server.OpenTools(ctx, dataDir, database)
	if err != nil {
		return err
	}
	return errors.Join(do(tools), tools.Close())
}
