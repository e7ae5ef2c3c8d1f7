package v4

import (
	"strconv"

	"vireo/internal/model"
)

// ShowUser shows a user; secrets are never among what is shown. at is the address of the
// collection, if it is not that of the users of the system.
func (p *Page) ShowUser(user *model.User, at string) *User {
	out := &User{Resource: p.person("user", model.KindUser, user.ID, at)}
	out.Name = new(user.Name)
	out.DomainEntryID, out.Namespace = text(user.Entry), text(user.Namespace)
	out.Email, out.LastName = text(user.Email), text(user.LastName)
	out.Principal, out.UserName = new(user.Name), new(user.ObjectName())
	out.Domain = p.domainOf(user.Domain)
	return out
}

// ShowGroup shows a group; at is as for ShowUser.
func (p *Page) ShowGroup(group *model.Group, at string) *Group {
	out := &Group{Resource: p.person("group", model.KindGroup, group.ID, at)}
	out.Name = new(group.Name)
	out.DomainEntryID, out.Namespace = text(group.Entry), text(group.Namespace)
	out.Domain = p.domainOf(group.Domain)
	return out
}

// person begins somebody of the system, or of a directory.
func (p *Page) person(noun string, kind model.Kind, id model.ID, at string) Resource {
	if at == "" {
		return p.top(kind, id)
	}
	return p.resource("directory_"+noun, at+"/"+string(id), id)
}

func (p *Page) domainOf(name string) *Reference {
	if name == "" {
		return nil
	}
	domain := p.Ref(model.KindDomain, model.DomainID(name))
	domain.Name = new(name)
	return domain
}

// ShowDomain shows a domain of users.
func (p *Page) ShowDomain(domain *model.Domain) *Domain {
	out := &Domain{Resource: p.top(model.KindDomain, domain.ID)}
	out.Name, out.Description = new(domain.Name), text(domain.Description)
	return out
}

// ShowRole shows a role; its permits have a collection of their own.
func (p *Page) ShowRole(role *model.Role) *Role {
	out := &Role{Resource: p.top(model.KindRole, role.ID)}
	out.Name, out.Description = new(role.Name), new(role.Description)
	out.Administrative, out.Mutable = new(role.Administrative), new(role.Mutable)
	return out
}

// ShowPermit shows a permit of a role, by its number.
func (p *Page) ShowPermit(number int, name model.Permit, administrative bool, role model.ID) *Permit {
	out := &Permit{Administrative: new(administrative), Role: p.Ref(model.KindRole, role)}
	out.ID, out.Name = new(strconv.Itoa(number)), new(string(name))
	out.Href = below(p.Href(model.KindRole, role), "permits", *out.ID)
	return out
}

// ShowPermission shows a permission, addressed below the object it was asked for; at is
// that object's address, or empty for the collection of all.
func (p *Page) ShowPermission(permission *model.Permission, at string) *Permission {
	href := p.Href(model.KindPermission, permission.ID)
	if at != "" {
		href = below(at, "permissions", string(permission.ID))
	}
	out := &Permission{Resource: p.resource("permission", href, permission.ID)}
	out.Role = p.Ref(model.KindRole, permission.Role)
	out.User, out.Group = p.Ref(model.KindUser, permission.User), p.Ref(model.KindGroup, permission.Group)
	if element := out.on(permission.Object.Kind); element != nil {
		*element = p.Ref(permission.Object.Kind, permission.Object.ID)
	}
	return out
}
