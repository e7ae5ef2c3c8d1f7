package v3

import (
	"net/url"
	"strconv"

	"vireo/internal/model"
)

// Page is what a representation needs to know of the API around it. A Page is
// not changed once it is in use.
type Page struct {
	// Prefix is the root that the request came in on: "/api".
	Prefix string
	// Links holds, per noun, the rels of the sub-collections that exist.
	Links map[string][]string
	// Actions holds, per noun, the actions that exist.
	Actions map[string][]string
	// AllContent adds the expensive elements (api-v3 1.4, All-Content).
	AllContent bool
	// Filtered leaves out what only administrators see (api-v3 1.5).
	Filtered bool
	// Reveal gives the text of a secret. It is nil where none may be shown, and
	// counts for scripts and files only: passwords and keys are never shown.
	Reveal func(model.Secret) (string, error)
}

// Collections holds the path of each kind of object that has a collection
// directly below the root.
var Collections = map[model.Kind]string{
	model.KindCluster:       "clusters",
	model.KindDataCenter:    "datacenters",
	model.KindDisk:          "disks",
	model.KindDomain:        "domains",
	model.KindEvent:         "events",
	model.KindGroup:         "groups",
	model.KindHost:          "hosts",
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
	return p.Prefix + "/" + Collections[kind] + "/" + string(id)
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

// ref points at an object; nil where there is none.
func (p *Page) ref(kind model.Kind, id model.ID) *Reference {
	if id == "" {
		return nil
	}
	return &Reference{Href: p.Href(kind, id), ID: new(string(id))}
}

// text gives nil for an empty text, which is then left out.
func text[T ~string](value T) *string {
	if value == "" {
		return nil
	}
	return new(string(value))
}

// version shows a compatibility level.
func version(v model.Version) *Version {
	return &Version{Major: new(uint16(v.Major)), Minor: new(uint16(v.Minor))}
}

// versionText shows the version of some program: the numbers it begins with, and
// all of it.
func versionText(full string) *Version {
	if full == "" {
		return nil
	}
	v := &Version{FullVersion: new(full)}
	rest := full
	for _, part := range []**uint16{&v.Major, &v.Minor, &v.Build, &v.Revision} {
		digits := 0
		for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
			digits++
		}
		number, err := strconv.ParseUint(rest[:digits], 10, 16)
		if err != nil {
			break
		}
		*part = new(uint16(number))
		if digits == len(rest) || rest[digits] != '.' {
			break
		}
		rest = rest[digits+1:]
	}
	return v
}
