package rest

import (
	"slices"

	"vireo/internal/engine"
	"vireo/internal/model"
)

// routes is the table of version 3, in the order in which the root and the VMs
// list their links (api-v3 1.9, 2.2). Methods that write exist if the engine has
// their command; each command that changes no configuration is an action.
func (s *Server) routes() []*route {
	vmPermissions := s.permissionRoutes(holder{"vms/{vm}", model.KindVM, "vm", existing((*request).vm)})
	vmTags, templateTags := s.tagRoutes(taggedVM), s.tagRoutes(taggedTemplate)
	table := []*route{
		{path: "", get: s.root},
		{path: "capabilities", get: s.capabilities},
		{path: "capabilities/{capability}", get: s.capability},
		{path: "clusters", get: clusterList.get, search: true, post: s.writes(model.KindCluster, "add", s.addCluster)},
		{path: "clusters/{cluster}", get: oneCluster, noun: "cluster", put: s.writes(model.KindCluster, "update", s.updateCluster), delete: s.writes(model.KindCluster, "remove", s.removes(model.KindCluster, existing((*request).cluster)))},
		{path: "clusters/{cluster}/affinitygroups", get: affinityGroupList.get, post: s.writes(model.KindAffinityGroup, "add", s.addAffinityGroup)},
		{path: "clusters/{cluster}/affinitygroups/{affinitygroup}", get: oneAffinityGroup, noun: "affinity_group", put: s.writes(model.KindAffinityGroup, "update", s.updateAffinityGroup), delete: s.writes(model.KindAffinityGroup, "remove", s.removeAffinityGroup)},
		{path: "clusters/{cluster}/affinitygroups/{affinitygroup}/vms", get: affinityGroupVMList.get, post: s.writes(model.KindAffinityGroup, "attach", s.attachMember)},
		{path: "clusters/{cluster}/affinitygroups/{affinitygroup}/vms/{vm}", get: oneAffinityGroupVM, delete: s.writes(model.KindAffinityGroup, "detach", s.detachMember)},
		{path: "datacenters", get: dataCenterList.get, search: true, post: s.writes(model.KindDataCenter, "add", s.addDataCenter)},
		{path: "datacenters/{datacenter}", get: oneDataCenter, noun: "data_center", put: s.writes(model.KindDataCenter, "update", edits(s, model.KindDataCenter, "update", existing((*request).dataCenter), readDataCenter, oneDataCenter)), delete: s.writes(model.KindDataCenter, "remove", s.removes(model.KindDataCenter, existing((*request).dataCenter)))},
		{path: "datacenters/{datacenter}/storagedomains", get: attachedDomainList.get, post: s.writes(model.KindStorageDomain, "attach", s.attachDomain)},
		{path: "datacenters/{datacenter}/storagedomains/{storagedomain}", get: oneAttachedDomain, noun: "attached_domain", delete: s.writes(model.KindStorageDomain, "detach", s.detachDomain)},
		{path: "datacenters/{datacenter}/clusters", get: in(clusterList, func(c *model.Cluster) model.ID { return c.DataCenter }).get},
		{path: "events", get: s.events(showEvent), search: true},
		{path: "events/{event}", get: s.event(showEvent), free: []string{"event"}},
		{path: "hosts", get: hostList.get, search: true, post: s.writes(model.KindHost, "add", s.addHost)},
		{path: "hosts/{host}", get: oneHost, noun: "host", put: s.writes(model.KindHost, "update", s.updateHost), delete: s.writes(model.KindHost, "remove", s.removeHost)},
		{path: "hosts/{host}/fenceagents", get: agentList.get, post: s.writes(model.KindHost, "update", s.addAgent)},
		{path: "hosts/{host}/fenceagents/{fenceagent}", get: oneAgent, noun: "agent", put: s.writes(model.KindHost, "update", s.updateAgent), delete: s.writes(model.KindHost, "update", s.removeAgent)},
		{path: "hosts/{host}/externalvms", get: foreignList.get},
		{path: "hosts/{host}/externalvms/{externalvm}", get: oneForeign},
		{path: "hosts/{host}/statistics", get: hostStatisticList.get},
		{path: "hosts/{host}/statistics/{statistic}", get: oneHostStatistic},
		{path: "roles", get: roleList.get, post: s.writes(model.KindRole, "add", s.addRole)},
		{path: "storagedomains", get: domainList.get, search: true, post: s.writes(model.KindStorageDomain, "add", s.addDomain)},
		{path: "storagedomains/{storagedomain}", get: oneDomain, noun: "storage_domain", put: s.writes(model.KindStorageDomain, "update", s.updateDomain), delete: s.writes(model.KindStorageDomain, "remove", s.removeDomain)},
		{path: "storagedomains/{storagedomain}/vms", get: exportedList("vms", "vm", false).get},
		{path: "storagedomains/{storagedomain}/vms/{vm}", get: object("vm", exportedOne("vm"), showExported), noun: "exported_vm", delete: s.writes(model.KindExportedVM, "remove", s.removeExported(model.KindExportedVM, "vm"))},
		{path: "storagedomains/{storagedomain}/vms/{vm}/disks", get: exportedDiskList("vm").get},
		{path: "storagedomains/{storagedomain}/vms/{vm}/disks/{disk}", get: oneExportedDisk("vm")},
		{path: "storagedomains/{storagedomain}/templates", get: exportedList("templates", "template", true).get},
		{path: "storagedomains/{storagedomain}/templates/{template}", get: object("template", exportedOne("template"), showExported), noun: "exported_template", delete: s.writes(model.KindExportedTemplate, "remove", s.removeExported(model.KindExportedTemplate, "template"))},
		{path: "storagedomains/{storagedomain}/templates/{template}/disks", get: exportedDiskList("template").get},
		{path: "storagedomains/{storagedomain}/templates/{template}/disks/{disk}", get: oneExportedDisk("template")},
		{path: "storagedomains/{storagedomain}/disks", get: domainDiskList.get, post: s.writes(model.KindDisk, "add", s.addDomainDisk)},
		{path: "storagedomains/{storagedomain}/disks/{disk}", get: oneDomainDisk, delete: s.writes(model.KindDisk, "remove", s.removeDisk)},
		{path: "storagedomains/{storagedomain}/files", get: fileList.get},
		{path: "storagedomains/{storagedomain}/files/{file}", get: oneFile, free: []string{"file"}},
		{path: "tags", get: tagList.get, post: s.writes(model.KindTag, "add", s.addTag)},
		{path: "tags/{tag}", get: oneTag, noun: "tag", put: s.writes(model.KindTag, "update", s.updateTag), delete: s.writes(model.KindTag, "remove", s.removeTag)},
		{path: "templates", get: templateList.get, search: true, post: s.writes(model.KindTemplate, "add", s.addTemplate)},
		{path: "templates/{template}", get: oneTemplate, noun: "template", put: s.writes(model.KindTemplate, "update", s.updateTemplate), delete: s.writes(model.KindTemplate, "remove", s.removeTemplate)},
		{path: "templates/{template}/disks", get: templateDiskList.get},
		{path: "templates/{template}/disks/{disk}", get: oneTemplateDisk, delete: s.writes(model.KindDisk, "remove", s.removeTemplateDisk)},
		{path: "templates/{template}/nics", get: templateNICList.get},
		{path: "templates/{template}/nics/{nic}", get: oneTemplateNIC},
		{path: "templates/{template}/cdroms", get: templateCDROMList.get},
		{path: "templates/{template}/cdroms/{cdrom}", get: oneTemplateCDROM},
		templateTags[0], templateTags[1],
		{path: "templates/{template}/creation_status/{ids}", get: s.creationStatus, free: []string{"ids"}},
		{path: "users", get: userList.get, search: true, post: s.writes(model.KindUser, "add", s.addUser)},
		{path: "groups", get: groupList.get, search: true, post: s.writes(model.KindGroup, "add", s.addGroup)},
		{path: "domains", get: directoryList.get},
		{path: "vmpools", get: vmPoolList.get, search: true, post: s.writes(model.KindVMPool, "add", s.addVMPool)},
		{path: "vmpools/{vmpool}", get: oneVMPool, noun: "vm_pool", put: s.writes(model.KindVMPool, "update", s.updateVMPool), delete: s.writes(model.KindVMPool, "remove", s.removeVMPool)},
		{path: "vmpools/{vmpool}/creation_status/{ids}", get: s.creationStatus, free: []string{"ids"}},
		{path: "vms", get: vmList.get, search: true, post: s.writes(model.KindVM, "add", s.addVM)},
		{path: "vms/{vm}", get: oneVM, noun: "vm", put: s.writes(model.KindVM, "update", s.updateVM), delete: s.writes(model.KindVM, "remove", s.removeVM)},
		{path: "vms/{vm}/applications", get: vmApplicationList.get},
		{path: "vms/{vm}/applications/{application}", get: oneVMApplication},
		{path: "vms/{vm}/disks", get: vmDiskList.get, post: s.writes(model.KindDisk, "add", s.addDisk)},
		{path: "vms/{vm}/disks/{disk}", get: oneVMDisk, noun: "vm_disk", put: s.writes(model.KindDisk, "update", s.updateDisk), delete: s.writes(model.KindDisk, "remove", s.removeDisk)},
		{path: "vms/{vm}/nics", get: vmNICList.get, post: s.writes(model.KindNIC, "add", s.addNIC)},
		{path: "vms/{vm}/nics/{nic}", get: oneVMNIC, noun: "nic", put: s.writes(model.KindNIC, "update", s.updateNIC), delete: s.writes(model.KindNIC, "remove", s.removeNIC)},
		{path: "vms/{vm}/cdroms", get: vmCDROMList.get, post: s.writes(model.KindCDROM, "update", s.addCDROM)},
		{path: "vms/{vm}/cdroms/{cdrom}", get: oneVMCDROM, noun: "cdrom", put: s.writes(model.KindCDROM, "update", s.updateCDROM), delete: s.writes(model.KindCDROM, "remove", s.ejectCDROM)},
		{path: "vms/{vm}/snapshots", get: snapshotList.get, post: s.writes(model.KindSnapshot, "add", s.addSnapshot)},
		{path: "vms/{vm}/snapshots/{snapshot}", get: oneSnapshot, noun: "snapshot", delete: s.writes(model.KindSnapshot, "remove", s.removeSnapshot)},
		{path: "vms/{vm}/snapshots/{snapshot}/cdroms", get: snapshotCDROMList.get},
		{path: "vms/{vm}/snapshots/{snapshot}/cdroms/{cdrom}", get: oneSnapshotCDROM},
		{path: "vms/{vm}/snapshots/{snapshot}/disks", get: snapshotDiskList.get},
		{path: "vms/{vm}/snapshots/{snapshot}/disks/{disk}", get: oneSnapshotDisk},
		{path: "vms/{vm}/snapshots/{snapshot}/nics", get: snapshotNICList.get},
		{path: "vms/{vm}/snapshots/{snapshot}/nics/{nic}", get: oneSnapshotNIC},
		vmTags[0], vmTags[1],
		vmPermissions[0], vmPermissions[1],
		{path: "vms/{vm}/statistics", get: vmStatisticList.get},
		{path: "vms/{vm}/statistics/{statistic}", get: oneVMStatistic},
		{path: "vms/{vm}/reporteddevices", get: vmReportedDeviceList.get},
		{path: "vms/{vm}/reporteddevices/{reporteddevice}", get: oneVMReportedDevice},
		{path: "vms/{vm}/sessions", get: vmSessionList.get},
		{path: "vms/{vm}/sessions/{session}", get: oneVMSession},
		{path: "vms/{vm}/graphicsconsoles", get: vmConsoleList.get},
		{path: "vms/{vm}/graphicsconsoles/{graphicsconsole}", get: s.console(oneVMConsole), noun: "graphics_console", viewer: true, free: []string{"graphicsconsole"}},
		{path: "vms/{vm}/disks/{disk}/creation_status/{ids}", get: s.creationStatus, free: []string{"ids"}},
		{path: "storagedomains/{storagedomain}/creation_status/{ids}", get: s.creationStatus, free: []string{"ids"}},
		{path: "datacenters/{datacenter}/storagedomains/{storagedomain}/creation_status/{ids}", get: s.creationStatus, free: []string{"ids"}},
		{path: "disks/{disk}/creation_status/{ids}", get: s.creationStatus, free: []string{"ids"}},
		{path: "vms/{vm}/snapshots/{snapshot}/creation_status/{ids}", get: s.creationStatus, free: []string{"ids"}},
		{path: "vms/{vm}/creation_status/{ids}", get: s.creationStatus, free: []string{"ids"}},
		{path: "disks", get: diskList.get, search: true, post: s.writes(model.KindDisk, "add", s.addDisk)},
		{path: "disks/{disk}", get: oneDisk, noun: "disk", delete: s.writes(model.KindDisk, "remove", s.removeDisk)},
		{path: "jobs", get: jobList.get},
		{path: "jobs/{job}", get: oneJob, noun: "job"},
		{path: "jobs/{job}/steps", get: stepList.get},
		{path: "jobs/{job}/steps/{step}", get: oneStep, noun: "step"},
		{path: "permissions", get: permissionList.get, post: s.writes(model.KindPermission, "add", s.grants("", "", func(*request) error { return nil }))},
		{path: "permissions/{permission}", get: onePermission, delete: s.writes(model.KindPermission, "remove", s.removes(model.KindPermission, fetched(onePermission)))},
	}
	table = after(table, "hosts/{host}", s.networkRoutes())
	table = after(table, "jobs/{job}/steps/{step}", s.profileRoutes())
	table = append(table, s.poolRoutes()...)
	return slices.Concat(table, s.accessRoutes(), s.actionRoutes())
}

