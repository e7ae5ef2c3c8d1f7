package rest

import (
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

var dataCenterList = collection[*model.DataCenter]{
	root: "data_centers", item: "data_center", kind: dataCenterKind,
	rows: func(r *request) ([]*model.DataCenter, error) { return r.view.DataCenters(), nil },
	show: showDataCenter,
}

var oneDataCenter = object("data_center", (*request).dataCenter, showDataCenter)

func (r *request) dataCenter() (*model.DataCenter, error) {
	return r.view.DataCenter(r.id("datacenter"))
}

func showDataCenter(r *request, dc *model.DataCenter) (any, error) {
	return r.page.ShowDataCenter(dc, r.view.StorageDomains()), nil
}

var clusterList = collection[*model.Cluster]{
	root: "clusters", item: "cluster", kind: clusterKind,
	rows: func(r *request) ([]*model.Cluster, error) { return r.view.Clusters(), nil },
	show: showCluster,
}

var oneCluster = object("cluster", (*request).cluster, showCluster)

func (r *request) cluster() (*model.Cluster, error) { return r.view.Cluster(r.id("cluster")) }

func showCluster(r *request, cluster *model.Cluster) (any, error) {
	return r.page.ShowCluster(cluster), nil
}

// in makes the list of those that belong to the data center in the path.
func in[T any](whole collection[T], dataCenter func(T) model.ID) collection[T] {
	part := whole
	part.kind = nil
	part.rows = func(r *request) ([]T, error) {
		within, err := r.dataCenter()
		if err != nil {
			return nil, err
		}
		all, err := whole.rows(r)
		if err != nil {
			return nil, err
		}
		var found []T
		for _, one := range all {
			if dataCenter(one) == within.ID {
				found = append(found, one)
			}
		}
		return found, nil
	}
	return part
}

var hostList = collection[*model.Host]{
	root: "hosts", item: "host", kind: hostKind,
	rows: func(r *request) ([]*model.Host, error) { return r.view.Hosts(), nil },
	show: showHost,
}

var oneHost = object("host", func(r *request) (*model.Host, error) { return r.view.Host(r.id("host")) }, showHost)

func showHost(r *request, host *model.Host) (any, error) {
	out := r.page.ShowHost(host, r.load(host.ID))
	if r.details.has("statistics") {
		out.Statistics = &v3.Statistics{Statistic: r.page.ShowHostStatistics(r.view.StatsOf(host), host.ID)}
	}
	return out, nil
}

// showStatistic is for lists whose rows are shown already.
func showStatistic(_ *request, s v3.Statistic) (any, error) { return s, nil }

var hostStatisticList = collection[v3.Statistic]{
	root: "statistics", item: "statistic", rows: (*request).hostStatistics, show: showStatistic,
}

var oneHostStatistic = object("statistic", func(r *request) (v3.Statistic, error) {
	all, err := r.hostStatistics()
	return pick(all, r.ids["statistic"], err, func(s v3.Statistic) *string { return s.ID })
}, showStatistic)

// hostStatistics are as they were sampled last: no host is asked.
func (r *request) hostStatistics() ([]v3.Statistic, error) {
	stats, err := r.view.HostStats(r.id("host"))
	if err != nil {
		return nil, err
	}
	return r.page.ShowHostStatistics(stats, r.id("host")), nil
}

var hostNICStatisticList = collection[v3.Statistic]{
	root: "statistics", item: "statistic", rows: (*request).hostNICStatistics, show: showStatistic,
}

var oneHostNICStatistic = object("statistic", func(r *request) (v3.Statistic, error) {
	all, err := r.hostNICStatistics()
	return pick(all, r.ids["statistic"], err, func(s v3.Statistic) *string { return s.ID })
}, showStatistic)

func (r *request) hostNICStatistics() ([]v3.Statistic, error) {
	nic, err := r.hostNIC()
	if err != nil {
		return nil, err
	}
	stats, err := r.view.HostStats(r.id("host"))
	if err != nil {
		return nil, err
	}
	return r.page.ShowHostNICStatistics(stats, r.id("host"), nic.Name), nil
}

// tags are listed without the root of their tree, as the engine 3.6 did; it can
// be fetched.
var tagList = collection[*model.Tag]{
	root: "tags", item: "tag",
	rows: func(r *request) ([]*model.Tag, error) {
		var found []*model.Tag
		for _, tag := range r.view.Tags() {
			if tag.ID != model.BlankID {
				found = append(found, tag)
			}
		}
		return found, nil
	},
	show: showTag,
}

var oneTag = object("tag", (*request).tag, showTag)

func showTag(r *request, tag *model.Tag) (any, error) { return r.page.ShowTag(tag), nil }

var domainList = collection[*model.StorageDomain]{
	root: "storage_domains", item: "storage_domain", kind: domainKind,
	rows: func(r *request) ([]*model.StorageDomain, error) { return r.view.StorageDomains(), nil },
	show: showDomain(false),
}

var oneDomain = object("storage_domain", (*request).storageDomain, showDomain(false))

func (r *request) storageDomain() (*model.StorageDomain, error) {
	return r.view.StorageDomain(r.id("storagedomain"))
}

// oneAttachedDomain shows a storage domain as a part of a data center.
var oneAttachedDomain = object("storage_domain", (*request).attachedDomain, showDomain(true))

func (r *request) attachedDomain() (*model.StorageDomain, error) {
	within, err := r.dataCenter()
	if err != nil {
		return nil, err
	}
	found, err := r.storageDomain()
	if err == nil && found.DataCenter != within.ID {
		return nil, fault.Missing(string(found.ID))
	}
	return found, err
}

func showDomain(within bool) func(*request, *model.StorageDomain) (any, error) {
	return func(r *request, domain *model.StorageDomain) (any, error) {
		space, err := r.view.Space(r.context(), domain.ID)
		if err != nil {
			return nil, err
		}
		return r.page.ShowStorageDomain(domain, space, within), nil
	}
}

// attachedDomains lists the storage domains of a data center.
var attachedDomainList = func() collection[*model.StorageDomain] {
	part := in(domainList, func(d *model.StorageDomain) model.ID { return d.DataCenter })
	part.show = showDomain(true)
	return part
}()

// files are those of an ISO domain; other domains have none to list.
var fileList = collection[model.File]{
	root: "files", item: "file", kind: fileKind,
	rows: func(r *request) ([]model.File, error) { return r.view.Files(r.context(), r.id("storagedomain")) },
	show: showFile,
}

var oneFile = object("file", func(r *request) (model.File, error) {
	all, err := r.view.Files(r.context(), r.id("storagedomain"))
	return pick(all, r.ids["file"], err, func(f model.File) *string { return &f.Name })
}, showFile)

func showFile(r *request, file model.File) (any, error) { return r.page.ShowFile(&file), nil }

var diskList = collection[*model.Disk]{
	root: "disks", item: "disk", kind: diskKind,
	rows: func(r *request) ([]*model.Disk, error) { return r.view.Disks(), nil },
	show: showDisk,
}

var oneDisk = object("disk", func(r *request) (*model.Disk, error) { return r.view.Disk(r.id("disk")) }, showDisk)

func showDisk(r *request, disk *model.Disk) (any, error) {
	return r.page.ShowDisk(disk, r.users(disk.ID), r.template(disk.ID)), nil
}
