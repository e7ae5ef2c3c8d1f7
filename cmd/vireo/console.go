package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"vireo/internal/client"
)

// escape is what ends a console: Ctrl and ].
const escape = 0x1d

func console() *cobra.Command {
	var at connection
	command := &cobra.Command{
		Use: "console VM", Short: "Use the serial console of a VM, by id or name, in this terminal", Args: cobra.ExactArgs(1),
		Long: "Use the serial console of a VM, by id or name, in this terminal, until Ctrl+] is typed or the\n" +
			"console ends. What is typed goes to the guest as it is, Ctrl+C too. One at a time can use it.",
		RunE: func(command *cobra.Command, args []string) error {
			return at.with(command, func(ctx context.Context, session *client.Session) error {
				vm, err := session.FindVM(ctx, args[0])
				if err != nil {
					return err
				}
				line, err := session.Serial(ctx, vm)
				if err != nil {
					return err
				}
				defer line.Close()
				fmt.Fprintf(command.ErrOrStderr(), "Connected to the serial console of %s. Ctrl+] ends it.\n", args[0])
				restore, err := rawly(command.InOrStdin())
				if err != nil {
					return err
				}
				err = converse(line, command.InOrStdin(), command.OutOrStdout())
				restore()
				fmt.Fprintln(command.ErrOrStderr())
				return err
			})
		},
	}
	at.flags(command)
	return command
}

// rawly has a terminal pass on what is typed as it is; other inputs do so already.
func rawly(input io.Reader) (restore func(), err error) {
	file, ok := input.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return func() {}, nil
	}
	before, err := term.MakeRaw(int(file.Fd()))
	if err != nil {
		return nil, fmt.Errorf("preparing the terminal: %w", err)
	}
	return func() { _ = term.Restore(int(file.Fd()), before) }, nil
}

// converse carries what is typed to the console and what comes from there to the screen,
// until the escape, the end of what is typed, or the end of the console.
func converse(line io.ReadWriteCloser, typed io.Reader, screen io.Writer) error {
	left := make(chan error, 1)
	// Who waits for a key cannot be woken: it ends with the program.
	go func() {
		err := carry(line, typed)
		left <- err
		line.Close()
	}()
	_, err := io.Copy(screen, line)
	select {
	case leaving := <-left:
		return leaving
	default:
		return err
	}
}

func carry(line io.Writer, typed io.Reader) error {
	buffer := make([]byte, 4096)
	for {
		n, err := typed.Read(buffer)
		said, _, ended := bytes.Cut(buffer[:n], []byte{escape})
		if len(said) > 0 {
			if _, err := line.Write(said); err != nil {
				return err
			}
		}
		if ended || errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
