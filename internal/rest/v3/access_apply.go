package v3

import (
	"fmt"
	"strconv"
	"strings"

	"vireo/internal/auth"
	"vireo/internal/fault"
	"vireo/internal/model"
)

// Names gives the login and the domain of a user to be added: user_name holds both,
// or the domain is named beside it (api-v3 6.4). domainName finds the name of the
// domain that a reference means.
func (s *User) Names(domainName func(*Domain) (string, error)) (name, domain string, err error) {
	need := required{subject: "User", method: "add"}
	need.need(s.UserName != nil && *s.UserName != "", "userName")
	if err := need.check(); err != nil {
		return "", "", err
	}
	name = *s.UserName
	if s.Domain != nil {
		if domain, err = domainName(s.Domain); err != nil {
			return "", "", err
		}
		login, its := auth.SplitName(name)
		if model.DomainName(its) == domain {
			name = login
		}
		return name, domain, nil
	}
	name, domain = auth.SplitName(name)
	if domain == "" {
		return "", "", Incomplete("User", "add", "domain.id|name")
	}
	return name, model.DomainName(domain), nil
}

// Names is the same for a group: name, and domain, or name@domain.
func (s *Group) Names(domainName func(*Domain) (string, error)) (name, domain string, err error) {
	if s.Name == nil || *s.Name == "" {
		return "", "", Incomplete("Group", "add", "name")
	}
	return (&User{UserName: s.Name, Domain: s.Domain}).Names(domainName)
}

// CheckAdd refuses a role without name or permits.
func (s *Role) CheckAdd() error {
	need := required{subject: "Role", method: "add"}
	need.need(s.Name != nil && *s.Name != "", "name")
	need.need(s.Permits != nil && len(s.Permits.Permit) > 0, "permits.id")
	return need.check()
}

// Apply changes a role by the elements that the request has.
func (s *Role) Apply(to *model.Role) error {
	set(&to.Name, s.Name)
	set(&to.Description, s.Description)
	set(&to.Administrative, s.Administrative)
	if s.Permits == nil {
		return nil
	}
	to.Permits = nil
	for i := range s.Permits.Permit {
		permit, err := s.Permits.Permit[i].Means()
		if err != nil {
			return err
		}
		to.Permits = append(to.Permits, permit)
	}
	return nil
}

// Means gives the permit that is meant, by its number or its name.
func (s *Permit) Means() (model.Permit, error) {
	switch {
	case s.ID != nil && *s.ID != "":
		number, err := strconv.Atoi(strings.TrimSpace(*s.ID))
		if facts, known := auth.PermitNumbered(number); err == nil && known {
			return facts.Name, nil
		}
		return "", fault.Missing("Permit: id=" + shorten(*s.ID))
	case s.Name != nil && *s.Name != "":
		facts, known := auth.PermitNamed(model.Permit(strings.ToLower(*s.Name)))
		if !known {
			return "", fault.Missing("Permit: name=" + shorten(*s.Name))
		}
		return facts.Name, nil
	}
	return "", Incomplete("Permit", "add", "id|name")
}

// Given is what a request for a permission names; what the address names already
// is empty.
type Given struct {
	Role, User, Group model.ID
	Object            model.Ref
}

// Means looks up what a permission to be given names. holder and object say which
// of them the address does not name: those are needed (api-v3 6.4).
func (s *Permission) Means(find Finder, holder, object bool) (Given, error) {
	var given Given
	var missing []string
	if !s.Role.given() {
		missing = append(missing, "role.id|name")
	}
	if holder && !s.User.given() && !s.Group.given() {
		missing = append(missing, "user.id|group.id")
	}
	on := s.objects()
	if object && len(on) == 0 {
		missing = append(missing, "dataCenter|cluster|host|storageDomain|vm|vmpool|template|disk.id")
	}
	if len(missing) > 0 {
		return given, Incomplete("Permission", "add", missing...)
	}
	if holder && s.User.given() && s.Group.given() || object && len(on) > 1 {
		return given, fault.Bad("", "A permission is given to one user or group, on one object.")
	}
	if err := setReference(&given.Role, s.Role, model.KindRole, find); err != nil {
		return given, err
	}
	if holder {
		if err := setReference(&given.User, s.User, model.KindUser, find); err != nil {
			return given, err
		}
		if err := setReference(&given.Group, s.Group, model.KindGroup, find); err != nil {
			return given, err
		}
	}
	if object {
		given.Object.Kind = on[0].kind
		return given, setReference(&given.Object.ID, on[0].reference, on[0].kind, find)
	}
	return given, nil
}

type objectReference struct {
	kind      model.Kind
	reference *Reference
}

// objects are the objects that a permission names.
func (s *Permission) objects() []objectReference {
	var found []objectReference
	for _, each := range []objectReference{
		{model.KindDataCenter, s.DataCenter},
		{model.KindCluster, s.Cluster},
		{model.KindHost, s.Host},
		{model.KindStorageDomain, s.StorageDomain},
		{model.KindVM, s.VM},
		{model.KindVMPool, s.VMPool},
		{model.KindTemplate, s.Template},
		{model.KindDisk, s.Disk},
	} {
		if each.reference.given() {
			found = append(found, each)
		}
	}
	return found
}

// NoDomain is the refusal for a domain that is not known.
func NoDomain(reference *Domain) error {
	switch {
	case reference.ID != nil && *reference.ID != "":
		return fault.Missing(fmt.Sprintf("Domain: id=%s", shorten(*reference.ID)))
	case reference.Name != nil && *reference.Name != "":
		return fault.Missing(fmt.Sprintf("Domain: name=%s", shorten(*reference.Name)))
	}
	return Incomplete("User", "add", "domain.id|name")
}
