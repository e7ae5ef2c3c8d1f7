package rest

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"vireo/internal/fault"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// root answers with the root document (api-v3 1.9). Its links follow from the
// table.
func (s *Server) root(r *request) (*answer, error) {
	query := r.http.URL.Query()
	if query.Has("schema") {
		return nil, &fault.Fault{Kind: fault.NotFound, Code: "NO_SCHEMA", Messages: []string{"This engine does not ship the XML schema of the API."}}
	}
	if query.Has("rsdl") {
		return nil, &fault.Fault{Kind: fault.NotFound, Code: "NO_RSDL", Messages: []string{"This engine does not ship an RSDL document; OPTIONS says what is allowed where."}}
	}
	links := s.rootLinks(r.prefix)
	shape := &v3.API{
		Link:           links,
		SpecialObjects: r.page.Special(),
		ProductInfo:    v3.Product(s.options.Release),
		Time:           new(time.Now()),
	}
	if r.caller.Admin && !r.caller.Filtered {
		shape.Summary = r.summary()
	}
	return &answer{root: "api", shape: shape, links: linkHeader(r.http, links)}, nil
}

func (s *Server) rootLinks(prefix string) []v3.Link {
	table := s.dialects[version3].table
	var links []v3.Link
	for _, child := range table.children(table.tree.route) {
		href := prefix + "/" + child.path
		links = append(links, v3.Link{Href: href, Rel: child.path})
		if !child.search {
			continue
		}
		template := href + "?search={query}"
		if child.path == "events" {
			template = href + ";from={event_id}?search={query}"
		}
		links = append(links, v3.Link{Href: template, Rel: child.path + "/search"})
	}
	return links
}

// linkHeader repeats the links with absolute addresses (api-v3 1.9).
func linkHeader(r *http.Request, links []v3.Link) string {
	parts := make([]string, len(links))
	for i, link := range links {
		parts[i] = fmt.Sprintf("<%s%s>; rel=%s", origin(r), link.Href, link.Rel)
	}
	return strings.Join(parts, ",")
}

// origin is where the client has found the engine: plain HTTP is for reverse proxies
// only, which say what their clients speak.
func origin(r *http.Request) string {
	scheme := "https"
	if forwarded := r.Header.Get("X-Forwarded-Proto"); forwarded == "https" || forwarded == "http" {
		scheme = forwarded
	}
	return scheme + "://" + r.Host
}

// summary counts what there is and what of it is active.
func (r *request) summary() *v3.Summary {
	count := func(total int, active func(int) bool) *v3.Collection {
		n := 0
		for i := range total {
			if active(i) {
				n++
			}
		}
		return v3.Count(total, n)
	}
	vms, hosts, domains, users := r.view.VMs(), r.view.Hosts(), r.view.StorageDomains(), r.view.Users()
	return &v3.Summary{
		VMs:            count(len(vms), func(i int) bool { return lifecycle.Active(vms[i].Run.Status) }),
		Hosts:          count(len(hosts), func(i int) bool { return hosts[i].Status == model.HostUp }),
		Users:          count(len(users), func(i int) bool { return users[i].ID == r.caller.User }),
		StorageDomains: count(len(domains), func(i int) bool { return domains[i].Status == model.StorageDomainActive }),
	}
}

// capabilities answers with all compatibility levels (api-v3 1.10).
func (s *Server) capabilities(r *request) (*answer, error) {
	return &answer{root: "capabilities", shape: s.showCapabilities(r)}, nil
}

// capability answers with one of them.
func (s *Server) capability(r *request) (*answer, error) {
	all := s.showCapabilities(r)
	i := slices.IndexFunc(all.Version, func(v v3.VersionCapabilities) bool { return *v.ID == r.ids["capability"] })
	if i < 0 {
		return nil, fault.Missing(shorten(r.ids["capability"]))
	}
	return &answer{root: "version", shape: &all.Version[i]}, nil
}

func (s *Server) showCapabilities(r *request) *v3.Capabilities {
	var properties []v3.CustomProperty
	for entry := range strings.SplitSeq(s.options.CustomProperties(), ";") {
		if name, pattern, found := strings.Cut(entry, "="); found {
			properties = append(properties, v3.CustomProperty{Name: name, Regexp: &pattern})
		}
	}
	return r.page.ShowCapabilities(properties, r.page.ShowCPUTypes())
}
