package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"vireo/internal/server"
)

func user() *cobra.Command {
	command := &cobra.Command{Use: "user", Short: "Show and change who may log in"}
	var dataDir, database string
	// simple is a command that does one thing to the user that it names.
	simple := func(use, short string, do func(*cobra.Command, server.Tools, string) error) *cobra.Command {
		return &cobra.Command{
			Use: use + " NAME", Short: short, Args: cobra.ExactArgs(1),
			RunE: func(command *cobra.Command, args []string) error {
				return withTools(command.Context(), dataDir, database, func(tools server.Tools) error {
					return do(command, tools, args[0])
				})
			},
		}
	}
	verb := func(verb server.UserVerb, short string) *cobra.Command {
		return simple(string(verb), short, func(command *cobra.Command, tools server.Tools, name string) error {
			return tools.DoUser(command.Context(), name, verb)
		})
	}
	list := &cobra.Command{
		Use: "list", Short: "Show the users and their roles on the system", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return withTools(command.Context(), dataDir, database, func(tools server.Tools) error {
				values, err := tools.Users(command.Context())
				if err != nil {
					return err
				}
				return showUsers(command.OutOrStdout(), values)
			})
		},
	}
	password := simple("passwd", "Give a user another password, asked for or read from standard input; all sessions of the user end",
		func(command *cobra.Command, tools server.Tools, name string) error {
			password, err := askPassword(command.InOrStdin(), command.ErrOrStderr(), name)
			if err != nil {
				return err
			}
			return tools.SetPassword(command.Context(), name, password)
		})
	remove := simple("remove", "Remove a user with all that was given to the user", func(command *cobra.Command, tools server.Tools, name string) error {
		return tools.RemoveUser(command.Context(), name)
	})
	for _, each := range []*cobra.Command{
		list, addUser(&dataDir, &database), password,
		verb(server.UserDisable, "Let a user not log in any more, and end the user's sessions"),
		verb(server.UserEnable, "Let a user log in again"),
		verb(server.UserUnlock, "Let a user try again who was locked out by wrong passwords"),
		remove,
	} {
		dataFlags(each, &dataDir, &database)
		command.AddCommand(each)
	}
	return command
}

func addUser(dataDir, database *string) *cobra.Command {
	var settings server.UserSettings
	command := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user to the domain internal; the password is asked for, or read from standard input",
		Long: "Adds a user to the domain internal; the password is asked for, or read from standard input.\n" +
			"A user without any role cannot log in: give one with --role, or through the API.",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			password, err := askPassword(command.InOrStdin(), command.ErrOrStderr(), args[0])
			if err != nil {
				return err
			}
			settings.Password = password
			return withTools(command.Context(), *dataDir, *database, func(tools server.Tools) error {
				return tools.AddUser(command.Context(), args[0], settings)
			})
		},
	}
	command.Flags().StringVar(&settings.LastName, "last-name", "", "the last name")
	command.Flags().StringVar(&settings.Email, "email", "", "the mail address")
	command.Flags().StringVar(&settings.Role, "role", "", "a role to give on the whole system, such as SuperUser or PowerUserRole")
	return command
}

func showUsers(out io.Writer, values []server.UserValue) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, each := range values {
		state := "enabled"
		if each.Disabled {
			state = "disabled"
		}
		roles := strings.Join(each.Roles, ", ")
		if each.Elsewhere > 0 {
			roles = strings.TrimPrefix(fmt.Sprintf("%s, %d on single objects", roles, each.Elsewhere), ", ")
		}
		if roles == "" {
			roles = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", each.Login, state, roles)
	}
	return table.Flush()
}
