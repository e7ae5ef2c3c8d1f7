package v4

import (
	"time"

	"vireo/internal/model"
)

// API is the root document (api-v4 1.12).
type API struct {
	Link              []Link          `wire:"link"`
	ProductInfo       *ProductInfo    `wire:"product_info"`
	SpecialObjects    *SpecialObjects `wire:"special_objects"`
	Summary           *Summary        `wire:"summary"`
	Time              *time.Time      `wire:"time"`
	AuthenticatedUser *Reference      `wire:"authenticated_user"`
	EffectiveUser     *Reference      `wire:"effective_user"`
}

// ProductInfo is product_info.
type ProductInfo struct {
	InstanceID *string  `wire:"instance_id"`
	Name       string   `wire:"name"`
	Vendor     string   `wire:"vendor"`
	Version    *Version `wire:"version"`
}

// SpecialObjects points at the objects that every engine has.
type SpecialObjects struct {
	BlankTemplate *Reference `wire:"blank_template"`
	RootTag       *Reference `wire:"root_tag"`
}

// Summary counts what there is and what of it is active.
type Summary struct {
	Hosts          *Collection `wire:"hosts"`
	StorageDomains *Collection `wire:"storage_domains"`
	Users          *Collection `wire:"users"`
	VMs            *Collection `wire:"vms"`
}

// Count is one line of the summary.
func Count(total, active int) *Collection {
	return &Collection{Total: new(uint32(total)), Active: new(uint32(active))}
}

// Product is product_info: clients compare the version, and want all of its parts.
// Release is added to the full one.
func Product(instance model.ID, release string) *ProductInfo {
	return &ProductInfo{
		InstanceID: text(instance), Name: "oVirt Engine", Vendor: "ovirt.org",
		Version: &Version{
			Major: new(4), Minor: new(5), Build: new(7), Revision: new(0), FullVersion: new("4.5.7-vireo" + release),
		},
	}
}

// Special points at the objects that every engine has.
func (p *Page) Special() *SpecialObjects {
	return &SpecialObjects{
		BlankTemplate: p.Ref(model.KindTemplate, model.BlankID), RootTag: p.Ref(model.KindTag, model.BlankID),
	}
}
