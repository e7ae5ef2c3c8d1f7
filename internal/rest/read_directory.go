package rest

import (
	"strings"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/model"
	"vireo/internal/search"
)

// mostPeople is how many users or groups a search in a directory gives at most.
const mostPeople = 500

// domainUserList and domainGroupList search the directory of the domain in the
// path, and not what was added to the system (api-v3 6.4).
var domainUserList = collection[*model.User]{
	root: "users", item: "user", kind: userKind,
	rows: func(r *request) ([]*model.User, error) { return r.usersOfDomain(r.directoryWord(userKind)) },
	show: showDomainUser,
}

var oneDomainUser = object("user", (*request).userOfDomain, showDomainUser)

func (r *request) userOfDomain() (*model.User, error) {
	all, err := r.usersOfDomain("*")
	return pick(all, r.ids["user"], err, func(user *model.User) *string { return new(string(user.ID)) })
}

func showDomainUser(r *request, user *model.User) (any, error) {
	return r.page.ShowUser(user, r.page.Href(model.KindDomain, r.id("domain"))+"/users", nil), nil
}

func (r *request) usersOfDomain(word string) ([]*model.User, error) {
	domain, err := r.view.Domain(r.id("domain"))
	if err != nil {
		return nil, err
	}
	if domain.Name == auth.Internal {
		return r.view.Accounts(), nil
	}
	entries, err := r.view.People(r.context(), domain, model.KindUser, word, mostPeople)
	if err != nil {
		return nil, err
	}
	users := make([]*model.User, len(entries))
	for i, entry := range entries {
		users[i] = engine.UserOf(entry)
	}
	return users, nil
}

var domainGroupList = collection[*model.Group]{
	root: "groups", item: "group", kind: groupKind,
	rows: func(r *request) ([]*model.Group, error) { return r.groupsOfDomain(r.directoryWord(groupKind)) },
	show: showDomainGroup,
}

var oneDomainGroup = object("group", (*request).groupOfDomain, showDomainGroup)

func (r *request) groupOfDomain() (*model.Group, error) {
	all, err := r.groupsOfDomain("*")
	return pick(all, r.ids["group"], err, func(group *model.Group) *string { return new(string(group.ID)) })
}

func showDomainGroup(r *request, group *model.Group) (any, error) {
	return r.page.ShowGroup(group, r.page.Href(model.KindDomain, r.id("domain"))+"/groups"), nil
}

func (r *request) groupsOfDomain(word string) ([]*model.Group, error) {
	domain, err := r.view.Domain(r.id("domain"))
	if err != nil {
		return nil, err
	}
	entries, err := r.view.People(r.context(), domain, model.KindGroup, word, mostPeople)
	if err != nil {
		return nil, err
	}
	groups := make([]*model.Group, len(entries))
	for i, entry := range entries {
		groups[i] = &model.Group{
			ID: entry.Ref().ID, Name: entry.Name, Domain: entry.Domain, Entry: entry.ID, Namespace: entry.Namespace,
		}
	}
	return groups, nil
}

// directoryWord is the part of a search text that a directory can narrow down by:
// the one name that is asked for. What else the text says is compared afterwards.
func (r *request) directoryWord(kind *search.Kind) string {
	query, _, err := r.query(kind)
	if err != nil { // refused when the list is searched
		return "*"
	}
	if free, alone := query.Where.(search.FreeText); alone && free.Object == "" && free.Op == search.Equal {
		return "*" + strings.Trim(free.Word, "*") + "*"
	}
	comparison, single := query.Where.(search.Comparison)
	if !single || comparison.Op != search.Equal || comparison.Value == "" {
		return "*"
	}
	switch comparison.Field {
	case "usrname", "name", "lastname":
		word, _, _ := strings.Cut(comparison.Value, "@")
		return word
	}
	return "*"
}

// domainName is the name of the domain that a reference means.
func (r *request) domainName(id, name *string) (string, bool) {
	for _, domain := range r.view.Domains() {
		byID := id != nil && *id != "" && strings.EqualFold(*id, string(domain.ID))
		byName := (id == nil || *id == "") && name != nil && model.DomainName(*name) == domain.Name
		if byID || byName {
			return domain.Name, true
		}
	}
	return "", false
}