// after puts more routes into a table, behind the one of a path: links are in the order
// of the table.
func after(table []*route, path string, more []*route) []*route {
	at := slices.IndexFunc(table, func(r *route) bool { return r.path == path })
	return slices.Insert(table, at+1, more...)
}

// actionBases are the objects that commands without a method of their own act on.
var actionBases = map[model.Kind]string{
	model.KindVM:   "vms/{vm}",
	model.KindDisk: "vms/{vm}/disks/{disk}",
	model.KindNIC:  "vms/{vm}/nics/{nic}",

	model.KindSnapshot: "vms/{vm}/snapshots/{snapshot}",

	model.KindTemplate: "templates/{template}",

	model.KindVMPool: "vmpools/{vmpool}",

	model.KindExportedVM:       "storagedomains/{storagedomain}/vms/{vm}",
	model.KindExportedTemplate: "storagedomains/{storagedomain}/templates/{template}",

	model.KindStorageDomain: "datacenters/{datacenter}/storagedomains/{storagedomain}",

	model.KindHost: "hosts/{host}",
}

// otherBases are those of commands that can do without what contains the object
// (api-v3 6.2).
var otherBases = map[string][]string{
	"disk.copy": {"disks/{disk}"},
	"disk.move": {"vms/{vm}/disks/{disk}", "disks/{disk}"},

	"vm.proxyticket": {"vms/{vm}/graphicsconsoles/{graphicsconsole}"},
}

