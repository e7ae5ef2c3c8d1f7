package storage

import (
	"context"
	"slices"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// domain is the domain of a job as it is now.
func (r *room) domain(w *job.Work) (*model.StorageDomain, error) {
	domain, ok := r.Inventory.StorageDomains.Get(w.Job.Target.ID)
	if !ok {
		return nil, fault.New(fault.DomainNotFound, w.Job.Verb)
	}
	return domain, nil
}

// on does something with the domain of a job.
func (r *room) on(w *job.Work, do func(*model.StorageDomain) error) error {
	domain, err := r.domain(w)
	if err != nil {
		return err
	}
	return engine.StorageFault(w.Job.Verb, domain, do(domain))
}

func (r *room) connect(ctx context.Context, w *job.Work) error {
	return r.on(w, func(domain *model.StorageDomain) error { return r.Connect(ctx, domain) })
}

// unconnect leaves it connected where it was so before.
func (r *room) unconnect(ctx context.Context, w *job.Work) error {
	domain, err := r.domain(w)
	if err != nil || w.Job.Action == string(model.KindStorageDomain)+".activate" && wasInactive(w) {
		return err
	}
	return r.disconnectFrom(ctx, w, domain)
}

func (r *room) disconnect(_ context.Context, w *job.Work) error {
	return r.on(w, func(domain *model.StorageDomain) error { return r.disconnectFrom(w.Steady(), w, domain) })
}

// letGo is disconnect for a domain that is forgotten all the same.
func (r *room) letGo(ctx context.Context, w *job.Work) error {
	domain, err := r.domain(w)
	if err != nil {
		return err
	}
	if err := r.disconnectFrom(w.Steady(), w, domain); err != nil && w.Steady().Err() == nil {
		r.Log.WarnContext(ctx, "a storage domain that was destroyed could not be disconnected", "storage_domain", domain.ID, "err", err)
	}
	return w.Steady().Err()
}

// disconnectFrom disconnects a place, unless another domain there is used.
func (r *room) disconnectFrom(ctx context.Context, w *job.Work, domain *model.StorageDomain) error {
	shared := slices.ContainsFunc(r.Inventory.StorageDomains.All(), func(other *model.StorageDomain) bool {
		return other.ID != domain.ID && other.Mount == domain.Mount &&
			(other.Status.Connected() || r.held(other.Ref()))
	})
	if shared {
		return nil
	}
	return r.Disconnect(ctx, domain)
}

func (r *room) held(ref model.Ref) bool {
	_, held := r.Inventory.Holder(ref)
	return held
}

func (r *room) format(ctx context.Context, w *job.Work) error {
	return r.on(w, func(domain *model.StorageDomain) error { return r.Images.Format(ctx, domain) })
}

func (r *room) erase(_ context.Context, w *job.Work) error {
	return r.on(w, func(domain *model.StorageDomain) error { return r.Images.Erase(w.Steady(), domain) })
}

// describe writes what is recorded into the domain.
func (r *room) describe(_ context.Context, w *job.Work) error {
	return r.on(w, func(domain *model.StorageDomain) error { return r.Describe(w.Steady(), domain) })
}

// claim writes the data center into the domain, if nobody else has done so since it
// was added.
func (r *room) claim(ctx context.Context, w *job.Work) error {
	return r.on(w, func(domain *model.StorageDomain) error {
		if err := r.Images.Check(ctx, domain); err != nil {
			return err
		}
		return r.Describe(w.Steady(), domain)
	})
}

// release takes the data center out of the domain.
func (r *room) release(_ context.Context, w *job.Work) error {
	return r.on(w, func(domain *model.StorageDomain) error {
		free := model.Clone(domain)
		free.DataCenter, free.Master = "", false
		return r.Describe(w.Steady(), free)
	})
}

func (r *room) look(ctx context.Context, w *job.Work) error {
	return r.on(w, func(domain *model.StorageDomain) error {
		if err := r.Images.Check(ctx, domain); err != nil {
			return err
		}
		return r.Describe(w.Steady(), domain)
	})
}

// checkStatus refuses a domain whose status does not allow the command.
func checkStatus(name string) func(*inventory.Tx, *engine.Call) error {
	return func(tx *inventory.Tx, call *engine.Call) error {
		domain, _ := tx.StorageDomains.Get(call.Target)
		if !slices.Contains(statuses[name], domain.Status) {
			return fault.New(fault.DomainStatusIllegal, call.Verb, string(domain.Status))
		}
		return nil
	}
}
