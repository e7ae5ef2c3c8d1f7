package server

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/option"
	"vireo/internal/storagecheck"
	"vireo/internal/store/sqlstore"
	"vireo/internal/vault"
)

// Tools are what the administrator of a machine can do to an engine, whether it
// runs or not.
type Tools interface {
	Options(ctx context.Context) ([]OptionValue, error)
	SetOption(ctx context.Context, name, value string) error
	Domains(ctx context.Context) ([]DomainValue, error)
	SetDomain(ctx context.Context, name string, settings DomainSettings) error
	RemoveDomain(ctx context.Context, name string) error
	// Backup also writes path.key.
	Backup(ctx context.Context, path string) error
	ResetPassword(ctx context.Context, password string) error
	// CheckStorage compares what is recorded with what lies in the storage domains.
	CheckStorage(ctx context.Context) (storagecheck.Report, error)
	Close() error
}

// OpenTools speaks to the engine that uses the data directory; when none runs it
// opens the state itself.
func OpenTools(ctx context.Context, dataDir, database string) (Tools, error) {
	connection, err := net.Dial("unix", ControlSocket(dataDir))
	if err == nil {
		return newRemote(dataDir), connection.Close()
	}
	// To open what is not there would make it.
	kept := dataDir
	if database == "" {
		kept = filepath.Join(dataDir, databaseFile)
	}
	if _, err := os.Stat(kept); err != nil {
		return nil, fmt.Errorf("there is no engine's data in %s", dataDir)
	}
	return openResting(ctx, dataDir, database)
}

// remote speaks to a running engine over its control socket.
type remote struct{ client *http.Client }

func newRemote(dataDir string) *remote {
	return &remote{&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", ControlSocket(dataDir))
		},
	}}}
}

func (r *remote) ask(ctx context.Context, method, path string, body, into any) error {
	var content bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&content).Encode(body); err != nil {
			return err
		}
	}
	request, err := http.NewRequestWithContext(ctx, method, "http://engine"+path, &content)
	if err != nil {
		return err
	}
	response, err := r.client.Do(request)
	if err != nil {
		return fmt.Errorf("speaking to the running engine: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		var said struct{ Error string }
		if err := json.NewDecoder(response.Body).Decode(&said); err != nil {
			return fmt.Errorf("the engine answered %s", response.Status)
		}
		return errors.New(said.Error)
	}
	if into == nil {
		return nil
	}
	return json.NewDecoder(response.Body).Decode(into)
}

func (r *remote) Options(ctx context.Context) ([]OptionValue, error) {
	var values []OptionValue
	return values, r.ask(ctx, http.MethodGet, "/options", nil, &values)
}

func (r *remote) SetOption(ctx context.Context, name, value string) error {
	return r.ask(ctx, http.MethodPut, "/options/"+url.PathEscape(name), value, nil)
}

func (r *remote) Domains(ctx context.Context) ([]DomainValue, error) {
	var values []DomainValue
	return values, r.ask(ctx, http.MethodGet, "/domains", nil, &values)
}

func (r *remote) SetDomain(ctx context.Context, name string, settings DomainSettings) error {
	return r.ask(ctx, http.MethodPut, "/domains/"+url.PathEscape(name), settings, nil)
}

func (r *remote) RemoveDomain(ctx context.Context, name string) error {
	return r.ask(ctx, http.MethodDelete, "/domains/"+url.PathEscape(name), nil, nil)
}

func (r *remote) Backup(ctx context.Context, path string) error {
	return r.ask(ctx, http.MethodPost, "/backup", path, nil)
}

func (r *remote) ResetPassword(ctx context.Context, password string) error {
	return r.ask(ctx, http.MethodPost, "/password", password, nil)
}

func (r *remote) CheckStorage(ctx context.Context) (storagecheck.Report, error) {
	var report storagecheck.Report
	return report, r.ask(ctx, http.MethodGet, "/storage/check", nil, &report)
}

func (r *remote) Close() error {
	r.client.CloseIdleConnections()
	return nil
}

// resting is the state of an engine that does not run, opened with its lock.
type resting struct{ *Server }

func openResting(ctx context.Context, dataDir, database string) (Tools, error) {
	log := slog.Default()
	kept, err := sqlstore.Open(ctx, database, sqlstore.Options{DefaultPath: filepath.Join(dataDir, databaseFile), Log: log})
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	inv, err := inventory.Open(ctx, kept)
	if err != nil {
		return nil, errors.Join(err, kept.Close())
	}
	secrets, err := vault.Open(filepath.Join(dataDir, secretsKey))
	if err != nil {
		return nil, errors.Join(err, kept.Close())
	}
	s := &Server{Config: Config{DataDir: dataDir, Log: log}, Store: kept, Vault: secrets, Inventory: inv, Values: option.From(inv, nil)}
	s.Engine = engine.New(engine.Options{Inventory: inv, Values: s.Values, Log: log})
	install(s.Engine)
	s.Directory = auth.NewDirectory(s.Engine.Records(), auth.DirectoryOptions{})
	return resting{s}, nil
}

func (r resting) Options(context.Context) ([]OptionValue, error) { return r.OptionValues(), nil }

func (r resting) Domains(context.Context) ([]DomainValue, error) { return r.DomainValues(), nil }

// SetOption and the others say why not in the words that the running engine
// would use.
func (r resting) SetOption(ctx context.Context, name, value string) error {
	return said(r.Server.SetOption(ctx, name, value))
}

func (r resting) SetDomain(ctx context.Context, name string, settings DomainSettings) error {
	return said(r.Server.SetDomain(ctx, name, settings))
}

func (r resting) RemoveDomain(ctx context.Context, name string) error {
	return said(r.Server.RemoveDomain(ctx, name))
}

func (r resting) ResetPassword(ctx context.Context, password string) error {
	return said(r.Server.ResetPassword(ctx, password))
}

func (r resting) Close() error { return r.Store.Close() }