// basesOf are the objects in the table of routes that a command acts on; none for one
// that is no action.
func basesOf(command *engine.Command) []string {
	base, acts := actionBases[command.On]
	others, has := otherBases[command.Key()]
	switch {
	case !acts || isConfiguration(command) || command.Name == "export_ova": // which version 3 has not
		return nil
	case has:
		return others
	}
	return []string{base}
}

// actionRoutes mounts the actions, and the resources of their state beside them
// (api-v3 3.1).
func (s *Server) actionRoutes() []*route {
	var found []*route
	for _, command := range s.engine.Commands() {
		for _, base := range basesOf(command) {
			path := base + "/" + command.Name
			found = append(found,
				&route{path: path, action: command, post: s.writes(command.On, command.Name, s.act(command)), free: []string{"graphicsconsole"}},
				&route{path: path + "/{ids}", get: s.actionStatus(command), free: []string{"ids", "graphicsconsole"}},
			)
		}
	}
	return found
}

// isConfiguration says whether a command is a method of a collection or object
// and no action.
func isConfiguration(command *engine.Command) bool {
	switch command.Name {
	case "add", "update", "remove":
		return true
	case "register":
		return command.On == model.KindDisk
	case "attach", "detach":
		return command.On != model.KindVM
	}
	return false
}

// command finds a command by its key; nil if the engine has no such command.
func (s *Server) command(key string) *engine.Command {
	for _, command := range s.engine.Commands() {
		if command.Key() == key {
			return command
		}
	}
	return nil
}

// writes makes a method of a command; nil, which is not allowed, if the engine
// has no such command.
func (s *Server) writes(on model.Kind, name string, do handler) *write {
	if s.command(string(on)+"."+name) == nil {
		return nil
	}
	return &write{on: on, name: name, do: do}
}
