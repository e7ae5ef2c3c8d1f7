package v3

import (
	"time"

	"vireo/internal/model"
)

// API is the root document (api-v3 1.9).
type API struct {
	Link           []Link          `wire:"link"`
	SpecialObjects *SpecialObjects `wire:"special_objects"`
	ProductInfo    *ProductInfo    `wire:"product_info"`
	Summary        *Summary        `wire:"summary"`
	Time           *time.Time      `wire:"time"`
}

// SpecialObjects links to the objects that every engine has.
type SpecialObjects struct {
	Link []Link `wire:"link"`
}

// ProductInfo is product_info.
type ProductInfo struct {
	Name        string   `wire:"name"`
	Vendor      string   `wire:"vendor"`
	Version     *Version `wire:"version"`
	FullVersion string   `wire:"full_version"`
}

// Summary counts what there is and what of it is active.
type Summary struct {
	VMs            *Collection `wire:"vms"`
	Hosts          *Collection `wire:"hosts"`
	Users          *Collection `wire:"users"`
	StorageDomains *Collection `wire:"storage_domains"`
}

// Count is one line of the summary.
func Count(total, active int) *Collection {
	return &Collection{Total: new(uint32(total)), Active: new(uint32(active))}
}

// Product is product_info as the engine 3.6 shows it; clients compare the
// version. Release is added to the full version.
func Product(release string) *ProductInfo {
	return &ProductInfo{
		Name: "oVirt Engine", Vendor: "ovirt.org",
		Version:     &Version{Major: new(uint16(3)), Minor: new(uint16(6)), Build: new(uint16(13)), Revision: new(uint16(0))},
		FullVersion: "3.6.13.5-vireo" + release,
	}
}

// Special links to the objects that every engine has.
func (p *Page) Special() *SpecialObjects {
	return &SpecialObjects{Link: []Link{
		{Href: p.Href(model.KindTemplate, model.BlankID), Rel: "templates/blank"},
		{Href: p.Href(model.KindTag, model.BlankID), Rel: "tags/root"},
	}}
}
