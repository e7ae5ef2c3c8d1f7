package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"vireo/internal/fence/agents"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/host/libvirt"
	"vireo/internal/image/files"
	"vireo/internal/pki"
	"vireo/internal/server"
	"vireo/internal/store"
	"vireo/internal/version"
)

// memoryGoal is what the runtime tries to stay under, in bytes: hashing a
// password leaves 19 MiB of garbage each time. With the pages of the program
// itself, some 20 MB, it is under 100 MB.
const memoryGoal = 72 << 20

type serveFlags struct {
	config                       server.Config
	driver, accel, level, format string
	allowInsecure                bool
}

func serve() *cobra.Command {
	var flags serveFlags
	command := &cobra.Command{
		Use:   "serve",
		Short: "Run the engine",
		Args:  cobra.NoArgs,
		RunE:  func(command *cobra.Command, _ []string) error { return run(command, &flags) },
	}
	dataFlags(command, &flags.config.DataDir, &flags.config.Database)
	f := command.Flags()
	f.StringVar(&flags.config.Archives, "ova-dir", "", "the directory at or below which OVA files are written and read; by default ova in the data directory")
	f.StringVar(&flags.config.Listen, "listen", "127.0.0.1:8443", "HTTPS address")
	f.StringVar(&flags.config.ListenHTTP, "listen-http", "", "plain HTTP address on the loopback, for a reverse proxy")
	f.StringVar(&flags.config.Certificate, "tls-cert", "", "certificate file of your own, instead of the engine's CA")
	f.StringVar(&flags.config.Key, "tls-key", "", "key file that belongs to --tls-cert")
	f.StringVar(&flags.driver, "driver", "libvirt", "libvirt, or fake: hosts in memory, for trying out and tests")
	f.StringVar(&flags.config.LocalHost, "local-host", defaultLocalHost(), "libvirt URI of this machine, the host 'local' of a fresh engine; none for no such host")
	f.BoolVar(&flags.allowInsecure, "allow-insecure-hosts", false, "accept hosts at qemu+tcp://, neither encrypted nor authenticated")
	f.StringVar(&flags.accel, "accel", "auto", "auto, kvm or tcg (emulation)")
	f.StringVar(&flags.config.FenceAgents, "fence-agents", agents.Folder, "folder of the programs that cut hosts off (package fence-agents)")
	f.StringVar(&flags.level, "log-level", "info", "debug, info, warn or error")
	f.StringVar(&flags.format, "log-format", "text", "text or json")
	return command
}

func run(command *cobra.Command, flags *serveFlags) error {
	log, err := logger(flags.level, flags.format)
	if err != nil {
		return err
	}
	slog.SetDefault(log)
	// QEMU runs as another user and must get through to images, whatever the
	// shell's habits are; what is secret is closed file by file.
	syscall.Umask(0o022)
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(memoryGoal)
	}
	config := flags.config
	config.Log, config.Version, config.Died = log, version.Version, died
	config.AdminPassword = os.Getenv("VIREO_ADMIN_PASSWORD")
	if config.LocalHost == "none" {
		config.LocalHost = ""
	}
	config.Stir = files.Stir
	if config.Driver, err = driver(flags, &config, log); err != nil {
		return err
	}
	ctx := command.Context()
	running, err := server.Open(ctx, config)
	if held, ok := errors.AsType[*store.HeldError](err); ok {
		what := "the data directory " + config.DataDir
		if config.Database != "" {
			what = "the database" // its URL may hold a password
		}
		return fmt.Errorf("%s is in use by another engine: %s", what, held.Holder)
	}
	if err != nil {
		return err
	}
	err = running.Serve(ctx, func(address string) {
		log.Info("vireo is ready", "url", "https://"+shown(address)+"/api", "version", version.Version, "data", config.DataDir)
	})
	log.Info("vireo stops; guests run on")
	return errors.Join(err, running.Close())
}

// driver is what reaches the hosts.
func driver(flags *serveFlags, config *server.Config, log *slog.Logger) (host.Driver, error) {
	switch flags.driver {
	case "libvirt":
		accel := libvirt.Accel(flags.accel)
		if accel != libvirt.AccelAuto && accel != libvirt.AccelKVM && accel != libvirt.AccelTCG {
			return nil, fmt.Errorf("--accel is auto, kvm or tcg, not %q", flags.accel)
		}
		folder := server.PKIFolder(config.DataDir)
		return libvirt.Driver{
			Accel: accel, AllowInsecure: flags.allowInsecure, Log: log,
			SSHKey: pki.NewSSHKey(folder).Signer, TLS: pki.NewClient(folder).Config,
		}, nil
	case "fake":
		if config.LocalHost != "" {
			config.LocalHost = "fake://local"
		}
		world := fake.New(fake.Options{OpenAddresses: true})
		config.Leases = world.Leases()
		return world.Driver(), nil
	}
	return nil, fmt.Errorf("--driver is libvirt or fake, not %q", flags.driver)
}

func logger(level, format string) (*slog.Logger, error) {
	var least slog.Level
	if err := least.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log-level is debug, info, warn or error, not %q", level)
	}
	options := &slog.HandlerOptions{Level: least}
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(os.Stderr, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(os.Stderr, options)), nil
	}
	return nil, fmt.Errorf("--log-format is text or json, not %q", format)
}

// shown is an address people can use: the loopback instead of "everywhere".
func shown(address string) string {
	name, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(name); err == nil && ip != nil && ip.IsUnspecified() {
		return net.JoinHostPort("localhost", port)
	}
	return address
}
