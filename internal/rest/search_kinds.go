package rest

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"vireo/internal/lifecycle"
	"vireo/internal/model"
	"vireo/internal/search"
)

// vmStatusWords are the engine's internal names of the statuses, which searches
// use, without underscores (api-v3 1.8).
func vmStatusWords() []search.Word {
	var words []search.Word
	for _, status := range model.Statuses {
		words = append(words, search.Word{Word: strings.ReplaceAll(string(status), "_", ""), Is: string(status)})
	}
	return append(words,
		search.Word{Word: "migratingfrom", Is: string(model.StatusMigrating)},
		search.Word{Word: "migratingto", Is: string(model.StatusMigrating)})
}

var vmKind = &search.Kind{
	Name: "VMs", Prefixes: []string{"vm"}, SortBy: "name",
	Fields: []search.Field{
		{Name: "name", Free: true, Values: search.TextOf(func(v *row[*model.VM]) string { return v.it.Name })},
		{Name: "comment", Values: search.TextOf(func(v *row[*model.VM]) string { return v.it.Comment })},
		{Name: "description", Free: true, Values: search.TextOf(func(v *row[*model.VM]) string { return v.it.Description })},
		{Name: "id", Values: search.TextOf(func(v *row[*model.VM]) string { return string(v.it.ID) })},
		{Name: "status", Type: search.Enum, Words: vmStatusWords(), Values: search.TextOf(func(v *row[*model.VM]) string { return string(v.it.Run.Status) })},
		{Name: "host", Free: true, Values: search.TextOf(vmHost)},
		{Name: "hosts.name", Values: search.TextOf(vmHost)},
		{Name: "ip", Free: true, Values: search.TextsOf(vmIPs)},
		{Name: "address", Values: search.TextsOf(vmIPs)},
		{Name: "fqdn", Free: true, Values: search.TextOf(vmFQDN)},
		{Name: "uptime", Type: search.Duration, Values: search.NumberOf(vmUptime)},
		{Name: "os", Values: search.TextOf(func(v *row[*model.VM]) string { return v.it.OS.Type })},
		{Name: "creationdate", Type: search.Date, Values: search.DateOf(func(v *row[*model.VM]) time.Time { return v.it.CreationTime })},
		{Name: "cpu_usage", Type: search.Number, Values: search.NumberOf(func(v *row[*model.VM]) float64 { return v.stats().CPUTotal })},
		{Name: "mem_usage", Type: search.Number, Values: search.NumberOf(vmMemoryUsage)},
		{Name: "migration_progress_percent", Type: search.Number, Values: search.NumberOf(func(v *row[*model.VM]) float64 { return v.stats().Progress })},
		{Name: "memory", Type: search.Number, Values: search.NumberOf(func(v *row[*model.VM]) float64 { return float64(v.it.Memory >> 20) })},
		{Name: "cluster", Values: search.TextOf(vmCluster)},
		{Name: "clusters.name", Values: search.TextOf(vmCluster)},
		{Name: "datacenter", Values: search.TextOf(vmDataCenter)},
		{Name: "datacenters.name", Values: search.TextOf(vmDataCenter)},
		{Name: "templates.name", Values: search.TextOf(vmTemplate)},
		{Name: "template", Values: search.TextOf(vmTemplate)},
		{Name: "pool", Values: search.TextOf(vmPool)},
		{Name: "tag", Values: search.TextsOf(func(v *row[*model.VM]) []string { return v.in.tagNames(v.it.Tags) })},
		{Name: "storage.name", Values: search.TextsOf(vmStorage)},
		{Name: "networks.name", Values: search.TextsOf(vmNetworks)},
		{Name: "type", Type: search.Enum, Words: search.Words("desktop", "server"), Values: search.TextOf(func(v *row[*model.VM]) string { return string(v.it.Type) })},
		{Name: "architecture", Values: search.TextOf(func(v *row[*model.VM]) string { return string(v.it.CPU.Architecture) })},
		{Name: "custom_emulated_machine", Values: search.TextOf(func(v *row[*model.VM]) string { return v.it.CustomEmulatedMachine })},
		{Name: "custom_cpu_type", Values: search.TextOf(func(v *row[*model.VM]) string { return v.it.CustomCPUModel })},
	},
}

