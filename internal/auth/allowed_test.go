package auth

import (
	"slices"
	"strings"
	"testing"

	"vireo/internal/model"
)

func TestAllowed(t *testing.T) {
	vm := model.Ref{Kind: model.KindVM, ID: vmID}
	cluster := model.Ref{Kind: model.KindCluster, ID: "c1"}
	other := model.Ref{Kind: model.KindVM, ID: "other"}
	system := model.Ref{}
	tests := []struct {
		name   string
		user   model.ID
		given  model.ID
		on     model.Ref
		permit model.Permit
		object model.Ref
		above  []model.Ref
		want   bool
	}{
		{"super user on the system", adminID, "", system, RunVM, vm, nil, true},
		{"super user, a system permit", adminID, "", system, CreateStoragePool, system, nil, true},
		{"super user, a permit of tomorrow", adminID, "", system, "fly_to_the_moon", vm, nil, true},
		{"nothing given", plainID, "", system, RunVM, vm, nil, false},
		{"nobody", "nobody", "", system, RunVM, vm, nil, false},
		{"a role without the permit", plainID, UserRole, system, DeleteVM, vm, nil, false},
		{"a role on the system", plainID, UserRole, system, RunVM, vm, nil, true},
		{"on the object", plainID, UserRole, vm, RunVM, vm, nil, true},
		{"on another object", plainID, UserRole, other, RunVM, vm, []model.Ref{cluster}, false},
		{"on what is above", plainID, UserRole, cluster, RunVM, vm, []model.Ref{cluster}, true},
		{"the cluster of others", plainID, UserRole, cluster, RunVM, vm, nil, false},
		{"an object is not the system", plainID, UserRole, vm, RunVM, system, nil, false},
		{"same id, other kind", plainID, UserRole, model.Ref{Kind: model.KindTemplate, ID: vmID}, RunVM, vm, nil, false},
		{"an unknown role", plainID, "gone", vm, RunVM, vm, nil, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			records := newBook(t)
			if test.given != "" {
				records.give(test.user, test.given, test.on)
			}
			if got := Allowed(records, Caller{User: test.user}, test.permit, test.object, test.above...); got != test.want {
				t.Errorf("allowed = %v, want %v", got, test.want)
			}
		})
	}
}

func TestAdminIsWhoHoldsAnAdministrativeRole(t *testing.T) {
	records := newBook(t)
	if !records.caller(t, adminID).Admin {
		t.Error("the super user is no administrator")
	}
	records.give(plainID, UserRole, model.Ref{})
	if records.caller(t, plainID).Admin {
		t.Error("a holder of UserRole is an administrator")
	}
	records.give(plainID, "def00001-0000-0000-0000-def000000001", model.Ref{Kind: model.KindCluster, ID: "c1"})
	if !records.caller(t, plainID).Admin {
		t.Error("an administrator of one cluster is none")
	}
}

func TestPermitsAreDistinct(t *testing.T) {
	all := Permits()
	names := make(map[model.Permit]bool)
	for i, facts := range all {
		if i > 0 && all[i-1].ID >= facts.ID {
			t.Errorf("%d follows %d", facts.ID, all[i-1].ID)
		}
		if names[facts.Name] {
			t.Errorf("%s is there twice", facts.Name)
		}
		names[facts.Name] = true
		if string(facts.Name) != strings.ToLower(string(facts.Name)) {
			t.Errorf("%s is not in lower case", facts.Name)
		}
		byName, _ := PermitNamed(facts.Name)
		byID, _ := PermitNumbered(facts.ID)
		if byName != facts || byID != facts {
			t.Errorf("%v is found as %v and %v", facts, byName, byID)
		}
	}
	// Numbers that clients know, from each part of the table.
	for id, name := range map[int]model.Permit{
		1: CreateVM, 8: ImportExportVM, 17: RebootVM, 22: RunVM, 103: ManipulateHost,
		303: VMPoolBasicOperations, 502: ManipulatePermissions, 1106: AccessImageStorage, 1300: Login, 1500: InjectExternalTasks,
	} {
		if facts, known := PermitNumbered(id); !known || facts.Name != name {
			t.Errorf("permit %d is %q, want %q", id, facts.Name, name)
		}
	}
	for _, missing := range []int{0, 4, 20, 99} {
		if facts, known := PermitNumbered(missing); known {
			t.Errorf("permit %d exists: %v", missing, facts)
		}
	}
	if _, known := PermitNamed("fly"); known {
		t.Error("an unknown permit is known")
	}
}

