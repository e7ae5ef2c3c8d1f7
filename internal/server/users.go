package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/access"
	"vireo/internal/fault"
	"vireo/internal/model"
)

// UserValue is a user as the control socket shows it.
type UserValue struct {
	// Login is the name with its domain.
	Login    string `json:"login"`
	LastName string `json:"last_name,omitempty"`
	Email    string `json:"email,omitempty"`
	Disabled bool   `json:"disabled,omitempty"`
	// Roles are those on the system as a whole, by name; Elsewhere counts those on
	// single objects. Who has none at all cannot log in.
	Roles     []string `json:"roles,omitempty"`
	Elsewhere int      `json:"elsewhere,omitempty"`
}

// UserSettings are what a new user of the domain internal is made of.
type UserSettings struct {
	Password string `json:"password"`
	LastName string `json:"last_name,omitempty"`
	Email    string `json:"email,omitempty"`
	// Role is the name of a role to be given on the system; empty gives none.
	Role string `json:"role,omitempty"`
}

// UserVerb is what can be done to a user.
type UserVerb string

// The verbs. Unlock lets a user try again whose wrong passwords were too many.
const (
	UserDisable UserVerb = "disable"
	UserEnable  UserVerb = "enable"
	UserUnlock  UserVerb = "unlock"
)

// UserValues gives every user that is known, of the domain internal and of others,
// by login.
func (s *Server) UserValues() []UserValue {
	var values []UserValue
	for _, user := range s.Inventory.Users.All() {
		value := UserValue{Login: user.ObjectName(), LastName: user.LastName, Email: user.Email, Disabled: user.Disabled}
		for _, permission := range s.Inventory.Permissions.All() {
			if permission.User != user.ID {
				continue
			}
			if role, known := s.Inventory.Roles.Get(permission.Role); known && permission.Object == (model.Ref{}) {
				value.Roles = append(value.Roles, role.Name)
			} else {
				value.Elsewhere++
			}
		}
		slices.Sort(value.Roles)
		values = append(values, value)
	}
	return values
}

// AddUser adds a user to the domain internal, and gives a role if one is named.
func (s *Server) AddUser(ctx context.Context, name string, settings UserSettings) error {
	name, domain := loginOf(name)
	if domain != auth.Internal {
		return fmt.Errorf("users of the domain %.64q are added in their directory; give them a role to let them in", domain)
	}
	role, err := s.roleNamed(settings.Role)
	if err != nil {
		return err
	}
	hash, err := s.Directory.Hash(ctx, settings.Password)
	if err != nil {
		return err
	}
	made, err := s.Engine.Act(ctx, &engine.Call{On: model.KindUser, Name: "account_add", Params: &access.AccountParams{
		Name: name, Hash: hash, LastName: settings.LastName, Email: settings.Email,
	}})
	if err != nil || role == "" {
		return err
	}
	_, err = s.Engine.Act(ctx, &engine.Call{On: model.KindPermission, Name: "add", Params: &access.PermissionParams{
		Role: role, User: made.Object.Ref().ID,
	}})
	return err
}

func (s *Server) roleNamed(name string) (model.ID, error) {
	if name == "" {
		return "", nil
	}
	for _, role := range s.Inventory.Roles.Named(name) {
		return role.ID, nil
	}
	return "", fmt.Errorf("there is no role %.64q", name)
}

// loginOf takes a login apart; without a domain it is one of the domain internal.
func loginOf(login string) (name, domain string) {
	if name, domain = auth.SplitName(login); domain == "" {
		domain = auth.Internal
	}
	return name, domain
}

func (s *Server) userNamed(login string) (*model.User, error) {
	name, domain := loginOf(login)
	user, known := s.Engine.Records().UserNamed(name, domain)
	if !known {
		return nil, fmt.Errorf("there is no user %.64q; `vireo user list` lists them all", name+"@"+domain)
	}
	return user, nil
}

// onUser runs a row about an account.
func (s *Server) onUser(ctx context.Context, row, login string, params any) error {
	user, err := s.userNamed(login)
	if err != nil {
		return err
	}
	_, err = s.Engine.Act(ctx, &engine.Call{On: model.KindUser, Name: row, Target: user.ID, Params: params})
	if fault.Is(err, fault.NotFound) {
		return fmt.Errorf("the user %.64q is not one of the domain internal", login)
	}
	return err
}