func (v *row[T]) stats() model.VMStats {
	vm, isVM := any(v.it).(*model.VM)
	if !isVM {
		return model.VMStats{}
	}
	if live := v.in.view.Live(vm.ID); live != nil {
		return live.Stats
	}
	return model.VMStats{}
}

func vmHost(v *row[*model.VM]) string {
	if v.it.Run.Host == "" || lifecycle.Resting(v.it.Run.Status) {
		return ""
	}
	host, err := v.in.view.Host(v.it.Run.Host)
	if err != nil {
		return ""
	}
	return host.Name
}

func vmIPs(v *row[*model.VM]) []string {
	live := v.in.view.Live(v.it.ID)
	if live == nil {
		return nil
	}
	var addresses []string
	for _, ip := range live.IPs {
		addresses = append(addresses, ip.Address)
	}
	return addresses
}

func vmFQDN(v *row[*model.VM]) string {
	if live := v.in.view.Live(v.it.ID); live != nil {
		return live.FQDN
	}
	return ""
}

func vmUptime(v *row[*model.VM]) float64 {
	if lifecycle.Resting(v.it.Run.Status) || v.it.Run.StartTime.IsZero() {
		return 0
	}
	return time.Since(v.it.Run.StartTime).Seconds()
}

func vmMemoryUsage(v *row[*model.VM]) float64 {
	stats := v.stats()
	if stats.MemoryInstalled == 0 {
		return 0
	}
	return float64(stats.MemoryUsed) / float64(stats.MemoryInstalled) * 100
}

func vmCluster(v *row[*model.VM]) string { return clusterName(v.in, v.it.Cluster) }

func clusterName(in *request, id model.ID) string {
	cluster, err := in.view.Cluster(id)
	if err != nil {
		return ""
	}
	return cluster.Name
}

func dataCenterName(in *request, id model.ID) string {
	dc, err := in.view.DataCenter(id)
	if err != nil {
		return ""
	}
	return dc.Name
}

func dataCenterOfCluster(in *request, id model.ID) string {
	cluster, err := in.view.Cluster(id)
	if err != nil {
		return ""
	}
	return dataCenterName(in, cluster.DataCenter)
}

func vmDataCenter(v *row[*model.VM]) string { return dataCenterOfCluster(v.in, v.it.Cluster) }

func vmTemplate(v *row[*model.VM]) string { return templateName(v.in, v.it.Template) }

// tagNames are what the tags on an object are called.
func (r *request) tagNames(ids []model.ID) []string {
	var names []string
	for _, tag := range r.visibleTags(ids) {
		names = append(names, tag.Name)
	}
	return names
}

