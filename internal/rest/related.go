package rest

import (
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// related is what a list looks up for each of its items, made once per request.
type related struct {
	loads map[model.ID]v3.HostLoad
	users map[model.ID][]model.ID
	// pools are how many VMs pools have.
	pools map[model.ID]int
	// templates are those that disks belong to.
	templates map[model.ID]model.ID
}

// load is what runs on a host.
func (r *request) load(id model.ID) v3.HostLoad {
	if r.related.loads == nil {
		r.related.loads = v3.Loads(r.view.Hosts(), r.view.VMs(), r.view.Clusters())
		for _, host := range r.view.Hosts() {
			if stats := r.view.StatsOf(host); stats.Known {
				load := r.related.loads[host.ID]
				load.Merging = &stats.Merging
				r.related.loads[host.ID] = load
			}
		}
	}
	return r.related.loads[id]
}

// users are the VMs that have a disk.
func (r *request) users(disk model.ID) []model.ID {
	if r.related.users == nil {
		r.related.users = map[model.ID][]model.ID{}
		for _, vm := range r.view.VMs() {
			for _, attachment := range vm.Disks {
				r.related.users[attachment.Disk] = append(r.related.users[attachment.Disk], vm.ID)
			}
		}
	}
	return r.related.users[disk]
}

// template is the one that a disk belongs to; empty for none.
func (r *request) template(disk model.ID) model.ID {
	if r.related.templates == nil {
		r.related.templates = map[model.ID]model.ID{}
		for _, template := range r.view.Templates() {
			for _, attachment := range template.Disks {
				r.related.templates[attachment.Disk] = template.ID
			}
		}
	}
	return r.related.templates[disk]
}