func TestPredefinedRoles(t *testing.T) {
	roles := make(map[string]model.Role)
	ids := make(map[model.ID]bool)
	for _, role := range PredefinedRoles() {
		if _, err := model.ParseID(string(role.ID)); err != nil || strings.ToLower(string(role.ID)) != string(role.ID) {
			t.Errorf("the id of %s is %q", role.Name, role.ID)
		}
		if ids[role.ID] || role.Mutable || role.Description == "" || len(role.Permits) == 0 {
			t.Errorf("role %s is not as it should be: %+v", role.Name, role)
		}
		ids[role.ID] = true
		roles[role.Name] = role
		if role.Administrative || role.Name == "CpuProfileOperator" {
			continue
		}
		for _, permit := range role.Permits {
			// The reference gives these administrator permits to plain roles.
			odd := []model.Permit{
				AssignCPUProfile, UpdateCPUProfile, CreateCPUProfile, DeleteCPUProfile, ReduceDisk, BackupDisk,
				ConfigureMACPool, InjectExternalEvents, InjectExternalTasks,
			}
			if facts, _ := PermitNamed(permit); facts.Administrative && !slices.Contains(odd, permit) {
				t.Errorf("the plain role %s has the administrator permit %s", role.Name, permit)
			}
		}
	}
	if len(roles) != 37 {
		t.Errorf("there are %d roles", len(roles))
	}
	super := roles["SuperUser"]
	if len(super.Permits) != len(Permits())-1 || slices.Contains(super.Permits, CreateInstance) || !super.Administrative {
		t.Errorf("SuperUser has %d permits", len(super.Permits))
	}
	user := []model.Permit{
		ChangeVMCD, ConnectToVM, RebootVM, StopVM, ShutDownVM, HibernateVM, RunVM, ResetVM,
		VMPoolBasicOperations, AccessImageStorage, Login,
	}
	if !slices.Equal(roles["UserRole"].Permits, user) {
		t.Errorf("UserRole has %v", roles["UserRole"].Permits)
	}
	// Each holds one and lacks one: ranges were read as they are meant.
	for _, test := range []struct {
		role         string
		holds, lacks model.Permit
	}{
		{"ClusterAdmin", RunVM, ReconnectToVM},
		{"ClusterAdmin", EditAdminVMProperties, CreateInstance},
		{"DataCenterAdmin", CreateStoragePool, CreateStorageDomain},
		{"UserVmManager", ManipulateVMSnapshots, MigrateVM},
		{"UserVmRunTimeManager", EditVMProperties, ManipulateVMSnapshots},
		{"StorageAdmin", CreateStorageDomain, ConfigureSCSIGenericIO},
		{"ReadOnlyAdmin", Login, RunVM},
	} {
		role := roles[test.role]
		if !Holds(&role, test.holds) || Holds(&role, test.lacks) {
			t.Errorf("%s: holds %s = %v, holds %s = %v", test.role,
				test.holds, Holds(&role, test.holds), test.lacks, Holds(&role, test.lacks))
		}
	}
}

func TestPermitListWithAMistakePanics(t *testing.T) {
	for _, list := range []string{"4", "one", "1-x"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%q was read", list)
				}
			}()
			permitsIn(list)
		}()
	}
}
