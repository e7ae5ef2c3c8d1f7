package engine

import (
	"context"
	"errors"
	"fmt"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// ObjectIn finds an object of any kind that permissions can be given on or to.
func ObjectIn(tx *inventory.Tx, ref model.Ref) (model.Object, bool) { return objectIn(tx, ref) }

// NameIn is what messages call an object: its name, or its id if it has none.
func NameIn(tx *inventory.Tx, ref model.Ref) string { return nameIn(tx, ref) }

// FillAbout fills what an event says of the object that it is about.
func FillAbout(tx *inventory.Tx, about *audit.About, ref model.Ref) { fillAbout(tx, about, ref) }

// Source finds the directory of a domain; false for those that have none.
func (e *Engine) Source(domain string) (auth.Source, bool) {
	if e.Sources == nil {
		return nil, false
	}
	return e.Sources.Source(model.DomainName(domain))
}

// UserOf makes the user that an entry of a directory is.
func UserOf(entry *auth.Entry) *model.User {
	return &model.User{
		ID: entry.Ref().ID, Name: entry.Name, Domain: entry.Domain, LastName: entry.LastName, Email: entry.Email,
		Entry: entry.ID, Namespace: entry.Namespace, Groups: entry.Memberships(),
	}
}

// Admit records a user of a directory who has given the right password, as the
// directory tells the user now; somebody who was not added to the system is, if a
// group of that user may log in. The errors are auth.ErrNoLogin, and those of
// writing.
func (e *Engine) Admit(ctx context.Context, entry *auth.Entry) (*model.User, error) {
	user := UserOf(entry)
	err := e.Inventory.Update(ctx, func(tx *inventory.Tx) error {
		known, there := tx.Users.Get(user.ID)
		if there {
			user.Disabled, user.Tags = known.Disabled, known.Tags
		} else if !e.entitled(user) {
			return auth.ErrNoLogin
		}
		// A login that another entry had before, as after somebody has left and
		// somebody else came, is this one's now.
		for _, former := range tx.Users.Named(user.ObjectName()) {
			if former.ID != user.ID {
				e.forget(tx, former)
			}
		}
		if there && sameUser(known, user) {
			return nil
		}
		tx.Users.Put(user)
		if !there {
			tx.Event(audit.New(audit.UserAdded, audit.About{Detail: user.ObjectName()}))
		}
		return nil
	})
	return user, err
}

// entitled says whether the groups of somebody who is not known let log in.
func (e *Engine) entitled(user *model.User) bool {
	index := e.grants()
	for _, holder := range append([]model.ID{auth.Everyone}, user.Groups...) {
		for _, permission := range index.byHolder[holder] {
			if auth.LetsLogin(e.Records(), permission) {
				return true
			}
		}
	}
	return false
}

func (e *Engine) forget(tx *inventory.Tx, user *model.User) {
	for _, permission := range e.grants().byHolder[user.ID] {
		tx.Permissions.Delete(permission.ID)
	}
	tx.Users.Delete(user.ID)
	tx.Event(audit.New(audit.UserRemoved, audit.About{Detail: user.ObjectName()}))
}

func sameUser(a, b *model.User) bool { return fmt.Sprintf("%+v", *a) == fmt.Sprintf("%+v", *b) }

// People searches a directory for users or groups, at most limit of them; the
// error is a *fault.Fault.
func (v *View) People(ctx context.Context, domain *model.Domain, kind model.Kind, word string, limit int) ([]*auth.Entry, error) {
	source, known := v.engine.Source(domain.Name)
	if !known || !v.SeesPeople() {
		return nil, nil
	}
	found, err := source.Search(ctx, kind, word, limit)
	return found, DirectoryFault(domain.Name, err)
}

// DirectoryFault is the refusal for a directory that could not be asked. A wish to
// look outside of a transaction stays what it is.
func DirectoryFault(domain string, err error) error {
	if _, wish := errors.AsType[*outsideError](err); wish || err == nil {
		return err
	}
	return fault.New(fault.DirectorySilent, domain).Because(err)
}
