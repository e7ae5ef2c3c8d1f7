package vms_test

import (
	"context"
	"testing"
	"time"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/lease"
	"vireo/internal/model"
)

// giveLease asks for a lease in a domain; "" takes it away.
func giveLease(site *sitetest.Site, vm, domain model.ID) error {
	_, err := site.Act(&engine.Call{On: model.KindVM, Name: "update", Target: vm, Params: &vms.UpdateParams{Edit: func(vm *model.VM) error {
		vm.Lease = domain
		return nil
	}}})
	return err
}

func hasLease(t *testing.T, site *sitetest.Site, vm model.ID) bool {
	t.Helper()
	_, err := site.World.Leases().Record(t.Context(), nil, vm)
	return err == nil
}

// TestLeaseRefused: what lease a VM cannot have, in the words that say why.
func TestLeaseRefused(t *testing.T) {
	domainIs := func(change func(*model.StorageDomain)) func(*sitetest.Site, model.ID) {
		return func(site *sitetest.Site, _ model.ID) {
			site.Edit(func(tx *inventory.Tx) {
				domain, _ := tx.StorageDomains.Edit(sitetest.SpareDomain)
				change(domain)
			})
		}
	}
	for name, each := range map[string]struct {
		before func(*sitetest.Site, model.ID)
		domain model.ID
		says   string
	}{
		"of no domain":     {domain: "00000003-0003-0003-0003-000000000099", says: "Cannot edit VM. Storage Domain doesn't exist."},
		"on an ISO domain": {domain: sitetest.ISODomain, says: "Cannot edit VM. The lease of a VM must be in a data domain."},
		"of another data center": {
			before: domainIs(func(domain *model.StorageDomain) { domain.DataCenter = model.NewID() }),
			domain: sitetest.SpareDomain, says: "Cannot edit VM. The lease of a VM must be in a storage domain of its data center.",
		},
		"in maintenance": {
			before: domainIs(func(domain *model.StorageDomain) { domain.Status = model.StorageDomainMaintenance }),
			domain: sitetest.SpareDomain, says: "Cannot edit VM. The relevant Storage Domain's status is maintenance.",
		},
		"while it runs": {
			before: func(site *sitetest.Site, id model.ID) { site.Bring(id, model.StatusUp) },
			domain: sitetest.DataDomain, says: "Cannot edit VM. The lease of a VM can be changed while the VM is down.",
		},
		"while it is suspended": {
			before: func(site *sitetest.Site, id model.ID) { site.Bring(id, model.StatusSuspended) },
			domain: sitetest.DataDomain, says: "Cannot edit VM. The lease of a VM can be changed while the VM is down.",
		},
		"where it cannot be made": {
			before: func(site *sitetest.Site, _ model.ID) { site.World.HideLeases(true) },
			domain: sitetest.DataDomain, says: "Cannot edit VM. The storage domain data failed: the lease could not be made or read",
		},
		"without the program": {
			before: func(site *sitetest.Site, _ model.ID) { site.Engine.Leases = unable{site.Engine.Leases} },
			domain: sitetest.DataDomain, says: "Cannot edit VM. Leases of VMs need the program sanlock where the engine runs, and it is not installed there.",
		},
	} {
		t.Run(name, func(t *testing.T) {
			onSite(t, twoHosts, func(t *testing.T, site *sitetest.Site) {
				id := site.Add("vm")
				if each.before != nil {
					each.before(site, id)
				}
				err := giveLease(site, id, each.domain)
				if err == nil || fault.Of(err).Message() != each.says {
					t.Errorf("it was answered %q", fault.Of(err).Message())
				}
				if site.VM(id).Lease != "" {
					t.Error("it has a lease")
				}
			})
		})
	}
}

// unable are leases without the program that makes them.
type unable struct{ lease.Leases }

func (unable) Ready(context.Context, *model.StorageDomain, int, int) error { return lease.ErrUnable }

// TestStartNeedsItsLease: a VM that has a lease is not started without.
func TestStartNeedsItsLease(t *testing.T) {
	for name, each := range map[string]struct {
		before func(*sitetest.Site, *model.StorageDomain)
		says   string
	}{
		"in maintenance": {func(_ *sitetest.Site, domain *model.StorageDomain) { domain.Status = model.StorageDomainMaintenance }, "Cannot run VM. The relevant Storage Domain's status is maintenance."},
		"unreadable":     {func(site *sitetest.Site, _ *model.StorageDomain) { site.World.HideLeases(true) }, "Cannot run VM. The storage domain spare failed: the lease could not be made or read"},
		"forgotten":      {nil, "Cannot run VM. Storage Domain doesn't exist."},
	} {
		t.Run(name, func(t *testing.T) {
			onSite(t, twoHosts, func(t *testing.T, site *sitetest.Site) {
				id := site.Add("vm")
				if err := giveLease(site, id, sitetest.SpareDomain); err != nil {
					t.Fatal(err)
				}
				site.Edit(func(tx *inventory.Tx) {
					if each.before == nil {
						tx.StorageDomains.Delete(sitetest.SpareDomain)
						return
					}
					domain, _ := tx.StorageDomains.Edit(sitetest.SpareDomain)
					each.before(site, domain)
				})
				_, err := site.Act(&engine.Call{On: model.KindVM, Name: "start", Target: id, Async: new(false)})
				if err == nil || fault.Of(err).Message() != each.says {
					t.Errorf("it was answered %q", fault.Of(err).Message())
				}
				site.UntilStatus(id, time.Minute, model.StatusDown)
				if vm := site.VM(id); vm.Run.Lease != nil || vm.Run.Host != "" {
					t.Errorf("its run is %+v", vm.Run)
				}
				site.World.HideLeases(false)
				moveLease(t, site, id, "")
				site.Bring(id, model.StatusUp)
			})
		})
	}
}

