package server

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"path/filepath"
	"strings"

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
// the data directory, which only its owner can open: engine options, backups
// and passwords, while the engine runs.
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
	mux.HandleFunc("POST /backup", func(w http.ResponseWriter, r *http.Request) {
		var path string
		if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(&path); err != nil {
			reply(w, nil, err)
			return
		}
		reply(w, nil, s.Store.Backup(r.Context(), path))
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
		text := err.Error()
		if said, ok := errors.AsType[*fault.Fault](err); ok {
			text = said.Message()
		}
		body = map[string]string{"error": text}
	}
	_ = json.NewEncoder(w).Encode(body)
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
	definition, known := option.Find(name)
	if !known {
		return fault.Missing("option " + name)
	}
	if value != "" || definition.Type != option.Text {
		if value != "" {
			if err := definition.Check(value); err != nil {
				return err
			}
		}
	}
	return s.Inventory.Update(ctx, func(tx *inventory.Tx) error {
		if value == "" {
			tx.Options.Delete(model.ID(definition.Name))
			return nil
		}
		tx.Options.Put(&model.Option{Name: definition.Name, Value: value})
		return nil
	})
}

// ResetPassword gives the administrator a new password; all sessions end. An
// empty one is made up and written into the data directory.
func (s *Server) ResetPassword(ctx context.Context, password string) error {
	if password == "" {
		password = madeUp(20)
		if err := writePassword(s.DataDir, password); err != nil {
			return err
		}
	}
	hash, err := s.Directory.Hash(ctx, password)
	if err != nil {
		return err
	}
	return s.Inventory.Update(ctx, func(tx *inventory.Tx) error {
		admin, ok := tx.Users.Edit(Administrator)
		if !ok {
			return fault.Missing("user admin@internal")
		}
		admin.PasswordHash, admin.Disabled = hash, false
		return nil
	})
}

// ControlSocket is the path of an engine's control socket.
func ControlSocket(dataDir string) string { return filepath.Join(dataDir, controlSocket) }

// PasswordPath is where a made-up password of the administrator stands.
func PasswordPath(dataDir string) string {
	return filepath.Join(strings.TrimSuffix(dataDir, "/"), passwordFile)
}
