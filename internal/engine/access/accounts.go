package access

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// AccountParams describe an account of the domain internal.
type AccountParams struct {
	// Name is the login without the domain.
	Name string
	// Hash is that of the password, made by [auth.HashPassword].
	Hash string
	// LastName and Email may be empty.
	LastName, Email string
}

// logins are the names that accounts may have: what fits into a URL, a search and
// the user part of a login.
var logins = regexp.MustCompile(`^[\p{L}0-9_][\p{L}0-9._-]{0,62}$`)

const maxText = 255

// addAccount adds a user to the directory, and not to the system: nothing is given
// to the user yet.
func (r *room) addAccount(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, ok := call.Params.(*AccountParams)
	if !ok || params.Hash == "" {
		return nil, fault.New(fault.Invalid, call.Verb, "A user has a name and a password.")
	}
	switch {
	case !logins.MatchString(params.Name):
		return nil, fault.New(fault.NameIllegal, call.Verb,
			"The name of a user must have 1 to 63 characters: letters, digits, '.', '_' and '-' only, and begin with a letter, a digit or '_'.")
	case !readable(params.LastName), !readable(params.Email):
		return nil, fault.New(fault.Invalid, call.Verb, "Last name and mail address may have at most 255 bytes, and no control characters.")
	}
	for _, other := range tx.Users.All() {
		if other.Domain == auth.Internal && strings.EqualFold(other.Name, params.Name) {
			return nil, fault.New(fault.NameInUse, call.Verb, "user", params.Name)
		}
	}
	account := &model.User{
		ID: model.NewID(), Name: params.Name, LastName: params.LastName, Email: params.Email,
		Domain: auth.Internal, PasswordHash: params.Hash, Outside: true,
	}
	tx.Users.Put(account)
	tell(tx, audit.AccountAdded, call, account.ObjectName())
	return account, nil
}

func readable(text string) bool {
	return len(text) <= maxText && utf8.ValidString(text) && !strings.ContainsFunc(text, unicode.IsControl)
}

// account finds the account of a call.
func account(tx *inventory.Tx, call *engine.Call) (*model.User, error) {
	user, known := tx.Users.Get(call.Target)
	if !known || user.Domain != auth.Internal {
		return nil, fault.Missing(string(call.Target))
	}
	return user, nil
}

func accountNamed(tx *inventory.Tx, name string) (*model.User, bool) {
	for _, user := range tx.Users.Named(name + "@" + auth.Internal) {
		if user.Name == name && user.Domain == auth.Internal {
			return user, true
		}
	}
	return nil, false
}

// changePassword gives an account another password; sessions notice by themselves.
func (r *room) changePassword(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, ok := call.Params.(*AccountParams)
	if !ok || params.Hash == "" {
		return nil, fault.New(fault.Invalid, call.Verb, "No password was given.")
	}
	if _, err := account(tx, call); err != nil {
		return nil, err
	}
	return edit(tx, call, audit.PasswordChanged, func(user *model.User) { user.PasswordHash = params.Hash })
}

// disable ends the sessions of a user, of whatever domain, and lets no other begin.
func (r *room) disable(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	user, err := edit(tx, call, audit.AccountDisabled, func(user *model.User) { user.Disabled = true })
	if err == nil {
		err = keepsSuperUser(tx, call.Verb)
	}
	return user, err
}

func (r *room) enable(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	return edit(tx, call, audit.AccountEnabled, func(user *model.User) { user.Disabled = false })
}

func edit(tx *inventory.Tx, call *engine.Call, code audit.Code, change func(*model.User)) (model.Object, error) {
	user, _ := tx.Users.Edit(call.Target)
	change(user)
	tell(tx, code, call, user.ObjectName())
	return user, nil
}

// removeAccount removes a user from the directory, and so from the system.
func (r *room) removeAccount(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	user, err := account(tx, call)
	if err != nil {
		return nil, err
	}
	if err := r.takeAll(tx, call, user.ID); err != nil {
		return nil, err
	}
	tx.Users.Delete(user.ID)
	tell(tx, audit.AccountRemoved, call, user.ObjectName())
	return user, nil
}
