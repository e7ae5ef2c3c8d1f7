package rest

import (
	"slices"

	"vireo/internal/engine"
	"vireo/internal/model"
)

// routes4 is the table of version 4, in the order of the links of the root (api-v4
// 1.12). What is not there yet is not found.
func (s *Server) routes4() []*route {
	table := []*route{
		{path: "", get: s.root4},
		{path: "clusters", get: clusterList4.get, search: true},
		{
			path: "clusters/{cluster}", get: oneCluster4, noun: "cluster",
			put:    s.writes(model.KindCluster, "update", edits(s, model.KindCluster, "update", existing((*request).cluster), readCluster4, oneCluster4)),
			delete: s.removes4(model.KindCluster, "remove", existing((*request).cluster), noParams),
		},
		{path: "datacenters", get: dataCenterList4.get, search: true},
		{
			path: "datacenters/{datacenter}", get: oneDataCenter4, noun: "data_center",
			delete: s.removes4(model.KindDataCenter, "remove", existing((*request).dataCenter), noParams),
		},
		{path: "datacenters/{datacenter}/clusters", get: in(clusterList4, func(c *model.Cluster) model.ID { return c.DataCenter }).get},
		{path: "datacenters/{datacenter}/storagedomains", get: attachedDomainList4.get},
		{path: "datacenters/{datacenter}/storagedomains/{storagedomain}", get: oneAttachedDomain4},
		{path: "events", get: s.events(showEvent4), search: true},
		{path: "events/{event}", get: s.event(showEvent4), free: []string{"event"}},
		{path: "hosts", get: hostList4.get, search: true, post: s.writes(model.KindHost, "add", s.addHost4)},
		{
			path: "hosts/{host}", get: oneHost4, noun: "host", put: s.writes(model.KindHost, "update", s.updateHost4),
			delete: s.writes(model.KindHost, "remove", s.removeHost4),
		},
		{path: "storagedomains", get: domainList4.get, search: true},
		{path: "storagedomains/{storagedomain}", get: oneDomain4, noun: "storage_domain"},
		{path: "storagedomains/{storagedomain}/disks", get: domainDiskList4.get, post: s.writes(model.KindDisk, "add", s.addDisk4)},
		{path: "vmpools", get: vmPoolList4.get, search: true, post: s.writes(model.KindVMPool, "add", s.addVMPool4)},
		{
			path: "vmpools/{vmpool}", get: oneVMPool4, noun: "vm_pool", put: s.writes(model.KindVMPool, "update", s.updateVMPool4),
			delete: s.writes(model.KindVMPool, "remove", s.removeVMPool4),
		},
		{path: "vmpools/{vmpool}/creation_status/{ids}", get: s.creationStatus4, free: []string{"ids"}},
		{path: "disks", get: diskList4.get, search: true, post: s.writes(model.KindDisk, "add", s.addDisk4)},
		{
			path: "disks/{disk}", get: oneDisk4, noun: "disk", put: s.writes(model.KindDisk, "update", s.updateDisk4),
			delete: s.writes(model.KindDisk, "remove", s.removeDisk4),
		},
		{path: "disks/{disk}/creation_status/{ids}", get: s.creationStatus4, free: []string{"ids"}},
		{path: "jobs", get: jobList4.get},
		{path: "jobs/{job}", get: oneJob4, noun: "job"},
		{path: "jobs/{job}/steps", get: stepList4.get},
		{path: "jobs/{job}/steps/{step}", get: oneStep4, noun: "step"},
		{path: "imagetransfers", get: transferList4.get, post: s.writes(model.KindImageTransfer, "add", s.addTransfer4)},
		{path: "imagetransfers/{imagetransfer}", get: oneTransfer4, noun: "image_transfer"},
	}
	table = after(table, "clusters/{cluster}", s.affinityRoutes4())
	table = after(table, "events/{event}", s.networkRoutes4())
	table = after(table, "hosts/{host}", slices.Concat(s.hostRoutes4(), s.roleRoutes4()))
	table = after(table, "storagedomains/{storagedomain}/disks", slices.Concat(s.tagRoutes4(), s.peopleRoutes4()))
	table = after(table, "jobs/{job}/steps/{step}", slices.Concat(s.profileRoutes4(), s.permissionRoutes4()))
	return slices.Concat(table, s.archiveRoutes4(), s.consoleRoutes4(), s.actionRoutes4())
}

// actionBases4 are the objects that commands without a method of their own act on.
var actionBases4 = map[model.Kind]string{
	model.KindDisk:          "disks/{disk}",
	model.KindImageTransfer: "imagetransfers/{imagetransfer}",
	model.KindHost:          "hosts/{host}",
	model.KindVMPool:        "vmpools/{vmpool}",
}

// otherBases4 are those of commands on VMs: there are no others of version 4 yet. No base
// is no action of version 4, as of those that change how a disk is attached.
var otherBases4 = map[string][]string{
	"disk.activate": nil, "disk.deactivate": nil,

	"vm.detach":       {"vms/{vm}"},
	"vm.logon":        {"vms/{vm}"},
	"vm.ticket":       {"vms/{vm}", console4},
	"vm.proxyticket":  {console4},
	"vm.serialticket": {"vms/{vm}"},
}

// basesOf4 are the objects in the table of routes that a command acts on.
func basesOf4(command *engine.Command) []string {
	if bases, has := otherBases4[command.Key()]; has {
		return bases
	}
	if base, acts := actionBases4[command.On]; acts && !isConfiguration(command) {
		return []string{base}
	}
	return nil
}

// actionRoutes4 mounts the actions, and the resources of their state beside them
// (api-v4 2.7).
func (s *Server) actionRoutes4() []*route {
	var found []*route
	free := []string{"graphicsconsole", "ids"}
	for _, command := range s.engine.Commands() {
		for _, base := range basesOf4(command) {
			do := s.act4(command)
			if base == console4 {
				do = onConsole(do)
			}
			path := base + "/" + command.Name
			found = append(found,
				&route{path: path, action: command, post: s.writes(command.On, command.Name, do), free: free},
				&route{path: path + "/{ids}", get: s.actionStatus4(command.Key()), free: free},
			)
		}
	}
	return found
}
