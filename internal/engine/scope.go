package engine

import (
	"slices"

	"vireo/internal/auth"
	"vireo/internal/model"
)

// scope is what a caller may see, worked out once for a request.
type scope struct {
	tree *tree
	// everything is for the engine itself, and for those who were given a role on
	// the system that shows what is below.
	everything bool
	// administrator is for those who hold an administrative role anywhere.
	administrator bool
	// given are the objects that a role was given on; open those of them whose
	// roles show what is below, and openHosts those whose administrative roles do.
	given, open, openHosts map[model.Ref]bool
	// around are the objects above those given, which are seen with them.
	around map[model.Ref]bool
	// public are the vNIC profiles that everybody may use who sees their networks.
	public map[model.Ref]bool
}

// scopeOf works out what a caller may see; nil is the engine itself.
func (e *Engine) scopeOf(caller *auth.Caller) *scope {
	if caller == nil {
		return &scope{everything: true, administrator: true}
	}
	records := e.Records()
	s := &scope{administrator: caller.Admin}
	permissions := records.PermissionsOf(caller.User)
	for _, permission := range permissions {
		role, known := records.Role(permission.Role)
		if known && permission.Object == (model.Ref{}) && role.SeesChildren && role.Administrative {
			s.everything = true
			return s
		}
	}
	s.tree = treeNow(e.Inventory)
	s.given, s.open, s.openHosts = map[model.Ref]bool{}, map[model.Ref]bool{}, map[model.Ref]bool{}
	s.around, s.public = map[model.Ref]bool{}, map[model.Ref]bool{}
	for _, permission := range permissions {
		role, known := records.Role(permission.Role)
		if !known {
			continue
		}
		on := permission.Object
		if permission.Group == auth.Everyone && on.Kind == model.KindVNICProfile {
			s.public[on] = true
			continue
		}
		s.given[on] = true
		s.open[on] = s.open[on] || role.SeesChildren
		s.openHosts[on] = s.openHosts[on] || role.SeesChildren && role.Administrative
		for _, above := range s.tree.above(on) {
			s.around[above] = contains(above.Kind)
		}
	}
	return s
}

// contains says whether objects of a kind hold others.
func contains(kind model.Kind) bool {
	return kind == model.KindDataCenter || kind == model.KindCluster || kind == model.KindStorageDomain
}

// sees says whether the caller may see an object: one that a role was given on,
// one below it if the role shows what is below, and what those are in. Whoever may
// make things sees what to make them in. Hosts are for administrators. What
// everybody needs who uses a data center is seen with it: its networks, their profiles
// that are everybody's, and ISO domains. The template Blank and the roles are everybody's.
func (s *scope) sees(ref model.Ref) bool {
	if s.everything {
		return true
	}
	open := s.open
	switch {
	case ref.Kind == model.KindRole, ref.Kind == model.KindDomain, ref == model.Ref{Kind: model.KindTemplate, ID: model.BlankID}:
		return true
	case ref.Kind == model.KindHost:
		open = s.openHosts
		if s.given[ref] {
			return s.administrator
		}
	case s.given[ref], s.around[ref]:
		return true
	case contains(ref.Kind):
		open = s.given
	}
	if open[model.Ref{}] {
		return true
	}
	for _, above := range s.tree.above(ref) {
		if open[above] {
			return true
		}
	}
	return s.seesBesides(ref)
}

// administers says whether an administrative role that shows what is below was given
// on an object, or above it.
func (s *scope) administers(ref model.Ref) bool {
	if s.everything || s.openHosts[model.Ref{}] || s.openHosts[ref] {
		return true
	}
	return slices.ContainsFunc(s.tree.above(ref), func(above model.Ref) bool { return s.openHosts[above] })
}

// opens says whether the caller sees what is below an object.
func (s *scope) opens(ref model.Ref) bool {
	if s.everything || s.open[model.Ref{}] || s.open[ref] {
		return true
	}
	return slices.ContainsFunc(s.tree.above(ref), func(above model.Ref) bool { return s.open[above] })
}

func (s *scope) seesBesides(ref model.Ref) bool {
	switch ref.Kind {
	case model.KindVM: // users of a pool see those only that they have
		vm, ok := s.tree.vm(ref.ID)
		return ok && vm.Pool != "" && s.administers(model.Ref{Kind: model.KindVMPool, ID: vm.Pool})
	case model.KindDisk: // a shared one is seen with each of the VMs that have it
		return slices.ContainsFunc(s.tree.holders(ref.ID), s.sees)
	case model.KindNetwork:
		network, ok := s.tree.network(ref.ID)
		return ok && s.sees(model.Ref{Kind: model.KindDataCenter, ID: network.DataCenter})
	case model.KindVNICProfile:
		profile, ok := s.tree.profile(ref.ID)
		return ok && s.public[ref] && s.sees(model.Ref{Kind: model.KindNetwork, ID: profile.Network})
	case model.KindStorageDomain:
		domain, ok := s.tree.domain(ref.ID)
		return ok && domain.Type == model.StorageDomainISO && domain.DataCenter != "" &&
			s.sees(model.Ref{Kind: model.KindDataCenter, ID: domain.DataCenter})
	}
	return false
}
