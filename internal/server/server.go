package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/access"
	"vireo/internal/engine/affinitygroups"
	"vireo/internal/engine/cdroms"
	"vireo/internal/engine/clusters"
	"vireo/internal/engine/consoles"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/domains"
	"vireo/internal/engine/exports"
	"vireo/internal/engine/fencing"
	"vireo/internal/engine/guests"
	"vireo/internal/engine/hosts"
	"vireo/internal/engine/networks"
	"vireo/internal/engine/nics"
	"vireo/internal/engine/options"
	"vireo/internal/engine/pools"
	"vireo/internal/engine/snapshots"
	"vireo/internal/engine/storage"
	"vireo/internal/engine/tags"
	"vireo/internal/engine/templates"
	"vireo/internal/engine/transfers"
	"vireo/internal/engine/vms"
	"vireo/internal/engine/watch"
	"vireo/internal/fence/agents"
	"vireo/internal/host/measured"
	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/inventory"
	"vireo/internal/lease"
	"vireo/internal/lease/sanlock"
	"vireo/internal/model"
	"vireo/internal/option"
	"vireo/internal/store"
	"vireo/internal/store/sqlstore"
	"vireo/internal/vault"
)

// databaseFile is SQLite's in the data directory.
const databaseFile = "vireo.db"

// secretsKey is the key for secrets in the data directory (package vault).
const secretsKey = "secrets.key"

// Server is an engine with all that belongs to it.
type Server struct {
	Config
	Store     store.Store
	Vault     *vault.Vault
	Inventory *inventory.Inventory
	Engine    *engine.Engine
	Watcher   *watch.Watcher
	Values    *option.Values
	Directory *auth.Directory
	Sessions  *auth.Sessions
	Transfers *transfers.Room
	Consoles  *consoles.Room
	Guests    *guests.Room
	// Handler answers everything that is asked over HTTP.
	Handler http.Handler

	sources *sources
	jobs    *jobMetrics
	hosts   *measured.Driver
}

// Open makes or reads the state, takes its lock and starts to work: hosts are
// watched and unfinished jobs go on. The error says who holds the lock when
// another engine does (store.HeldError).
func Open(ctx context.Context, config Config) (*Server, error) {
	if err := makeDataDir(config.DataDir); err != nil {
		return nil, err
	}
	kept, err := sqlstore.Open(ctx, config.Database, sqlstore.Options{
		DefaultPath: filepath.Join(config.DataDir, databaseFile), Log: config.Log,
	})
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	s := &Server{Config: config, Store: kept, jobs: newJobMetrics()}
	if err := s.assemble(ctx); err != nil {
		return nil, errors.Join(err, kept.Close())
	}
	s.Watcher.Start()
	s.Guests.Start()
	s.Engine.Resume()
	return s, nil
}

func (s *Server) assemble(ctx context.Context) error {
	images, err := s.images()
	if err != nil {
		return err
	}
	if s.Vault, err = vault.Open(filepath.Join(s.DataDir, secretsKey)); err != nil {
		return err
	}
	if s.Inventory, err = inventory.Open(ctx, s.Store); err != nil {
		return err
	}
	s.warnOfLostKey(ctx)
	s.Values = option.From(s.Inventory, s.Overrides)
	if s.Inventory.DataCenters.Len() == 0 {
		hash, err := firstPassword(s.DataDir, s.AdminPassword)
		if err != nil {
			return err
		}
		fresh := Fresh{DataDir: s.DataDir, LocalHost: s.LocalHost, PasswordHash: hash}
		if err := Seed(ctx, s.Inventory, images, fresh); err != nil {
			return fmt.Errorf("making what a fresh engine has: %w", err)
		}
	}
	if err := putNetworks(ctx, s.Inventory); err != nil {
		return fmt.Errorf("making what belongs to networks: %w", err)
	}
	if err := linkISO(s.DataDir, s.Inventory); err != nil {
		return err
	}
	archives, err := s.archives()
	if err != nil {
		return err
	}
	s.sources = newSources(s.Inventory, s.Vault)
	s.Engine = engine.New(engine.Options{
		Inventory: s.Inventory, Images: images, Values: s.Values, Vault: s.Vault, Sources: s.sources,
		Fences: agents.New(s.FenceAgents), Leases: s.leases(),
		ID: model.ID(engineIDOf(s.Inventory.Options, engineID)), Log: s.Log, Died: s.Died, Ended: s.jobs.ended,
		Archives: archives,
	})
	s.Transfers = transfers.New(s.Engine)
	install(s.Engine)
	s.Engine.Install(s.Transfers.Commands())
	s.Consoles = consoles.New(s.Engine)
	s.Guests = guests.New(s.Engine)
	s.Engine.Install(s.Consoles.Commands())
	s.hosts = measured.New(s.Driver, s.Log)
	s.Watcher = watch.New(watch.Options{
		Engine: s.Engine, Driver: s.hosts, Log: s.Log,
		Adopt:   engineIDOf(s.Inventory.Options, option.Restored) != "",
		Adopted: func(tx *inventory.Tx) { tx.Options.Delete(option.Restored) },
		Stir:    s.Stir,
	})
	s.Engine.Machines = s.Watcher
	records := s.Engine.Records()
	s.Directory = auth.NewDirectory(records, auth.DirectoryOptions{
		Locked: s.Engine.LoginLocked, Sources: s.sources, Admit: s.Engine.Admit,
	})
	s.Sessions = auth.NewSessions(records, auth.SessionOptions{
		Idle: s.Values.Duration("UserSessionTimeOutInterval"), Longest: s.Values.Duration("UserSessionHardLimit"),
	})
	s.Consoles.Sessions = s.Sessions
	s.Handler = s.handler()
	return nil
}

