// Command vireo is the virtualization engine and the tools of its administrator.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"vireo/internal/version"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := root().ExecuteContext(ctx); err != nil {
		if !errors.Is(err, errSaid) {
			fmt.Fprintln(os.Stderr, "vireo: "+err.Error())
		}
		if coded, ok := errors.AsType[*exitError](err); ok {
			os.Exit(coded.code)
		}
		os.Exit(exitFailed)
	}
}

// errSaid ends a command whose failure was shown already.
var errSaid = errors.New("failed")

func root() *cobra.Command {
	command := &cobra.Command{
		Use:   "vireo",
		Short: "A virtualization engine that speaks the API of RHV and oVirt",
		Long: "Vireo drives virtual machines on libvirt hosts and speaks the REST API of\n" +
			"Red Hat Enterprise Virtualization and oVirt.",
		Version:       version.Version,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	command.AddCommand(serve(), config(), disk(), vm(), domain(), hosts(), user(), events(), storage(), backup(), restore(), admin())
	return command
}
