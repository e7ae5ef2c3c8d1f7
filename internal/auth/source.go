package auth

import (
	"context"

	"vireo/internal/model"
)

// Entry is a user or a group of a directory, as the directory tells it.
type Entry struct {
	// Kind is [model.KindUser] or [model.KindGroup].
	Kind model.Kind
	// ID is the entry's own and does not change with its name.
	ID string
	// Name is the login of a user, in lower case, or the name of a group; Domain
	// is the directory's.
	Name, Domain string
	// Namespace is the part of the directory where the entry stands.
	Namespace       string
	LastName, Email string
	// Groups are the ids of the groups that a user is in, directly or through
	// other groups; filled by Authenticate and Find.
	Groups []string
}

// Ref is how the engine knows the entry.
func (e *Entry) Ref() model.Ref {
	return model.Ref{Kind: e.Kind, ID: model.EntryID(e.Domain, e.ID)}
}

// Memberships are the groups of the entry as the engine knows them.
func (e *Entry) Memberships() []model.ID {
	groups := make([]model.ID, len(e.Groups))
	for i, group := range e.Groups {
		groups[i] = model.EntryID(e.Domain, group)
	}
	return groups
}

// Source is a directory of people outside of the engine. Every call ends within a
// bounded time. It is safe for concurrent use.
type Source interface {
	// Authenticate verifies a password and gives the user with all groups. The
	// errors are [ErrDenied], [ErrDisabled], and those that mean
	// [ErrUnavailable].
	Authenticate(ctx context.Context, name, password string) (*Entry, error)
	// Find gives the user or group of exactly that name; nil when there is none.
	Find(ctx context.Context, kind model.Kind, name string) (*Entry, error)
	// Search gives the users or groups that a word fits, "*" stands for any
	// characters, at most limit of them, by name.
	Search(ctx context.Context, kind model.Kind, word string, limit int) ([]*Entry, error)
}

// Sources finds the directory of a domain; false for those that have none, as the
// domain internal.
type Sources interface {
	Source(domain string) (Source, bool)
}

// noSources knows no directories.
type noSources struct{}

func (noSources) Source(string) (Source, bool) { return nil, false }
