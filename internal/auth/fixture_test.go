package auth

import (
	"sync"
	"testing"

	"vireo/internal/model"
)

const (
	adminID  model.ID = "11111111-0000-0000-0000-000000000001"
	plainID  model.ID = "11111111-0000-0000-0000-000000000002"
	vmID     model.ID = "22222222-0000-0000-0000-000000000001"
	password          = "a good password"
	here              = "192.0.2.7:51234"
)

// hashed is the hash of password, made once since it is slow.
var hashed = sync.OnceValue(func() string {
	hash, err := HashPassword(password)
	if err != nil {
		panic(err)
	}
	return hash
})

// macPoolUser is a role that lets users log in, and use a MAC pool.
const macPoolUser model.ID = "def00014-0000-0000-0000-def000000014"

// book is a small set of records: admin and plain, both with the same password;
// admin is SuperUser on the system, and everybody may log in.
type book struct {
	mu          sync.Mutex
	users       map[model.ID]*model.User
	roles       map[model.ID]*model.Role
	permissions []*model.Permission
}

func newBook(t testing.TB) *book {
	t.Helper()
	b := &book{
		users: map[model.ID]*model.User{
			adminID: {ID: adminID, Name: "admin", Domain: Internal, PasswordHash: hashed()},
			plainID: {ID: plainID, Name: "plain", Domain: Internal, PasswordHash: hashed()},
		},
		roles: make(map[model.ID]*model.Role),
		permissions: []*model.Permission{
			{ID: model.NewID(), Role: SuperUser, User: adminID},
			{ID: model.NewID(), Role: macPoolUser, User: Everyone, Object: model.Ref{Kind: "mac_pool", ID: "m1"}},
		},
	}
	for _, role := range PredefinedRoles() {
		b.roles[role.ID] = &role
	}
	return b
}

func (b *book) User(id model.ID) (*model.User, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	user, known := b.users[id]
	return user, known
}

func (b *book) UserNamed(name, domain string) (*model.User, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, user := range b.users {
		if user.Name == name && user.Domain == domain {
			return user, true
		}
	}
	return nil, false
}

func (b *book) PermissionsOf(user model.ID) []*model.Permission {
	b.mu.Lock()
	defer b.mu.Unlock()
	var given []*model.Permission
	for _, permission := range b.permissions {
		if permission.User == user || permission.User == Everyone {
			given = append(given, permission)
		}
	}
	return given
}

func (b *book) Role(id model.ID) (*model.Role, bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	role, known := b.roles[id]
	return role, known
}

// change replaces a user by an edited copy.
func (b *book) change(id model.ID, edit func(*model.User)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	copied := *b.users[id]
	edit(&copied)
	b.users[id] = &copied
}

func (b *book) give(user, role model.ID, object model.Ref) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.permissions = append(b.permissions, &model.Permission{ID: model.NewID(), Role: role, User: user, Object: object})
}

func (b *book) caller(t testing.TB, id model.ID) Caller {
	t.Helper()
	user, known := b.User(id)
	if !known {
		t.Fatalf("no user %s", id)
	}
	return CallerOf(b, user)
}
