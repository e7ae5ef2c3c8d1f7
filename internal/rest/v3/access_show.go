package v3

import (
	"strconv"

	"vireo/internal/auth"
	"vireo/internal/model"
)

// ShowUser shows a user; secrets are never among what is shown. at is the address of
// the collection, if it is not that of the users of the system.
func (p *Page) ShowUser(user *model.User, at string, groups []*model.Group) *User {
	out := &User{Resource: p.top(model.KindUser, user.ID)}
	if at != "" {
		out.Resource = p.resource("directory_user", at+"/"+string(user.ID), user.ID)
	}
	out.Name = new(user.Name)
	out.Domain = p.domainOf(user.Domain)
	out.DomainEntryID, out.Namespace = text(user.Entry), text(user.Namespace)
	out.LastName = text(user.LastName)
	out.UserName = new(user.ObjectName())
	out.Principal = new(user.Name)
	out.Email = text(user.Email)
	for _, group := range groups {
		if out.Groups == nil {
			out.Groups = &Groups{}
		}
		shown := Group{}
		shown.Href, shown.ID, shown.Name = p.Href(model.KindGroup, group.ID), new(string(group.ID)), new(group.Name)
		out.Groups.Group = append(out.Groups.Group, shown)
	}
	return out
}

func (p *Page) domainOf(name string) *Domain {
	if name == "" {
		return nil
	}
	id := model.DomainID(name)
	return &Domain{Href: p.Href(model.KindDomain, id), ID: new(string(id)), Name: new(name)}
}

// ShowGroup shows a group; at is as for ShowUser.
func (p *Page) ShowGroup(group *model.Group, at string) *Group {
	out := &Group{Resource: p.top(model.KindGroup, group.ID)}
	if at != "" {
		out.Resource = p.resource("directory_group", at+"/"+string(group.ID), group.ID)
	}
	out.Name = new(group.Name)
	out.Domain = p.domainOf(group.Domain)
	out.DomainEntryID, out.Namespace = text(group.Entry), text(group.Namespace)
	return out
}

// ShowDomain shows a domain of users and machines.
func (p *Page) ShowDomain(domain *model.Domain) *DirectoryDomain {
	out := &DirectoryDomain{Resource: p.top(model.KindDomain, domain.ID)}
	out.Name = new(domain.Name)
	out.Description = text(domain.Description)
	return out
}

// ShowRole shows a role; its permits have a collection of their own.
func (p *Page) ShowRole(role *model.Role) *Role {
	out := &Role{Resource: p.top(model.KindRole, role.ID)}
	out.Name = new(role.Name)
	out.Description = new(role.Description)
	out.Mutable = new(role.Mutable)
	out.Administrative = new(role.Administrative)
	return out
}

// ShowPermits shows the permits of a role; without a role, all that there are.
func (p *Page) ShowPermits(role *model.Role) []Permit {
	var out []Permit
	if role == nil {
		for _, facts := range auth.Permits() {
			permit := showPermit(facts)
			permit.Href = p.Prefix + "/capabilities/permits/" + *permit.ID
			out = append(out, permit)
		}
		return out
	}
	for _, name := range role.Permits {
		facts, known := auth.PermitNamed(name)
		if !known {
			continue
		}
		permit := showPermit(facts)
		permit.Href = below(p.Href(model.KindRole, role.ID), "permits", *permit.ID)
		permit.Role = p.ref(model.KindRole, role.ID)
		out = append(out, permit)
	}
	return out
}

func showPermit(facts auth.PermitFacts) Permit {
	permit := Permit{Administrative: facts.Administrative}
	permit.ID = new(strconv.Itoa(facts.ID))
	permit.Name = new(string(facts.Name))
	return permit
}

// ShowPermission shows a permission, addressed below the object it was asked for;
// at is that object's address, or empty for the collection of all.
func (p *Page) ShowPermission(permission *model.Permission, at string) *Permission {
	href := p.Href(model.KindPermission, permission.ID)
	if at != "" {
		href = below(at, "permissions", string(permission.ID))
	}
	out := &Permission{Resource: p.resource("permission", href, permission.ID)}
	out.Role = p.ref(model.KindRole, permission.Role)
	out.User = p.ref(model.KindUser, permission.User)
	out.Group = p.ref(model.KindGroup, permission.Group)
	object := p.ref(permission.Object.Kind, permission.Object.ID)
	switch permission.Object.Kind {
	case model.KindDataCenter:
		out.DataCenter = object
	case model.KindCluster:
		out.Cluster = object
	case model.KindHost:
		out.Host = object
	case model.KindStorageDomain:
		out.StorageDomain = object
	case model.KindVM:
		out.VM = object
	case model.KindVMPool:
		out.VMPool = object
	case model.KindTemplate:
		out.Template = object
	case model.KindDisk:
		out.Disk = object
	}
	return out
}