// TestLeaseIsRemoved: a lease that a VM does not have any more is removed, and one that it
// has again is not.
func TestLeaseIsRemoved(t *testing.T) {
	for name, each := range map[string]struct {
		end  func(*testing.T, *sitetest.Site, model.ID)
		left bool
	}{
		"with the VM": {func(_ *testing.T, site *sitetest.Site, id model.ID) { site.Do("remove", id, nil) }, false},
		"alone":       {func(t *testing.T, site *sitetest.Site, id model.ID) { moveLease(t, site, id, "") }, false},
		"after a while": {func(t *testing.T, site *sitetest.Site, id model.ID) {
			site.World.HideLeases(true)
			moveLease(t, site, id, "")
			site.Pass(time.Minute)
			site.World.HideLeases(false)
		}, false},
		"and given again": {func(t *testing.T, site *sitetest.Site, id model.ID) {
			site.World.HideLeases(true)
			moveLease(t, site, id, "")
			site.Pass(time.Minute)
			site.World.HideLeases(false)
			moveLease(t, site, id, sitetest.DataDomain)
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			onSite(t, twoHosts, func(t *testing.T, site *sitetest.Site) {
				id := site.Add("vm", func(vm *model.VM) { vm.Lease = sitetest.DataDomain })
				site.Bring(id, model.StatusUp)
				if !hasLease(t, site, id) {
					t.Fatal("no lease was made")
				}
				site.Do("stop", id, nil)
				each.end(t, site, id)
				if each.left {
					site.Pass(3 * time.Hour)
				} else {
					site.Until(3*time.Hour, "the lease to be gone", func() bool { return !hasLease(t, site, id) })
				}
				if left := hasLease(t, site, id); left != each.left {
					t.Errorf("it is there: %v", left)
				}
				site.Whole(sitetest.Soon)
			})
		})
	}
}

func moveLease(t *testing.T, site *sitetest.Site, vm, domain model.ID) {
	t.Helper()
	if err := giveLease(site, vm, domain); err != nil {
		t.Fatal(err)
	}
}

// TestLeaseUsesItsDomain: a domain is not taken away from under a guest that has its lease there.
func TestLeaseUsesItsDomain(t *testing.T) {
	onSite(t, twoHosts, func(t *testing.T, site *sitetest.Site) {
		id := site.Add("vm", func(vm *model.VM) { vm.Lease = sitetest.SpareDomain })
		site.Bring(id, model.StatusUp)
		_, err := site.Act(&engine.Call{On: model.KindStorageDomain, Name: "deactivate", Target: sitetest.SpareDomain})
		if says := fault.Of(err).Message(); err == nil || says != "Cannot deactivate Storage. VM vm runs and uses the storage domain spare; stop it first." {
			t.Errorf("it was answered %q", says)
		}
	})
}

// TestLeaseOfASuspendedVM: it is given up, and taken anew.
func TestLeaseOfASuspendedVM(t *testing.T) {
	onSite(t, twoHosts, func(t *testing.T, site *sitetest.Site) {
		id := site.Add("vm", func(vm *model.VM) { vm.Lease = sitetest.DataDomain })
		site.Bring(id, model.StatusUp)
		held := func() (lease.Record, bool) {
			record, err := site.World.Leases().Record(t.Context(), nil, id)
			return record, err == nil && record.Held
		}
		first, ok := held()
		if !ok {
			t.Error("a guest that runs does not hold its lease")
		}
		site.UntilStatus(id, time.Minute, model.StatusUp)
		site.Do("suspend", id, nil)
		if _, ok := held(); ok {
			t.Error("a suspended guest holds its lease")
		}
		if known := site.VM(id).Run.Lease; known != nil {
			t.Errorf("of a suspended guest there is known %+v", known)
		}
		site.Do("start", id, nil)
		again, ok := held()
		known := site.VM(id).Run.Lease
		if !ok || again.Holder.Version <= first.Holder.Version || known == nil || known.Floor != first.Holder.Version {
			t.Errorf("after it was restored the lease says %+v, and there is known %+v", again, known)
		}
	})
}

// TestWhoMayGiveALease: it is room in a storage domain.
func TestWhoMayGiveALease(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, domain := b.VM("vm"), b.Domain("local-data").ID
	call := func(caller *auth.Caller) *engine.Call {
		return &engine.Call{On: model.KindVM, Name: "update", Target: vm, Caller: caller, Params: &vms.UpdateParams{Edit: func(vm *model.VM) error {
			vm.Lease = domain
			return nil
		}}}
	}
	b.Refused(call(b.Caller("manager", auth.UserVMManager, model.Ref{Kind: model.KindVM, ID: vm})), fault.NotAuthorized)
	b.Must(call(b.Caller("administrator", auth.SuperUser, model.Ref{})))
	if b.Get(vm).Lease != domain {
		t.Error("it has no lease")
	}
}
