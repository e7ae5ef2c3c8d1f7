package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"vireo/internal/client"
)

// The codes that the commands of clients end with besides 0.
const (
	exitFailed      = 1
	exitUnusable    = 2
	exitInterrupted = 130
)

// exitError is an error with the code that the program is to end with.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// connection are the flags that say which engine is meant.
type connection struct{ url, user, passwordFile, caFile, dataDir string }

func (c *connection) flags(command *cobra.Command) {
	command.Flags().StringVar(&c.url, "url", "https://127.0.0.1:8443/ovirt-engine/api", "the address of the API")
	command.Flags().StringVar(&c.user, "user", "admin@internal", "who logs in")
	command.Flags().StringVar(&c.passwordFile, "password-file", "", "a file with the password; by default that of the local engine, else it is asked for")
	command.Flags().StringVar(&c.caFile, "ca-file", "", "the certificate of the CA in PEM; by default that of the local engine, else those of the system")
	command.Flags().StringVar(&c.dataDir, "data-dir", defaultDataDir(), "where the local engine keeps its state")
	command.PreRunE = func(command *cobra.Command, _ []string) error { return environment(command) }
}

// open logs in, with what the local engine has left in its data directory where
// nothing else was said.
func (c *connection) open(command *cobra.Command) (*client.Session, error) {
	authority, err := fileOr(c.caFile, filepath.Join(c.dataDir, "ca.pem"))
	if err != nil {
		return nil, fmt.Errorf("reading the certificate of the CA: %w", err)
	}
	password, err := fileOr(c.passwordFile, filepath.Join(c.dataDir, "admin-password"))
	if err != nil {
		return nil, fmt.Errorf("reading the password: %w", err)
	}
	text := strings.TrimRight(string(password), "\r\n")
	if text == "" {
		if text, err = askPassword(command.InOrStdin(), command.ErrOrStderr(), c.user); err != nil {
			return nil, err
		}
	}
	return client.Open(command.Context(), client.Options{URL: c.url, User: c.user, Password: text, Authority: authority})
}

// fileOr reads a file that was named, or the usual one if it is there and can be read.
func fileOr(named, usual string) ([]byte, error) {
	if named != "" {
		return os.ReadFile(named)
	}
	text, err := os.ReadFile(usual)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
		return nil, nil
	}
	return text, err
}

// with does something with a login, and gives its failure a code.
func (c *connection) with(command *cobra.Command, do func(context.Context, *client.Session) error) error {
	session, err := c.open(command)
	if err == nil {
		ctx := command.Context()
		err = do(ctx, session)
		_ = session.Close(context.WithoutCancel(ctx)) // a login that stays ends by itself
	}
	switch _, unusable := errors.AsType[*client.UnusableError](err); {
	case err == nil:
		return nil
	case command.Context().Err() != nil:
		return &exitError{exitInterrupted, err}
	case unusable:
		return &exitError{exitUnusable, err}
	}
	return err
}

func disk() *cobra.Command {
	command := &cobra.Command{Use: "disk", Short: "Move disks in and out"}
	command.AddCommand(uploadDisk(), downloadDisk())
	return command
}

func uploadDisk() *cobra.Command {
	var at connection
	var options client.UploadOptions
	sparse := true
	command := &cobra.Command{
		Use: "upload FILE", Short: "Make a disk of a qcow2 or raw image, and print its id", Args: cobra.ExactArgs(1),
		Long: "Make a disk of a qcow2 or raw image, and print its id. What FILE is, is found out by its\n" +
			"beginning. Codes: 1 it has failed, 2 FILE cannot be used, 130 interrupted, which leaves no disk.",
		RunE: func(command *cobra.Command, args []string) error {
			options.Preallocated = !sparse
			return at.with(command, func(ctx context.Context, session *client.Session) error {
				bar := newProgress(command.ErrOrStderr(), "upload")
				options.Progress = bar.show
				moved, err := session.Upload(ctx, args[0], options)
				bar.end()
				if err != nil {
					return err
				}
				told(command, moved)
				fmt.Fprintln(command.OutOrStdout(), moved.Disk.ID)
				return nil
			})
		},
	}
	at.flags(command)
	command.Flags().StringVar(&options.Name, "name", "", "the alias of the disk; by default the name of the file")
	command.Flags().StringVar(&options.StorageDomain, "storage-domain", "", "the storage domain, by id or name")
	command.Flags().StringVar(&options.Format, "format", "", "raw or cow; by default that of the file")
	command.Flags().BoolVar(&sparse, "sparse", true, "whether the disk takes up only the space that it needs")
	command.Flags().BoolVar(&options.NoChecksum, "no-checksum", false, "leave out the comparison at the end")
	return command
}

func downloadDisk() *cobra.Command {
	var at connection
	var options client.DownloadOptions
	command := &cobra.Command{
		Use: "download DISK FILE", Short: "Write a disk, by id or alias, to a file that is not there yet", Args: cobra.ExactArgs(2),
		Long: "Write a disk, by id or alias, to a file that is not there yet. FILE is sparse, and not there\n" +
			"before it is whole. Codes: 1 it has failed, 2 FILE is there, 130 interrupted.",
		RunE: func(command *cobra.Command, args []string) error {
			return at.with(command, func(ctx context.Context, session *client.Session) error {
				disk, err := session.FindDisk(ctx, args[0])
				if err != nil {
					return err
				}
				bar := newProgress(command.ErrOrStderr(), "download")
				options.Progress = bar.show
				moved, err := session.Download(ctx, disk, args[1], options)
				bar.end()
				if err == nil {
					told(command, moved)
				}
				return err
			})
		},
	}
	at.flags(command)
	command.Flags().StringVar(&options.Format, "format", "", "raw, as a guest sees the disk, or cow, its qcow2 image; by default the disk's own")
	command.Flags().BoolVar(&options.NoChecksum, "no-checksum", false, "leave out the comparison at the end")
	return command
}

// told says what was moved.
func told(command *cobra.Command, moved *client.Moved) {
	text := "not compared"
	if moved.Checksum != "" {
		text = "checksum " + moved.Checksum
	}
	fmt.Fprintf(command.ErrOrStderr(), "disk %s: %s, %s\n", moved.Disk.Alias, size(moved.Bytes), text)
}
