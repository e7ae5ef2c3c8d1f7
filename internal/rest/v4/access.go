package v4

import (
	"vireo/internal/fault"
	"vireo/internal/model"
)

// User is somebody of a domain (api-v4 3.7).
type User struct {
	Resource
	DomainEntryID *string    `wire:"domain_entry_id"`
	Email         *string    `wire:"email"`
	LastName      *string    `wire:"last_name"`
	Namespace     *string    `wire:"namespace"`
	Principal     *string    `wire:"principal"`
	UserName      *string    `wire:"user_name"`
	Domain        *Reference `wire:"domain"`
}

// Users is a list of users.
type Users struct {
	Collection
	User []User `wire:"user"`
}

// Group is a group of users (api-v4 3.7).
type Group struct {
	Resource
	DomainEntryID *string    `wire:"domain_entry_id"`
	Namespace     *string    `wire:"namespace"`
	Domain        *Reference `wire:"domain"`
}

// Groups is a list of groups.
type Groups struct {
	Collection
	Group []Group `wire:"group"`
}

// Domain is where users come from (api-v4 3.7).
type Domain struct {
	Resource
}

// Domains is a list of domains.
type Domains struct {
	Collection
	Domain []Domain `wire:"domain"`
}

// Role is a named set of permits (api-v4 3.7), which belong to requests here.
type Role struct {
	Resource
	Administrative *bool    `wire:"administrative"`
	Mutable        *bool    `wire:"mutable"`
	Permits        *Permits `wire:"permits"`
}

// CheckAdd refuses a role without name or permits (api-v4 appendix B).
func (s *Role) CheckAdd() error {
	need := required{subject: "Role", method: "add"}
	need.need(s.Name != nil && *s.Name != "", "name")
	need.need(s.Permits != nil && len(s.Permits.Permit) > 0, "permits.id")
	return need.check()
}

// Apply changes a role by the elements that the request has; permit finds what a permit
// is called.
func (s *Role) Apply(to *model.Role, permit func(*Permit) (model.Permit, error)) error {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Administrative, s.Administrative)
	if s.Permits == nil {
		return nil
	}
	to.Permits = nil
	for i := range s.Permits.Permit {
		found, err := permit(&s.Permits.Permit[i])
		if err != nil {
			return err
		}
		to.Permits = append(to.Permits, found)
	}
	return nil
}

// Roles is a list of roles.
type Roles struct {
	Collection
	Role []Role `wire:"role"`
}

// Permit is what a role allows; its id is a number (api-v4 3.7).
type Permit struct {
	Resource
	Administrative *bool      `wire:"administrative"`
	Role           *Reference `wire:"role"`
}

// Permits is a list of permits.
type Permits struct {
	Collection
	Permit []Permit `wire:"permit"`
}

// Permission gives a role to a user or a group on an object, or on the system (api-v4
// 3.7).
type Permission struct {
	Resource
	Cluster       *Reference `wire:"cluster"`
	DataCenter    *Reference `wire:"data_center"`
	Disk          *Reference `wire:"disk"`
	Group         *Reference `wire:"group"`
	Host          *Reference `wire:"host"`
	Role          *Reference `wire:"role"`
	StorageDomain *Reference `wire:"storage_domain"`
	Template      *Reference `wire:"template"`
	User          *Reference `wire:"user"`
	VM            *Reference `wire:"vm"`
	VMPool        *Reference `wire:"vm_pool"`
}

// Permissions is a list of permissions.
type Permissions struct {
	Collection
	Permission []Permission `wire:"permission"`
}

// on is the element that names an object of a kind; nil for a kind that has none.
func (s *Permission) on(kind model.Kind) **Reference {
	return map[model.Kind]**Reference{
		model.KindCluster: &s.Cluster, model.KindDataCenter: &s.DataCenter, model.KindDisk: &s.Disk, model.KindHost: &s.Host,
		model.KindStorageDomain: &s.StorageDomain, model.KindTemplate: &s.Template, model.KindVM: &s.VM, model.KindVMPool: &s.VMPool,
	}[kind]
}

// objects are the kinds that a permission can name, in the order of messages.
var objects = []model.Kind{
	model.KindDataCenter, model.KindCluster, model.KindHost, model.KindStorageDomain,
	model.KindVM, model.KindVMPool, model.KindTemplate, model.KindDisk,
}

// Means looks up what a permission to be given names. What the address names already is
// given, and is not looked at (api-v4 appendix B).
func (s *Permission) Means(given model.Permission, find Finder) (model.Permission, error) {
	need := required{subject: "Permission", method: "add"}
	need.need(s.Role.given(), "role.id|name")
	holder := given.User != "" || given.Group != ""
	need.need(holder || s.User.given() || s.Group.given(), "user.id|group.id")
	var named []model.Kind
	for _, kind := range objects {
		if (*s.on(kind)).given() {
			named = append(named, kind)
		}
	}
	need.need(!holder || len(named) > 0, "dataCenter|cluster|host|storageDomain|vm|vmPool|template|disk.id")
	if err := need.check(); err != nil {
		return given, err
	}
	if !holder && s.User.given() && s.Group.given() || holder && len(named) > 1 {
		return given, fault.Bad("", "A permission is given to one user or group, on one object.")
	}
	if err := setReference(&given.Role, s.Role, model.KindRole, find); err != nil {
		return given, err
	}
	if holder {
		given.Object.Kind = named[0]
		return given, setReference(&given.Object.ID, *s.on(named[0]), named[0], find)
	}
	if err := setReference(&given.User, s.User, model.KindUser, find); err != nil {
		return given, err
	}
	return given, setReference(&given.Group, s.Group, model.KindGroup, find)
}
