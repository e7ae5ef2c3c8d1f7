package v3

// User is a user (api-v3 2.6).
type User struct {
	Resource
	Domain        *Domain `wire:"domain"`
	DomainEntryID *string `wire:"domain_entry_id"`
	Namespace     *string `wire:"namespace"`
	LastName      *string `wire:"last_name"`
	UserName      *string `wire:"user_name"`
	Principal     *string `wire:"principal"`
	Password      *string `wire:"password"`
	Email         *string `wire:"email"`
	Groups        *Groups `wire:"groups"`
}

// Users is a list of users.
type Users struct {
	Collection
	User []User `wire:"user"`
}

// Group is a group of users (api-v3 2.6).
type Group struct {
	Resource
	Domain        *Domain `wire:"domain"`
	DomainEntryID *string `wire:"domain_entry_id"`
	Namespace     *string `wire:"namespace"`
}

// Groups is a list of groups.
type Groups struct {
	Collection
	Group []Group `wire:"group"`
}

// DirectoryDomain is a domain of the collection domains (api-v3 2.6); the account
// that joins it is shown to nobody.
type DirectoryDomain struct {
	Resource
}

// Domains is a list of domains.
type Domains struct {
	Collection
	Domain []DirectoryDomain `wire:"domain"`
}

// Role is a role.
type Role struct {
	Resource
	Mutable        *bool    `wire:"mutable"`
	Administrative *bool    `wire:"administrative"`
	Permits        *Permits `wire:"permits"`
}

// Roles is a list of roles.
type Roles struct {
	Collection
	Role []Role `wire:"role"`
}

// Permit is a permit; its id is a number.
type Permit struct {
	Resource
	Administrative bool       `wire:"administrative,keep"`
	Role           *Reference `wire:"role"`
}

// Permits is a list of permits.
type Permits struct {
	Collection
	Permit []Permit `wire:"permit"`
}

// Permission gives a role to a user on an object.
type Permission struct {
	Resource
	Role          *Reference `wire:"role"`
	User          *Reference `wire:"user"`
	Group         *Reference `wire:"group"`
	DataCenter    *Reference `wire:"data_center"`
	Cluster       *Reference `wire:"cluster"`
	Host          *Reference `wire:"host"`
	StorageDomain *Reference `wire:"storage_domain"`
	VM            *Reference `wire:"vm"`
	VMPool        *Reference `wire:"vmpool"`
	Template      *Reference `wire:"template"`
	Disk          *Reference `wire:"disk"`
}

// Permissions is a list of permissions; Clone belongs to requests.
type Permissions struct {
	Collection
	Permission []Permission `wire:"permission"`
	Clone      *bool        `wire:"clone"`
}

// Cloned says whether a request asks for the permissions of what something is made of.
func (s *Permissions) Cloned() bool { return s != nil && s.Clone != nil && *s.Clone }
