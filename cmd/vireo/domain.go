package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"vireo/internal/server"
)

func domain() *cobra.Command {
	command := &cobra.Command{Use: "domain", Short: "Show and change the domains that guests can join and people can log in by"}
	var dataDir, database string
	list := &cobra.Command{
		Use: "list", Short: "Show the domains and the users that join guests to them", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return withTools(command.Context(), dataDir, database, func(tools server.Tools) error {
				values, err := tools.Domains(command.Context())
				if err != nil {
					return err
				}
				return showDomains(command.OutOrStdout(), values)
			})
		},
	}
	remove := &cobra.Command{
		Use: "remove NAME", Short: "Forget a domain and its account", Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			return withTools(command.Context(), dataDir, database, func(tools server.Tools) error {
				return tools.RemoveDomain(command.Context(), args[0])
			})
		},
	}
	for _, each := range []*cobra.Command{list, setDomain(&dataDir, &database), directory(&dataDir, &database), checkDomain(&dataDir, &database), remove} {
		dataFlags(each, &dataDir, &database)
		command.AddCommand(each)
	}
	return command
}

func setDomain(dataDir, database *string) *cobra.Command {
	var description, user string
	command := &cobra.Command{
		Use:   "set NAME",
		Short: "Add or change a domain; the password of --join-user is asked for, or read from standard input",
		Args:  cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			var settings server.DomainSettings
			if command.Flags().Changed("description") {
				settings.Description = &description
			}
			if command.Flags().Changed("join-user") {
				settings.Join = &server.JoinAccount{User: user}
			}
			if user != "" {
				password, err := askPassword(command.InOrStdin(), command.ErrOrStderr(), user)
				if err != nil {
					return err
				}
				settings.Join.Password = password
			}
			return withTools(command.Context(), *dataDir, *database, func(tools server.Tools) error {
				return tools.SetDomain(command.Context(), args[0], settings)
			})
		},
	}
	command.Flags().StringVar(&user, "join-user", "", "who joins guests to the domain; empty takes the account away")
	command.Flags().StringVar(&description, "description", "", "what to say of the domain")
	return command
}

// directory sets how people of a domain log in.
func directory(dataDir, database *string) *cobra.Command {
	var settings server.DirectorySettings
	var ca string
	command := &cobra.Command{
		Use:   "directory NAME",
		Short: "Let the people of a domain log in, by asking its LDAP servers or Active Directory",
		Long: "Lets the people of a domain log in, by asking its LDAP servers or Active Directory. The\n" +
			"password of --bind-dn is asked for, or read from standard input. Without --server nobody\n" +
			"of the domain can log in any more.",
		Args: cobra.ExactArgs(1),
		RunE: func(command *cobra.Command, args []string) error {
			if ca != "" {
				certificates, err := os.ReadFile(ca)
				if err != nil {
					return fmt.Errorf("reading the CA: %w", err)
				}
				settings.CA = string(certificates)
			}
			if settings.BindDN != "" {
				password, err := askPassword(command.InOrStdin(), command.ErrOrStderr(), settings.BindDN)
				if err != nil {
					return err
				}
				settings.BindPassword = password
			}
			return withTools(command.Context(), *dataDir, *database, func(tools server.Tools) error {
				return tools.SetDomain(command.Context(), args[0], server.DomainSettings{Directory: &settings})
			})
		},
	}
	flags := command.Flags()
	flags.StringArrayVar(&settings.Servers, "server", nil, "ldaps://HOST or ldap://HOST, tried in the order given; may be repeated")
	flags.StringVar(&settings.Schema, "schema", "ad", "what its entries look like: ad or openldap")
	flags.StringVar(&settings.Base, "base", "", "the entry below which everybody is, such as dc=corp,dc=example,dc=com")
	flags.StringVar(&settings.BindDN, "bind-dn", "", "the account that searches")
	flags.BoolVar(&settings.StartTLS, "start-tls", false, "encrypt connections to ldap:// servers by StartTLS")
	flags.StringVar(&ca, "ca", "", "a file with the certificates that the servers' are signed by; else those of the system")
	return command
}

func checkDomain(dataDir, database *string) *cobra.Command {
	return &cobra.Command{
		Use: "check NAME USER", Short: "Ask each server of a domain what it knows of a user", Args: cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, args []string) error {
			return withTools(command.Context(), *dataDir, *database, func(tools server.Tools) error {
				said, err := tools.CheckDomain(command.Context(), args[0], args[1])
				if err != nil {
					return err
				}
				_, err = fmt.Fprint(command.OutOrStdout(), said)
				return err
			})
		},
	}
}

func showDomains(out io.Writer, values []server.DomainValue) error {
	table := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	for _, each := range values {
		user := each.JoinUser
		if user == "" {
			user = "-"
		}
		fmt.Fprintf(table, "%s\t%s\t%s\n", each.Name, user, strings.TrimSpace(each.Description+" "+strings.Join(each.Servers, " ")))
	}
	return table.Flush()
}

// askPassword asks for a password on a terminal, which does not show it, and
// reads a line of anything else.
func askPassword(in io.Reader, prompt io.Writer, user string) (string, error) {
	file, ok := in.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return passwordFrom(in)
	}
	fmt.Fprintf(prompt, "Password of %s: ", user)
	password, err := term.ReadPassword(int(file.Fd()))
	fmt.Fprintln(prompt)
	if err != nil {
		return "", fmt.Errorf("reading the password: %w", err)
	}
	return string(password), nil
}
