package storagecheck

import (
	"context"
	"slices"

	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// Images is what the check needs of storage.
type Images interface {
	Contents(ctx context.Context, domain *model.StorageDomain) (image.Contents, error)
	Inspect(ctx context.Context, domain *model.StorageDomain, group, volume model.ID, format model.DiskFormat) (image.Facts, error)
}

// Report is what came of a check.
type Report struct {
	// Domains and Volumes are how many were looked at.
	Domains int `json:"storage_domains"`
	Volumes int `json:"volumes"`
	// Findings are sorted, the worst first.
	Findings []Finding `json:"findings"`
}

// Check looks at everything and, if something is not as it must be, once more:
// what is different then was at work, by a job that has begun or ended meanwhile.
// The error is the context's.
func Check(ctx context.Context, inv *inventory.Inventory, images Images) (Report, error) {
	report := look(ctx, inv, images)
	if len(report.Findings) > 0 {
		again := look(ctx, inv, images)
		report.Findings = slices.DeleteFunc(report.Findings, func(f Finding) bool {
			return !slices.Contains(again.Findings, f)
		})
	}
	slices.SortFunc(report.Findings, order)
	return report, ctx.Err()
}

// look compares once. Which jobs are at work is read before and after: what was
// made in between was made by one of them, or is recorded by now.
func look(ctx context.Context, inv *inventory.Inventory, images Images) Report {
	report := Report{Findings: []Finding{}}
	before := busy(AtWork(inv))
	report.Findings = append(report.Findings, checkRecords(inv, before)...)
	for _, domain := range inv.StorageDomains.All() {
		if ctx.Err() != nil {
			break
		}
		switch domain.Status {
		case model.StorageDomainInactive:
			report.Findings = append(report.Findings, found(DomainUnavailable, domain.Name, "", "",
				"The storage domain is inactive and was not looked at. "+domain.StatusDetail))
			continue
		case model.StorageDomainMaintenance, model.StorageDomainUnattached:
			continue
		case model.StorageDomainActive, model.StorageDomainLocked, model.StorageDomainPreparing,
			model.StorageDomainDetaching, model.StorageDomainStarting:
		}
		contents, err := images.Contents(ctx, domain)
		if err != nil {
			report.Findings = append(report.Findings, found(DomainUnavailable, domain.Name, "", "",
				"The storage domain cannot be looked at: "+err.Error()))
			continue
		}
		report.Domains++
		at := busy(AtWork(inv))
		for id := range before {
			at[id] = true
		}
		if at[domain.ID] {
			continue
		}
		c := &comparison{
			ctx: ctx, images: images, domain: domain, contents: contents, busy: at,
			expected: collect(inv), inventory: inv, report: &report,
		}
		c.compare()
	}
	return report
}
