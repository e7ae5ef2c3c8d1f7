package v4

import (
	"net/url"
	"time"

	"vireo/internal/model"
)

// Page is what a representation needs to know of the API around it. A Page is not
// changed once it is in use.
type Page struct {
	// Prefix is the root that the request came in on: "/ovirt-engine/api".
	Prefix string
	// Links and Actions hold, per noun, the rels that exist.
	Links, Actions map[string][]string
	// AllContent adds the expensive elements (api-v4 1.8).
	AllContent bool
}

// collections holds the path of each kind of object that has a collection directly
// below the root.
var collections = map[model.Kind]string{
	model.KindCluster:       "clusters",
	model.KindDataCenter:    "datacenters",
	model.KindDisk:          "disks",
	model.KindDomain:        "domains",
	model.KindEvent:         "events",
	model.KindGroup:         "groups",
	model.KindHost:          "hosts",
	model.KindImageTransfer: "imagetransfers",
	model.KindJob:           "jobs",
	model.KindMACPool:       "macpools",
	model.KindNetwork:       "networks",
	model.KindPermission:    "permissions",
	model.KindRole:          "roles",
	model.KindStorageDomain: "storagedomains",
	model.KindTag:           "tags",
	model.KindTemplate:      "templates",
	model.KindUser:          "users",
	model.KindVMPool:        "vmpools",
	model.KindVM:            "vms",
	model.KindVNICProfile:   "vnicprofiles",
}

// Href is the address of an object of a collection below the root.
func (p *Page) Href(kind model.Kind, id model.ID) string {
	return p.Prefix + "/" + collections[kind] + "/" + string(id)
}

// below is the address of an object of a sub-collection.
func below(parent, collection, id string) string {
	return parent + "/" + collection + "/" + url.PathEscape(id)
}

// resource begins the representation of an object with its links and actions.
func (p *Page) resource(noun, href string, id model.ID) Resource {
	r := Resource{Href: href, ID: new(string(id))}
	if actions := p.Actions[noun]; len(actions) > 0 {
		r.Actions = &Actions{Link: linksBelow(href, actions)}
	}
	r.Link = linksBelow(href, p.Links[noun])
	return r
}

// top begins the representation of an object of a collection below the root.
func (p *Page) top(kind model.Kind, id model.ID) Resource {
	return p.resource(string(kind), p.Href(kind, id), id)
}

func linksBelow(href string, rels []string) []Link {
	if len(rels) == 0 {
		return nil
	}
	links := make([]Link, len(rels))
	for i, rel := range rels {
		links[i] = Link{Href: href + "/" + rel, Rel: rel}
	}
	return links
}

// Ref points at an object; nil where there is none.
func (p *Page) Ref(kind model.Kind, id model.ID) *Reference {
	if id == "" {
		return nil
	}
	return &Reference{Href: p.Href(kind, id), ID: new(string(id))}
}

// describe fills what people wrote about an object.
func (r *Resource) describe(name, description, comment string) {
	r.Name, r.Description, r.Comment = new(name), new(description), new(comment)
}

// text gives nil for an empty text, which is then left out.
func text[T ~string](value T) *string {
	if value == "" {
		return nil
	}
	return new(string(value))
}

// moment leaves a time that never came out.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t)
}
