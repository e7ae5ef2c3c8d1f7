package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"vireo/internal/engine"
	"vireo/internal/engine/options"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/option"
)

// OptionValue is an engine option as the control socket shows it.
type OptionValue struct {
	Name    string `json:"name"`
	Value   string `json:"value"`
	Default string `json:"default"`
	Meaning string `json:"meaning"`
}

// control answers the commands of this machine's administrator over a socket in
// the data directory, which only its owner can open: engine options, domains,
// checks of storage, backups and passwords, while the engine runs.
func (s *Server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /options", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, s.OptionValues(), nil)
	})
	mux.HandleFunc("PUT /options/{name}", func(w http.ResponseWriter, r *http.Request) {
		var value string
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&value); err != nil {
			reply(w, nil, err)
			return
		}
		reply(w, nil, s.SetOption(r.Context(), r.PathValue("name"), value))
	})
	mux.HandleFunc("GET /domains", func(w http.ResponseWriter, _ *http.Request) {
		reply(w, s.DomainValues(), nil)
	})
	mux.HandleFunc("PUT /domains/{name}", func(w http.ResponseWriter, r *http.Request) {
		var settings DomainSettings
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&settings); err != nil {
			reply(w, nil, err)
			return
		}
		reply(w, nil, s.SetDomain(r.Context(), r.PathValue("name"), settings))
	})
	mux.HandleFunc("DELETE /domains/{name}", func(w http.ResponseWriter, r *http.Request) {
		reply(w, nil, s.RemoveDomain(r.Context(), r.PathValue("name")))
	})
	mux.HandleFunc("POST /backup", func(w http.ResponseWriter, r *http.Request) {
		var path string
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&path); err != nil {
			reply(w, nil, err)
			return
		}
		reply(w, nil, s.Backup(r.Context(), path))
	})
	mux.HandleFunc("GET /storage/check", func(w http.ResponseWriter, r *http.Request) {
		report, err := s.CheckStorage(r.Context())
		reply(w, report, err)
	})
	mux.HandleFunc("POST /password", func(w http.ResponseWriter, r *http.Request) {
		var password string
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&password); err != nil {
			reply(w, nil, err)
			return
		}
		reply(w, nil, s.ResetPassword(r.Context(), password))
	})
	return mux
}

func reply(w http.ResponseWriter, body any, err error) {
	w.Header().Set("Content-Type", "application/json")
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		body = map[string]string{"error": said(err).Error()}
	}
	_ = json.NewEncoder(w).Encode(body)
}

// said is an error as people are to read it: of a refusal the sentence alone.
func said(err error) error {
	if refusal, ok := errors.AsType[*fault.Fault](err); ok {
		return errors.New(refusal.Message())
	}
	return err
}

// OptionValues gives every engine option with its present value.
func (s *Server) OptionValues() []OptionValue {
	values := make([]OptionValue, 0, len(option.Table))
	for _, each := range option.Table {
		values = append(values, OptionValue{each.Name, s.Values.String(each.Name), each.Default, each.Meaning})
	}
	return values
}

// SetOption changes an engine option; an empty value means the default again.
// Most count at once; those of intervals and sessions at the next start.
func (s *Server) SetOption(ctx context.Context, name, value string) error {
	_, err := s.Engine.Act(ctx, &engine.Call{
		On: model.KindOption, Name: "set",
		Params: &options.SetParams{Name: name, Value: value, Default: value == ""},
	})
	return err
}

// ResetPassword gives the administrator a new password; all sessions end. An
// empty one is made up and written into the data directory; otherwise what stands
// there is of no use any more and is removed.
func (s *Server) ResetPassword(ctx context.Context, password string) error {
	madeHere := password == ""
	if madeHere {
		password = madeUp(20)
	}
	hash, err := s.Directory.Hash(ctx, password)
	if err != nil {
		return err
	}
	if madeHere {
		if err := writePassword(s.DataDir, password); err != nil {
			return err
		}
	}
	err = s.Inventory.Update(ctx, func(tx *inventory.Tx) error {
		admin, ok := tx.Users.Edit(Administrator)
		if !ok {
			return fault.Missing("user admin@internal")
		}
		admin.PasswordHash, admin.Disabled = hash, false
		return nil
	})
	if err != nil || madeHere {
		return err
	}
	if err := os.Remove(PasswordPath(s.DataDir)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing the old password: %w", err)
	}
	return nil
}

// ControlSocket is the path of an engine's control socket.
func ControlSocket(dataDir string) string { return filepath.Join(dataDir, controlSocket) }

// PasswordPath is where a made-up password of the administrator stands.
func PasswordPath(dataDir string) string {
	return filepath.Join(strings.TrimSuffix(dataDir, "/"), passwordFile)
}