// SetPassword gives a user of the domain internal another password; all sessions of
// that user end.
func (s *Server) SetPassword(ctx context.Context, login, password string) error {
	hash, err := s.Directory.Hash(ctx, password)
	if err != nil {
		return err
	}
	return s.onUser(ctx, "account_password", login, &access.AccountParams{Hash: hash})
}

// RemoveUser removes a user of the domain internal with all that was given to that
// user.
func (s *Server) RemoveUser(ctx context.Context, login string) error {
	return s.onUser(ctx, "account_remove", login, nil)
}

// DoUser disables, enables or unlocks a user of any domain. Locks are kept in the
// memory of a running engine: one that does not run has none.
func (s *Server) DoUser(ctx context.Context, login string, verb UserVerb) error {
	switch verb {
	case UserDisable, UserEnable:
		return s.onUser(ctx, "account_"+string(verb), login, nil)
	case UserUnlock:
		name, domain := loginOf(login)
		s.Directory.Unlock(name, domain)
		if _, err := s.userNamed(login); err != nil {
			return err
		}
		s.Engine.Unlocked(ctx, name+"@"+domain)
		return nil
	}
	return fmt.Errorf("nothing %.20q can be done to a user", verb)
}

// controlUsers answers the commands about users.
func (s *Server) controlUsers(mux *http.ServeMux) {
	mux.HandleFunc("GET /users", func(w http.ResponseWriter, _ *http.Request) { reply(w, s.UserValues(), nil) })
	mux.HandleFunc("PUT /users/{name}", func(w http.ResponseWriter, r *http.Request) {
		var settings UserSettings
		if !decodeControl(w, r, &settings) {
			return
		}
		reply(w, nil, s.AddUser(r.Context(), r.PathValue("name"), settings))
	})
	mux.HandleFunc("POST /users/{name}/password", func(w http.ResponseWriter, r *http.Request) {
		var password string
		if !decodeControl(w, r, &password) {
			return
		}
		reply(w, nil, s.SetPassword(r.Context(), r.PathValue("name"), password))
	})
	mux.HandleFunc("POST /users/{name}/{verb}", func(w http.ResponseWriter, r *http.Request) {
		reply(w, nil, s.DoUser(r.Context(), r.PathValue("name"), UserVerb(r.PathValue("verb"))))
	})
	mux.HandleFunc("DELETE /users/{name}", func(w http.ResponseWriter, r *http.Request) {
		reply(w, nil, s.RemoveUser(r.Context(), r.PathValue("name")))
	})
}

// decodeControl reads the body of a command; false: it was refused.
func decodeControl(w http.ResponseWriter, r *http.Request, into any) bool {
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16)).Decode(into)
	if err != nil {
		reply(w, nil, err)
	}
	return err == nil
}

func userPath(name string) string { return "/users/" + url.PathEscape(name) }

func (r *remote) Users(ctx context.Context) ([]UserValue, error) {
	var values []UserValue
	return values, r.ask(ctx, http.MethodGet, "/users", nil, &values)
}

func (r *remote) AddUser(ctx context.Context, name string, settings UserSettings) error {
	return r.ask(ctx, http.MethodPut, userPath(name), settings, nil)
}

func (r *remote) SetPassword(ctx context.Context, name, password string) error {
	return r.ask(ctx, http.MethodPost, userPath(name)+"/password", password, nil)
}

func (r *remote) RemoveUser(ctx context.Context, name string) error {
	return r.ask(ctx, http.MethodDelete, userPath(name), nil, nil)
}

func (r *remote) DoUser(ctx context.Context, name string, verb UserVerb) error {
	return r.ask(ctx, http.MethodPost, userPath(name)+"/"+string(verb), nil, nil)
}

func (r resting) Users(context.Context) ([]UserValue, error) { return r.UserValues(), nil }

func (r resting) AddUser(ctx context.Context, name string, settings UserSettings) error {
	return said(r.Server.AddUser(ctx, name, settings))
}

func (r resting) SetPassword(ctx context.Context, name, password string) error {
	return said(r.Server.SetPassword(ctx, name, password))
}

func (r resting) RemoveUser(ctx context.Context, name string) error {
	return said(r.Server.RemoveUser(ctx, name))
}

func (r resting) DoUser(ctx context.Context, name string, verb UserVerb) error {
	return said(r.Server.DoUser(ctx, name, verb))
}
