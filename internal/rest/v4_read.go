package rest

import (
	"net/http"
	"strings"
	"time"

	"vireo/internal/fault"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
	"vireo/internal/rest/v4"
	"vireo/internal/search"
	"vireo/internal/store"
)

// shown4 is a collection of version 3 with the shapes of version 4: what it holds, and
// how it is searched, is the same.
func shown4[T any](of collection[T], show func(*request, T) (any, error)) collection[T] {
	of.show = show
	return of
}

var dataCenterList4 = shown4(dataCenterList, showDataCenter4)

var oneDataCenter4 = object("data_center", (*request).dataCenter, showDataCenter4)

func showDataCenter4(r *request, dc *model.DataCenter) (any, error) {
	return r.page4.ShowDataCenter(dc, r.view.StorageDomains()), nil
}

var clusterList4 = shown4(clusterList, showCluster4)

var oneCluster4 = object("cluster", func(r *request) (*model.Cluster, error) { return r.view.Cluster(r.id("cluster")) }, showCluster4)

// readCluster4 reads what of a cluster is to change.
func readCluster4(r *request) (any, error) {
	shape := &v4.Cluster{}
	if err := r.read("cluster", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("cluster")); err != nil {
		return nil, err
	}
	return changes(shape.Apply)
}

func showCluster4(r *request, cluster *model.Cluster) (any, error) {
	return r.page4.ShowCluster(cluster), nil
}

var (
	domainList4         = shown4(domainList, showDomain4(false))
	attachedDomainList4 = shown4(attachedDomainList, showDomain4(true))
	oneDomain4          = object("storage_domain", (*request).storageDomain, showDomain4(false))
	oneAttachedDomain4  = object("storage_domain", (*request).attachedDomain, showDomain4(true))
)

func showDomain4(within bool) func(*request, *model.StorageDomain) (any, error) {
	return func(r *request, domain *model.StorageDomain) (any, error) {
		space, err := r.view.Space(r.context(), domain.ID)
		if err != nil {
			return nil, err
		}
		return r.page4.ShowStorageDomain(domain, space, within), nil
	}
}

var diskList4 = shown4(diskList, showDisk4)

var oneDisk4 = object("disk", func(r *request) (*model.Disk, error) { return r.view.Disk(r.id("disk")) }, showDisk4)

// domainDiskList4 lists the disks in a storage domain.
var domainDiskList4 = collection[*model.Disk]{
	root: "disks", item: "disk", show: showDisk4,
	rows: func(r *request) ([]*model.Disk, error) {
		domain, err := r.storageDomain()
		if err != nil {
			return nil, err
		}
		var found []*model.Disk
		for _, disk := range r.view.Disks() {
			if disk.StorageDomain == domain.ID {
				found = append(found, disk)
			}
		}
		return found, nil
	},
}

func showDisk4(r *request, disk *model.Disk) (any, error) {
	var vms []model.ID
	if r.page4.AllContent {
		vms = r.users(disk.ID)
	}
	return r.page4.ShowDisk(disk, vms), nil
}

// jobKind4 is what jobs can be searched by.
var jobKind4 = &search.Kind{
	Name: "Jobs", Prefixes: []string{"job"}, SortBy: "correlation_id",
	Fields: []search.Field{
		{Name: "correlation_id", Values: search.TextOf(func(v *row[*model.Job]) string { return v.it.CorrelationID })},
	},
}

// jobs are listed newest first; those of one correlation id are found by the store.
var jobList4 = collection[*model.Job]{
	root: "jobs", item: "job", kind: jobKind4,
	rows: func(r *request) ([]*model.Job, error) {
		query, _, err := r.query(jobKind4)
		if err != nil {
			return nil, err
		}
		wanted := store.JobQuery{}
		if c, ok := query.Where.(search.Comparison); ok && c.Op == search.Equal && !strings.Contains(c.Value, "*") {
			wanted.CorrelationID = c.Value
		} else if limit, _ := r.max(); query.Where == nil && limit > 0 {
			wanted.Limit = limit
		}
		return r.view.Jobs(r.context(), wanted)
	},
	show: showJob4,
}

var oneJob4 = object("job", (*request).job, showJob4)

func showJob4(r *request, job *model.Job) (any, error) { return r.page4.ShowJob(job), nil }

