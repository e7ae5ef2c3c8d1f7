package rest

import "vireo/internal/model"

// holder is an object that has a sub-collection of permissions: its path, and what
// finds it.
type holder struct {
	path   string
	kind   model.Kind
	name   string
	exists func(*request) error
}

// holders are the objects that permissions are given on, and whom they are given
// to (api-v3 6.4).
func holders() []holder {
	return []holder{
		{"datacenters/{datacenter}", model.KindDataCenter, "datacenter", existing((*request).dataCenter)},
		{"clusters/{cluster}", model.KindCluster, "cluster", func(r *request) error { _, err := r.view.Cluster(r.id("cluster")); return err }},
		{"hosts/{host}", model.KindHost, "host", func(r *request) error { _, err := r.view.Host(r.id("host")); return err }},
		{"vnicprofiles/{vnicprofile}", model.KindVNICProfile, "vnicprofile", existing((*request).profile)},
		{"networks/{network}", model.KindNetwork, "network", func(r *request) error { _, err := r.view.Network(r.id("network")); return err }},
		{"storagedomains/{storagedomain}", model.KindStorageDomain, "storagedomain", existing((*request).storageDomain)},
		{"templates/{template}", model.KindTemplate, "template", func(r *request) error { _, err := r.view.Template(r.id("template")); return err }},
		{"vms/{vm}", model.KindVM, "vm", existing((*request).vm)},
		{"vmpools/{vmpool}", model.KindVMPool, "vmpool", existing((*request).vmPool)},
		{"disks/{disk}", model.KindDisk, "disk", func(r *request) error { _, err := r.view.Disk(r.id("disk")); return err }},
		{"users/{user}", model.KindUser, "user", existing((*request).user)},
		{"groups/{group}", model.KindGroup, "group", existing((*request).group)},
	}
}

// accessRoutes are those below users, groups, roles and domains, and of the
// permissions on everything; the permissions of VMs are linked to between others and
// so stand in the table.
func (s *Server) accessRoutes() []*route {
	table := []*route{
		{path: "roles/{role}", get: oneRole, noun: "role", put: s.writes(model.KindRole, "update", s.updateRole), delete: s.writes(model.KindRole, "remove", s.removes(model.KindRole, existing((*request).role)))},
		{path: "roles/{role}/permits", get: permitList.get, post: s.writes(model.KindRole, "update", s.addPermit)},
		{path: "roles/{role}/permits/{permit}", get: onePermit, free: []string{"permit"}, delete: s.writes(model.KindRole, "update", s.removePermit)},
		{path: "users/{user}", get: oneUser, noun: "user", delete: s.writes(model.KindUser, "remove", s.removes(model.KindUser, existing((*request).user)))},
		{path: "groups/{group}", get: oneGroup, noun: "group", delete: s.writes(model.KindGroup, "remove", s.removes(model.KindGroup, existing((*request).group)))},
		{path: "domains/{domain}", get: oneDirectory, noun: "domain", free: []string{"domain"}},
		{path: "domains/{domain}/users", get: domainUserList.get, free: []string{"domain"}},
		{path: "domains/{domain}/users/{user}", get: oneDomainUser, free: []string{"domain"}},
		{path: "domains/{domain}/groups", get: domainGroupList.get, free: []string{"domain"}},
		{path: "domains/{domain}/groups/{group}", get: oneDomainGroup, free: []string{"domain"}},
	}
	table = after(table, "users/{user}", s.roleRoutes("users/{user}", "user", existing((*request).user)))
	table = after(table, "groups/{group}", s.roleRoutes("groups/{group}", "group", existing((*request).group)))
	for _, each := range holders() {
		if each.kind != model.KindVM {
			table = append(table, s.permissionRoutes(each)...)
		}
	}
	for _, each := range []tagged{taggedHost, taggedUser, taggedGroup} {
		table = append(table, s.tagRoutes(each)...)
	}
	return table
}

// roleRoutes are those of the roles that a user or group has on the system.
func (s *Server) roleRoutes(path, name string, exists func(*request) error) []*route {
	list, one := rolesOf(name, exists, showRole)
	held := func(do handler) handler {
		return func(r *request) (*answer, error) {
			if _, err := one(r); err != nil {
				return nil, err
			}
			return do(r)
		}
	}
	role := path + "/roles/{role}"
	return []*route{
		{path: path + "/roles", get: list},
		{path: role, get: one, delete: s.writes(model.KindPermission, "remove", held(takeRole(name)))},
		{path: role + "/permits", get: held(permitList.get), post: s.writes(model.KindRole, "update", held(s.addPermit))},
		{
			path: role + "/permits/{permit}", get: held(onePermit), free: []string{"permit"},
			delete: s.writes(model.KindRole, "update", held(s.removePermit)),
		},
	}
}

// permissionRoutes are those of the permissions on an object, or of a user or group.
func (s *Server) permissionRoutes(on holder) []*route {
	list, one := permissionsOf(on, func(r *request, permission *model.Permission) (any, error) {
		return r.page.ShowPermission(permission, r.page.Href(on.kind, r.id(on.name))), nil
	})
	return []*route{
		{path: on.path + "/permissions", get: list, post: s.writes(model.KindPermission, "add", s.grants(on.kind, on.name, on.exists))},
		{path: on.path + "/permissions/{permission}", get: one, delete: s.writes(model.KindPermission, "remove", s.removes(model.KindPermission, fetched(one)))},
	}
}

// fetched makes the check of an object from the handler that answers with it.
func fetched(get handler) func(*request) error {
	return func(r *request) error {
		_, err := get(r)
		return err
	}
}
