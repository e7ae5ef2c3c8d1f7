package engine_test

import (
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/access"
	"vireo/internal/engine/sitetest"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// The situations of people: a site has nobody, so they bring a SuperUser, whom some
// rows must leave, with them.

const bossID, aliceID model.ID = "aaaaaaaa-0000-0000-0000-000000000001", "aaaaaaaa-0000-0000-0000-000000000002"

func people(site *sitetest.Site) {
	site.Edit(func(tx *inventory.Tx) {
		for _, role := range auth.PredefinedRoles() {
			tx.Roles.Put(&role)
		}
		tx.Users.Put(&model.User{ID: bossID, Name: "boss", Domain: auth.Internal, PasswordHash: "x"})
		tx.Users.Put(&model.User{ID: aliceID, Name: "alice", Domain: auth.Internal, PasswordHash: "x", Outside: true})
		tx.Permissions.Put(&model.Permission{ID: bossID, Role: auth.SuperUser, User: bossID})
	})
}

func onUser(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	people(site)
	vm := site.Add("vm")
	call := &engine.Call{On: row.On, Name: row.Name, Target: aliceID}
	switch row.Name {
	case "add":
		call.Target, call.Params = "", &access.PersonParams{Domain: auth.Internal, Name: "alice"}
	case "account_add":
		call.Target, call.Params = "", &access.AccountParams{Name: "bob", Hash: "x"}
	case "account_password":
		call.Params = &access.AccountParams{Hash: "y"}
	case "remove":
		site.Edit(func(tx *inventory.Tx) {
			user, _ := tx.Users.Edit(aliceID)
			user.Outside = false
		})
	}
	return vm, call
}

func onGroup(_ *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	people(site)
	group := &model.Group{ID: model.EntryID("corp.example.com", "g"), Name: "staff", Domain: "corp.example.com", Entry: "g"}
	call := &engine.Call{On: row.On, Name: row.Name, Target: group.ID}
	if row.Name == "add" { // there is no directory here, so it is refused in every status
		call.Target, call.Params = "", &access.PersonParams{Domain: "corp.example.com", Name: "staff"}
		return site.Add("vm"), call
	}
	site.Edit(func(tx *inventory.Tx) { tx.Groups.Put(group) })
	return site.Add("vm"), call
}

func onRole(t *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	people(site)
	call := &engine.Call{On: row.On, Name: row.Name, Params: engine.Edit[model.Role](func(role *model.Role) error {
		role.Name, role.Permits = "operators", []model.Permit{"run_vm", "login"}
		return nil
	})}
	if row.Name != "add" {
		made, err := site.Act(&engine.Call{On: row.On, Name: "add", Params: call.Params})
		if err != nil {
			t.Fatal(err)
		}
		call.Target = made.Object.Ref().ID
	}
	return site.Add("vm"), call
}

func onPermission(t *testing.T, site *sitetest.Site, row *engine.Command) (model.ID, *engine.Call) {
	people(site)
	vm := site.Add("vm")
	call := &engine.Call{On: row.On, Name: row.Name, Params: &access.PermissionParams{
		Role: auth.UserRole, User: aliceID, Object: model.Ref{Kind: model.KindVM, ID: vm},
	}}
	if row.Name != "add" {
		made, err := site.Act(&engine.Call{On: row.On, Name: "add", Params: call.Params})
		if err != nil {
			t.Fatal(err)
		}
		call.Target = made.Object.Ref().ID
	}
	return vm, call
}