var stepList4 = shown4(stepList, showStep4)

var oneStep4 = object("step", (*request).step, showStep4)

func showStep4(r *request, s jobStep) (any, error) { return r.page4.ShowStep(s.step, s.job), nil }

func showEvent4(r *request, event *model.Event) any { return r.page4.ShowEvent(event) }

// transferList4 lists the image transfers that the caller may have to do with.
var transferList4 = collection[*model.ImageTransfer]{
	root: "image_transfers", item: "image_transfer", show: showTransfer4,
	rows: func(r *request) ([]*model.ImageTransfer, error) {
		var found []*model.ImageTransfer
		for _, transfer := range r.view.ImageTransfers() {
			if !r.server.options.Transfers.Forgotten(transfer) {
				found = append(found, transfer)
			}
		}
		return found, nil
	},
}

var oneTransfer4 = object("image_transfer", func(r *request) (*model.ImageTransfer, error) {
	transfer, err := r.view.ImageTransfer(r.id("imagetransfer"))
	if err == nil && r.server.options.Transfers.Forgotten(transfer) {
		return nil, fault.Missing(string(transfer.ID))
	}
	return transfer, err
}, showTransfer4)

// imagesPath is where rest/images is mounted.
const imagesPath = "/images/"

func showTransfer4(r *request, transfer *model.ImageTransfer) (any, error) {
	return r.page4.ShowImageTransfer(transfer, r.server.options.Transfers.Moved(transfer), origin(r.http)+imagesPath), nil
}

// root4 answers with the root document (api-v4 1.12). Its links follow from the table.
func (s *Server) root4(r *request) (*answer, error) {
	query := r.http.URL.Query()
	if query.Has("schema") || query.Has("rsdl") {
		return nil, &fault.Fault{Kind: fault.NotFound, Code: "NO_SCHEMA", Messages: []string{"This engine does not ship a description of the API; OPTIONS says what is allowed where."}}
	}
	links := s.rootLinks4(r.page4.Prefix)
	shape := &v4.API{
		Link: links, ProductInfo: v4.Product(s.options.Instance, s.options.Release), SpecialObjects: r.page4.Special(),
		Time:              new(time.Now()),
		AuthenticatedUser: r.page4.Ref(model.KindUser, r.caller.User), EffectiveUser: r.page4.Ref(model.KindUser, r.caller.User),
	}
	if r.caller.Admin {
		shape.Summary = r.summary4()
	}
	return &answer{root: "api", shape: shape, links: linkHeader4(r.http, links)}, nil
}

func (s *Server) rootLinks4(prefix string) []v4.Link {
	table := s.dialects[version4].table
	var links []v4.Link
	for _, child := range table.children(table.tree.route) {
		href := prefix + "/" + child.path
		links = append(links, v4.Link{Href: href, Rel: child.path})
		if !child.search {
			continue
		}
		template := href + "?search={query}"
		if child.path == "events" {
			template = href + ";from={event_id}?search={query}"
		}
		links = append(links, v4.Link{Href: template, Rel: child.path + "/search"})
	}
	return links
}

// linkHeader4 repeats the links with absolute addresses (api-v4 1.7).
func linkHeader4(r *http.Request, links []v4.Link) string {
	parts := make([]string, len(links))
	for i, link := range links {
		parts[i] = "<" + origin(r) + link.Href + ">; rel=" + link.Rel
	}
	return strings.Join(parts, ",")
}

// summary4 counts what there is and what of it is active.
func (r *request) summary4() *v4.Summary {
	active := func(total int, is func(int) bool) *v4.Collection {
		n := 0
		for i := range total {
			if is(i) {
				n++
			}
		}
		return v4.Count(total, n)
	}
	vms, hosts, domains, users := r.view.VMs(), r.view.Hosts(), r.view.StorageDomains(), r.view.Users()
	return &v4.Summary{
		VMs:            active(len(vms), func(i int) bool { return lifecycle.Active(vms[i].Run.Status) }),
		Hosts:          active(len(hosts), func(i int) bool { return hosts[i].Status == model.HostUp }),
		Users:          active(len(users), func(i int) bool { return users[i].ID == r.caller.User }),
		StorageDomains: active(len(domains), func(i int) bool { return domains[i].Status == model.StorageDomainActive }),
	}
}
