package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/spf13/cobra"

	"vireo/internal/pki"
	"vireo/internal/server"
)

// hosts are the commands that make a machine ready to be a host.
func hosts() *cobra.Command {
	command := &cobra.Command{Use: "host", Short: "Make machines ready to be hosts, and adopt what runs there"}
	var dataDir, database string
	key := &cobra.Command{
		Use: "key", Short: "Show the engine's ssh key, as a line for a host's authorized_keys", Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			folder, err := pkiFolder(dataDir)
			if err != nil {
				return err
			}
			line, err := pki.NewSSHKey(folder).Line()
			if err = errors.Join(err, giveToOwner(dataDir, folder)); err != nil {
				return err
			}
			_, err = fmt.Fprintln(command.OutOrStdout(), line)
			return err
		},
	}
	var out string
	cert := &cobra.Command{
		Use:   "cert NAME…",
		Short: "Write the certificates that a host needs to be reached by TLS",
		Long: "Write the certificates that a host needs to be reached at qemu+tls://NAME/system, and for\n" +
			"migration by TLS between hosts. NAME is what stands in the host's address; give its other\n" +
			"names and addresses too.",
		Args: cobra.MinimumNArgs(1),
		RunE: func(command *cobra.Command, names []string) error {
			folder, err := pkiFolder(dataDir)
			if err != nil {
				return err
			}
			if out == "" {
				out = names[0]
			}
			if _, err := os.Lstat(out); err == nil {
				return fmt.Errorf("%s is there already; name another directory with --out", out)
			}
			files, err := pki.ForHost(folder, names)
			if err = errors.Join(err, giveToOwner(dataDir, folder)); err != nil {
				return err
			}
			if err := os.Mkdir(out, 0o700); err != nil {
				return err
			}
			if err := pki.WriteHost(out, files); err != nil {
				return err
			}
			return explain(command.OutOrStdout(), out, names[0], files)
		},
	}
	cert.Flags().StringVar(&out, "out", "", "directory to write to, which must not exist; NAME when not given")
	for _, each := range []*cobra.Command{key, cert} {
		dataFlags(each, &dataDir, &database)
		command.AddCommand(each)
	}
	command.AddCommand(adoptGuest(), releaseVM(), listExternal())
	return command
}

// pkiFolder is that of an engine whose data are there: to make an authority elsewhere
// would help nobody.
func pkiFolder(dataDir string) (string, error) {
	if _, err := os.Stat(dataDir); err != nil {
		return "", fmt.Errorf("there is no engine's data in %s", dataDir)
	}
	return server.PKIFolder(dataDir), nil
}

// giveToOwner gives what root has made in the folder to the user whose engine it is.
func giveToOwner(dataDir, folder string) error {
	info, err := os.Stat(dataDir)
	if err != nil || os.Geteuid() != 0 {
		return err
	}
	owner, ok := info.Sys().(*syscall.Stat_t)
	if !ok || owner.Uid == 0 {
		return nil
	}
	err = filepath.WalkDir(folder, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Lchown(path, int(owner.Uid), int(owner.Gid))
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// explain says what is to be done with the files.
func explain(to io.Writer, out, name string, files []pki.HostFile) error {
	fmt.Fprintf(to, "Written below %s, as the files are to lie on the host:\n\n", out)
	for _, file := range files {
		fmt.Fprintf(to, "  /%s\n", file.Path)
	}
	_, err := fmt.Fprintf(to, `
Take them there, let libvirt listen for TLS, and add the host:

  tar -C %[1]s --owner=0 --group=0 -cf - etc | ssh root@%[2]s tar -C / --no-overwrite-dir -xf -
  ssh root@%[2]s 'systemctl stop libvirtd; systemctl enable --now libvirtd-tls.socket'
  POST /api/hosts with <address>qemu+tls://%[2]s/system</address>

QEMU's user must be able to read /etc/pki/qemu if guests are to migrate by TLS:
chgrp it to that user's group (libvirt-qemu, or qemu). The keys below %[1]s are the
host's secrets: remove them here once they are there. docs/hosts.md says the rest.
`, out, name)
	return err
}