func vmStorage(v *row[*model.VM]) []string {
	var names []string
	for _, attachment := range v.it.Disks {
		disk, err := v.in.view.Disk(attachment.Disk)
		if err != nil {
			continue
		}
		if name := domainName(v.in, disk.StorageDomain); name != "" && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func domainName(in *request, id model.ID) string {
	domain, err := in.view.StorageDomain(id)
	if err != nil {
		return ""
	}
	return domain.Name
}

func vmNetworks(v *row[*model.VM]) []string {
	var names []string
	for _, nic := range v.it.NICs {
		if network, err := v.in.view.Network(nic.Network); err == nil {
			names = append(names, network.Name)
		}
	}
	return names
}

// statusWords makes the words of statuses as searches spell them.
func statusWords[T ~string](statuses ...T) []search.Word {
	var words []search.Word
	for _, status := range statuses {
		words = append(words, search.Word{Word: strings.ReplaceAll(string(status), "_", ""), Is: string(status)})
	}
	return words
}

var hostKind = &search.Kind{
	Name: "Hosts", Prefixes: []string{"host"}, SortBy: "name",
	Fields: []search.Field{
		{Name: "name", Free: true, Values: search.TextOf(func(v *row[*model.Host]) string { return v.it.Name })},
		{Name: "comment", Values: search.TextOf(func(v *row[*model.Host]) string { return v.it.Comment })},
		{Name: "id", Values: search.TextOf(func(v *row[*model.Host]) string { return string(v.it.ID) })},
		{Name: "address", Free: true, Values: search.TextOf(func(v *row[*model.Host]) string { return v.it.Address })},
		{Name: "status", Type: search.Enum, Words: statusWords(model.HostUp, model.HostDown, model.HostConnecting,
			model.HostNonResponsive, model.HostNonOperational, model.HostMaintenance, model.HostPreparingForMaintenance,
			model.HostUnassigned, model.HostError, model.HostInitializing, model.HostInstalling, model.HostInstallFailed,
			model.HostPendingApproval, model.HostReboot, model.HostInstallingOS, model.HostKdumping), Values: search.TextOf(func(v *row[*model.Host]) string { return string(v.it.Status) })},
		{Name: "cluster", Values: search.TextOf(func(v *row[*model.Host]) string { return clusterName(v.in, v.it.Cluster) })},
		{Name: "datacenter", Values: search.TextOf(func(v *row[*model.Host]) string { return dataCenterOfCluster(v.in, v.it.Cluster) })},
		{Name: "memory", Type: search.Number, Values: search.NumberOf(func(v *row[*model.Host]) float64 { return float64(v.it.Facts.Memory >> 20) })},
		{Name: "cpus", Type: search.Number, Values: search.NumberOf(func(v *row[*model.Host]) float64 { return float64(v.it.Facts.Topology.Count()) })},
		{Name: "tag", Values: search.TextsOf(func(v *row[*model.Host]) []string { return v.in.tagNames(v.it.Tags) })},
		{Name: "vms.name", Values: search.TextsOf(func(v *row[*model.Host]) []string {
			var names []string
			for _, vm := range v.in.view.VMs() {
				if vm.Run.Host == v.it.ID && !lifecycle.Resting(vm.Run.Status) {
					names = append(names, vm.Name)
				}
			}
			return names
		})},
	},
}

var clusterKind = &search.Kind{
	Name: "Clusters", Prefixes: []string{"cluster"}, SortBy: "name",
	Fields: []search.Field{
		{Name: "name", Free: true, Values: search.TextOf(func(v *row[*model.Cluster]) string { return v.it.Name })},
		{Name: "comment", Values: search.TextOf(func(v *row[*model.Cluster]) string { return v.it.Comment })},
		{Name: "description", Free: true, Values: search.TextOf(func(v *row[*model.Cluster]) string { return v.it.Description })},
		{Name: "id", Values: search.TextOf(func(v *row[*model.Cluster]) string { return string(v.it.ID) })},
		{Name: "architecture", Values: search.TextOf(func(v *row[*model.Cluster]) string { return string(v.it.Architecture) })},
		{Name: "datacenter", Values: search.TextOf(func(v *row[*model.Cluster]) string { return dataCenterName(v.in, v.it.DataCenter) })},
		{Name: "datacenter.name", Values: search.TextOf(func(v *row[*model.Cluster]) string { return dataCenterName(v.in, v.it.DataCenter) })},
	},
}

var dataCenterKind = &search.Kind{
	Name: "Datacenter", Prefixes: []string{"datacenters"}, SortBy: "name",
	Fields: []search.Field{
		{Name: "name", Free: true, Values: search.TextOf(func(v *row[*model.DataCenter]) string { return v.it.Name })},
		{Name: "comment", Values: search.TextOf(func(v *row[*model.DataCenter]) string { return v.it.Comment })},
		{Name: "description", Free: true, Values: search.TextOf(func(v *row[*model.DataCenter]) string { return v.it.Description })},
		{Name: "id", Values: search.TextOf(func(v *row[*model.DataCenter]) string { return string(v.it.ID) })},
		{Name: "local", Type: search.Bool, Values: search.BoolOf(func(v *row[*model.DataCenter]) bool { return v.it.Local })},
		{Name: "storage.name", Values: search.TextsOf(func(v *row[*model.DataCenter]) []string {
			var names []string
			for _, domain := range v.in.view.StorageDomains() {
				if domain.DataCenter == v.it.ID {
					names = append(names, domain.Name)
				}
			}
			return names
		})},
		{Name: "clusters.name", Values: search.TextsOf(func(v *row[*model.DataCenter]) []string {
			var names []string
			for _, cluster := range v.in.view.Clusters() {
				if cluster.DataCenter == v.it.ID {
					names = append(names, cluster.Name)
				}
			}
			return names
		})},
	},
}

var networkKind = &search.Kind{
	Name: "Networks", Prefixes: []string{"network"}, SortBy: "name",
	Fields: []search.Field{
		{Name: "name", Free: true, Values: search.TextOf(func(v *row[*model.Network]) string { return v.it.Name })},
		{Name: "comment", Values: search.TextOf(func(v *row[*model.Network]) string { return v.it.Comment })},
		{Name: "description", Free: true, Values: search.TextOf(func(v *row[*model.Network]) string { return v.it.Description })},
		{Name: "id", Values: search.TextOf(func(v *row[*model.Network]) string { return string(v.it.ID) })},
		{Name: "vlanid", Type: search.Number, Values: search.NumberOf(func(v *row[*model.Network]) float64 { return float64(v.it.VLAN) })},
		{Name: "mtu", Type: search.Number, Values: search.NumberOf(func(v *row[*model.Network]) float64 { return float64(v.it.MTU) })},
		{Name: "stp", Type: search.Bool, Values: search.BoolOf(func(v *row[*model.Network]) bool { return v.it.STP })},
		{Name: "vmnetwork", Type: search.Bool, Values: search.BoolOf(func(v *row[*model.Network]) bool { return v.it.ForVMs() })},
		{Name: "datacenter", Values: search.TextOf(func(v *row[*model.Network]) string { return dataCenterName(v.in, v.it.DataCenter) })},
	},
}

var domainKind = &search.Kind{
	Name: "Storage", Prefixes: []string{"storages", "storagedomain"}, SortBy: "name",
	Fields: []search.Field{
		{Name: "name", Free: true, Values: search.TextOf(func(v *row[*model.StorageDomain]) string { return v.it.Name })},
		{Name: "comment", Values: search.TextOf(func(v *row[*model.StorageDomain]) string { return v.it.Comment })},
		{Name: "description", Free: true, Values: search.TextOf(func(v *row[*model.StorageDomain]) string { return v.it.Description })},
		{Name: "id", Values: search.TextOf(func(v *row[*model.StorageDomain]) string { return string(v.it.ID) })},
		{Name: "type", Values: search.TextOf(func(v *row[*model.StorageDomain]) string { return string(v.it.StorageType) })},
		{Name: "status", Type: search.Enum, Words: statusWords(model.StorageDomainActive, model.StorageDomainInactive,
			model.StorageDomainMaintenance, model.StorageDomainUnattached, model.StorageDomainLocked, model.StorageDomainPreparing,
			model.StorageDomainDetaching, model.StorageDomainStarting), Values: search.TextOf(func(v *row[*model.StorageDomain]) string { return string(v.it.Status) })},
		{Name: "datacenter", Values: search.TextOf(func(v *row[*model.StorageDomain]) string { return dataCenterName(v.in, v.it.DataCenter) })},
	},
}

var templateKind = &search.Kind{
	Name: "Template", Prefixes: []string{"templates"}, SortBy: "name",
	Fields: []search.Field{
		{Name: "name", Free: true, Values: search.TextOf(func(v *row[*model.Template]) string { return v.it.Name })},
		{Name: "comment", Values: search.TextOf(func(v *row[*model.Template]) string { return v.it.Comment })},
		{Name: "description", Free: true, Values: search.TextOf(func(v *row[*model.Template]) string { return v.it.Description })},
		{Name: "id", Values: search.TextOf(func(v *row[*model.Template]) string { return string(v.it.ID) })},
		{Name: "status", Values: search.TextOf(func(v *row[*model.Template]) string { return string(cmp.Or(v.it.Status, model.TemplateOK)) })},
		{Name: "version_name", Values: search.TextOf(func(v *row[*model.Template]) string { return v.it.VersionName })},
		{Name: "creationdate", Type: search.Date, Values: search.DateOf(func(v *row[*model.Template]) time.Time { return v.it.CreationTime })},
		{Name: "memory", Type: search.Number, Values: search.NumberOf(func(v *row[*model.Template]) float64 { return float64(v.it.Memory >> 20) })},
		{Name: "cluster", Values: search.TextOf(func(v *row[*model.Template]) string { return clusterName(v.in, v.it.Cluster) })},
		{Name: "datacenter", Values: search.TextOf(func(v *row[*model.Template]) string { return dataCenterOfCluster(v.in, v.it.Cluster) })},
		{Name: "tag", Values: search.TextsOf(func(v *row[*model.Template]) []string { return v.in.tagNames(v.it.Tags) })},
	},
}

var diskKind = &search.Kind{
	Name: "Disks", Prefixes: []string{"disk"}, SortBy: "alias",
	Fields: []search.Field{
		{Name: "alias", Free: true, Values: search.TextOf(func(v *row[*model.Disk]) string { return v.it.Alias })},
		{Name: "name", Values: search.TextOf(func(v *row[*model.Disk]) string { return v.it.Alias })},
		{Name: "description", Free: true, Values: search.TextOf(func(v *row[*model.Disk]) string { return v.it.Description })},
		{Name: "id", Values: search.TextOf(func(v *row[*model.Disk]) string { return string(v.it.ID) })},
		{Name: "provisioned_size", Type: search.Number, Values: search.NumberOf(func(v *row[*model.Disk]) float64 { return float64(v.it.ProvisionedSize >> 30) })},
		{Name: "size", Type: search.Number, Values: search.NumberOf(func(v *row[*model.Disk]) float64 { return float64(v.it.ProvisionedSize >> 30) })},
		{Name: "actual_size", Type: search.Number, Values: search.NumberOf(func(v *row[*model.Disk]) float64 { return float64(v.it.ActualSize >> 30) })},
		{Name: "status", Type: search.Enum, Words: statusWords(model.DiskOK, model.DiskLocked, model.DiskIllegal), Values: search.TextOf(func(v *row[*model.Disk]) string { return string(v.it.Status) })},
		{Name: "format", Type: search.Enum, Words: statusWords(model.DiskCOW, model.DiskRaw), Values: search.TextOf(func(v *row[*model.Disk]) string { return string(v.it.Format) })},
		{Name: "bootable", Type: search.Bool, Values: search.BoolOf(func(v *row[*model.Disk]) bool { return v.it.Bootable })},
		{Name: "shareable", Type: search.Bool, Values: search.BoolOf(func(v *row[*model.Disk]) bool { return v.it.Shareable })},
		{Name: "creation_date", Type: search.Date, Values: search.DateOf(func(v *row[*model.Disk]) time.Time { return v.it.CreationTime })},
		{Name: "storage.name", Values: search.TextOf(func(v *row[*model.Disk]) string { return domainName(v.in, v.it.StorageDomain) })},
		{Name: "vms.name", Values: search.TextsOf(func(v *row[*model.Disk]) []string {
			var names []string
			for _, vm := range v.in.view.VMs() {
				if slices.ContainsFunc(vm.Disks, func(a model.DiskAttachment) bool { return a.Disk == v.it.ID }) {
					names = append(names, vm.Name)
				}
			}
			return names
		})},
	},
}

var userKind = &search.Kind{
	Name: "Users", Prefixes: []string{"user"}, SortBy: "usrname",
	Fields: []search.Field{
		{Name: "usrname", Free: true, Values: search.TextOf(func(v *row[*model.User]) string { return v.it.ObjectName() })},
		{Name: "name", Free: true, Values: search.TextOf(func(v *row[*model.User]) string { return v.it.Name })},
		{Name: "lastname", Free: true, Values: search.TextOf(func(v *row[*model.User]) string { return v.it.LastName })},
		{Name: "email", Values: search.TextOf(func(v *row[*model.User]) string { return v.it.Email })},
		{Name: "id", Values: search.TextOf(func(v *row[*model.User]) string { return string(v.it.ID) })},
		{Name: "tag", Values: search.TextsOf(func(v *row[*model.User]) []string { return v.in.tagNames(v.it.Tags) })},
	},
}

var groupKind = &search.Kind{
	Name: "Groups", Prefixes: []string{"group"}, SortBy: "name",
	Fields: []search.Field{
		{Name: "name", Free: true, Values: search.TextOf(func(v *row[*model.Group]) string { return v.it.Name })},
		{Name: "id", Values: search.TextOf(func(v *row[*model.Group]) string { return string(v.it.ID) })},
		{Name: "tag", Values: search.TextsOf(func(v *row[*model.Group]) []string { return v.in.tagNames(v.it.Tags) })},
	},
}

// fileKind describes the files of an ISO domain.
var fileKind = &search.Kind{
	Name: "Files", Prefixes: []string{"file"}, SortBy: "name",
	Fields: []search.Field{
		{Name: "name", Free: true, Values: search.TextOf(func(v *row[model.File]) string { return v.it.Name })},
		{Name: "type", Values: search.TextOf(func(v *row[model.File]) string { return v.it.Type })},
	},
}

var severityWords = search.Words("normal", "warning", "error", "alert")

// eventKind is compared with rows too: those that the store has narrowed down.
var eventKind = &search.Kind{
	Name: "Events", Prefixes: []string{"event"}, SortBy: "id", Descending: true,
	Fields: []search.Field{
		{Name: "id", Type: search.Number, Values: search.NumberOf(func(v *row[*model.Event]) float64 { return float64(v.it.ID) })},
		{Name: "type", Type: search.Number, Values: search.NumberOf(func(v *row[*model.Event]) float64 { return float64(v.it.Code) })},
		{Name: "severity", Type: search.Enum, Ordered: true, Words: severityWords, Values: search.TextOf(func(v *row[*model.Event]) string { return string(v.it.Severity) })},
		{Name: "message", Free: true, Values: search.TextOf(func(v *row[*model.Event]) string { return v.it.Description })},
		{Name: "time", Type: search.Date, Values: search.DateOf(func(v *row[*model.Event]) time.Time { return v.it.Time })},
		{Name: "correlation_id", Values: search.TextOf(func(v *row[*model.Event]) string { return v.it.CorrelationID })},
		{Name: "origin", Values: search.TextOf(func(v *row[*model.Event]) string { return v.it.Origin })},
		{Name: "custom_id", Type: search.Number, Values: search.NumberOf(func(v *row[*model.Event]) float64 { return float64(v.it.CustomID) })},
		{Name: "usrname", Values: search.TextOf(func(v *row[*model.Event]) string { return userName(v.in, v.it.User) })},
		{Name: "users.name", Values: search.TextOf(func(v *row[*model.Event]) string { return userName(v.in, v.it.User) })},
		{Name: "vms.name", Values: search.TextOf(func(v *row[*model.Event]) string {
			if vm, err := v.in.view.VM(v.it.VM); err == nil {
				return vm.Name
			}
			return ""
		})},
		{Name: "vms.id", Values: search.TextOf(func(v *row[*model.Event]) string { return string(v.it.VM) })},
		{Name: "hosts.name", Values: search.TextOf(func(v *row[*model.Event]) string {
			if host, err := v.in.view.Host(v.it.Host); err == nil {
				return host.Name
			}
			return ""
		})},
		{Name: "event_host", Values: search.TextOf(func(v *row[*model.Event]) string { return string(v.it.Host) })},
		{Name: "clusters.name", Values: search.TextOf(func(v *row[*model.Event]) string { return clusterName(v.in, v.it.Cluster) })},
		{Name: "templates.id", Values: search.TextOf(func(v *row[*model.Event]) string { return string(v.it.Template) })},
		{Name: "storage.name", Values: search.TextOf(func(v *row[*model.Event]) string { return domainName(v.in, v.it.StorageDomain) })},
	},
}

func userName(in *request, id model.ID) string {
	user, err := in.view.User(id)
	if err != nil {
		return ""
	}
	return user.ObjectName()
}

// eventNumber is the id of an event as URLs spell it.
func eventNumber(text string) (int64, bool) {
	number, err := strconv.ParseInt(text, 10, 64)
	return number, err == nil && number > 0
}