// warnOfLostKey tells of secrets that were sealed with another key, before the
// first start that needs one is refused.
func (s *Server) warnOfLostKey(ctx context.Context) {
	lost := 0
	for _, vm := range s.Inventory.VMs.All() {
		if s.Vault.Unreadable(vm) {
			lost++
		}
	}
	for _, domain := range s.Inventory.Domains.All() {
		if s.Vault.Unreadable(domain) {
			lost++
		}
	}
	for _, on := range s.Inventory.Hosts.All() {
		if s.Vault.Unreadable(on) {
			lost++
		}
	}
	if lost > 0 {
		s.Log.WarnContext(ctx, "secrets were sealed with another key; put the old key back, or set them anew (docs/operations.md, Secrets)",
			"key", secretsKey, "vms_and_domains", lost)
	}
}

// install adds the rows of every room to the command table.
func install(e *engine.Engine) {
	e.Install(vms.Commands(e))
	e.Install(disks.Commands(e))
	e.Install(nics.Commands(e))
	e.Install(networks.Commands(e))
	e.Install(cdroms.Commands(e))
	e.Install(tags.Commands(e))
	e.Install(clusters.Commands(e))
	e.Install(affinitygroups.Commands(e))
	e.Install(options.Commands(e))
	e.Install(domains.Commands(e))
	e.Install(access.Commands(e))
	e.Install(hosts.Commands(e))
	e.Install(fencing.Commands(e))
	e.Install(storage.Commands(e))
	e.Install(exports.Commands(e))
	e.Install(templates.Commands(e))
	e.Install(snapshots.Commands(e))
	e.Install(pools.Commands(e))
}

func (s *Server) images() (image.Images, error) {
	if s.Images != nil {
		return s.Images, nil
	}
	return files.New(files.Options{
		Mounts: filepath.Join(s.DataDir, "mnt"), RunDir: filepath.Join(s.DataDir, "run"), Private: s.DataDir,
	})
}

func (s *Server) leases() lease.Leases {
	if s.Leases != nil {
		return s.Leases
	}
	return sanlock.New(sanlock.Program)
}

// Close stops all work where it is; guests run on. The lock is given back last.
func (s *Server) Close() error {
	s.Consoles.Close()
	s.Engine.Close()
	s.Guests.Close()
	s.Watcher.Close()
	return s.Store.Close()
}

// Kill ends the engine as a crash would, as far as a program can do that to
// itself: nothing is written any more. For tests.
func (s *Server) Kill() {
	_ = s.Store.Close()
	s.Consoles.Close()
	s.Engine.Close()
	s.Guests.Close()
	s.Watcher.Close()
}

// makeDataDir makes the data directory. QEMU runs as another user and must get
// through to the images; everything secret in it is closed by itself.
func makeDataDir(path string) error {
	if path == "" {
		return errors.New("no data directory was named")
	}
	if err := os.MkdirAll(path, 0o711); err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	return nil
}

// archives makes the directory of OVA files, which hold whole disks: nobody else is to
// read them.
func (s *Server) archives() (string, error) {
	path, err := filepath.Abs(cmp.Or(s.Archives, filepath.Join(s.DataDir, "ova")))
	if err == nil {
		err = os.MkdirAll(path, 0o700)
	}
	if err != nil {
		return "", fmt.Errorf("making the directory of OVA files: %w", err)
	}
	return path, nil
}

// linkISO makes DATA/iso lead to the folder of the ISO domain, for people who
// copy files there.
func linkISO(dataDir string, inv *inventory.Inventory) error {
	for _, domain := range inv.StorageDomains.Named("local-iso") {
		folder := filepath.Join(domain.Path, string(domain.ID), "images", isoGroup)
		err := os.Symlink(folder, filepath.Join(dataDir, "iso"))
		if err != nil && !errors.Is(err, fs.ErrExist) {
			return fmt.Errorf("making the link to the ISO domain: %w", err)
		}
	}
	return nil
}

// prune removes old events and ended jobs, at an interval, until the context
// ends.
func (s *Server) prune(ctx context.Context) {
	for {
		now := time.Now()
		for {
			removed, err := s.Store.Prune(ctx, now.Add(-s.Values.Duration("AuditLogAgingThreshold")),
				now.Add(-s.Values.Duration("JobCleanupThreshold")))
			if err != nil && ctx.Err() == nil {
				s.Log.ErrorContext(ctx, "old events and jobs could not be removed", "err", err)
			}
			if err != nil || removed == 0 {
				break
			}
		}
		timer := time.NewTimer(time.Hour)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return
		}
	}
}
