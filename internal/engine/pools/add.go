package pools

import (
	"context"

	"vireo/internal/engine"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// AddParams are the Params of add.
type AddParams struct {
	// Edit sets Name, Cluster and Template of the new pool, and whatever else is to be.
	Edit engine.Edit[model.VMPool] `json:"-"`
	// Size is how many VMs it is to have.
	Size int `json:"-"`

	// The rest is filled in, for the step.
	Pool model.ID `json:"pool"`
	vms.Several
}

// Durable keeps the parameters with the job.
func (*AddParams) Durable() {}

func addParams(call *engine.Call) *AddParams {
	params, ok := call.Params.(*AddParams)
	if !ok || params == nil {
		params = &AddParams{}
		call.Params = params
	}
	if params.Pool == "" {
		params.Pool = model.NewID()
	}
	return params
}

// wanted is the pool that a call asks for.
func wanted(call *engine.Call) (*model.VMPool, error) {
	params := addParams(call)
	pool := &model.VMPool{ID: params.Pool, Type: model.VMPoolAutomatic, MaxUserVMs: 1}
	if params.Edit == nil {
		return pool, fault.New(fault.Invalid, call.Verb, "Nothing to add was given.")
	}
	err := params.Edit(pool)
	pool.ID = params.Pool
	return pool, err
}

// demandsOfAdd: the template counts, whose disks the VMs read, and the cluster.
func demandsOfAdd(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	pool, err := wanted(call)
	if err != nil {
		pool = &model.VMPool{} // which is refused afterwards
	}
	return []engine.Demand{
		{Permit: "create_vm_pool", On: model.Ref{Kind: model.KindCluster, ID: pool.Cluster}},
		{Permit: "create_vm", On: model.Ref{Kind: model.KindTemplate, ID: pool.Template}},
	}, nil
}

// makesDisks says whether an add makes disks: then it is work in the background.
func makesDisks(tx *inventory.Tx, call *engine.Call) bool {
	pool, err := wanted(call)
	return err == nil && addParams(call).Size > 0 && hasDisks(tx, pool)
}

func hasDisks(tx *inventory.Tx, pool *model.VMPool) bool {
	template, ok := templateOf(tx, pool)
	return ok && len(template.Disks) > 0
}

// templateOf is the version that VMs of a pool are made of now.
func templateOf(tx *inventory.Tx, pool *model.VMPool) (*model.Template, bool) {
	template, ok := tx.Templates.Get(pool.Template)
	if ok && pool.UseLatestTemplateVersion {
		template = engine.Newest(tx.Templates.All(), template)
	}
	return template, ok
}

// add records a pool and its VMs, which are locked until their disks are made.
func (r *room) add(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	pool, err := wanted(call)
	if err != nil {
		return nil, err
	}
	params := addParams(call)
	if err := r.check(tx, call.Verb, pool, params.Size); err != nil {
		return nil, err
	}
	tx.VMPools.Put(pool)
	made, err := r.makeVMs(tx, call, pool, params.Size)
	if err != nil {
		return nil, err
	}
	params.Several = *made
	return pool, nil
}

// makeVMs records so many more VMs of a pool.
func (r *room) makeVMs(tx *inventory.Tx, call *engine.Call, pool *model.VMPool, count int) (*vms.Several, error) {
	names, err := namesOf(tx, call.Verb, pool, count)
	if err != nil {
		return nil, err
	}
	edits := make([]engine.Edit[model.VM], len(names))
	for i, name := range names {
		edits[i] = member(pool, name)
	}
	return vms.MakeSeveral(r.Engine, tx, call, edits)
}

// member makes a VM one of a pool.
func member(pool *model.VMPool, name string) engine.Edit[model.VM] {
	return func(vm *model.VM) error {
		vm.Name, vm.Pool, vm.Cluster, vm.Template = name, pool.ID, pool.Cluster, pool.Template
		vm.UseLatestTemplateVersion = pool.UseLatestTemplateVersion
		vm.HA.Enabled = false // a VM that has gone down is the pool's
		if pool.SoundcardEnabled != nil {
			vm.SoundcardEnabled = *pool.SoundcardEnabled
		}
		return nil
	}
}

// makeDisks and unmakeDisks are the step of add and update.
func (r *room) makeDisks(ctx context.Context, w *job.Work) error {
	var made vms.Several
	if err := w.Params(&made); err != nil {
		return err
	}
	return r.CopyDisks(ctx, w, &made.Copies)
}

func (r *room) unmakeDisks(ctx context.Context, w *job.Work) error {
	var made vms.Several
	if err := w.Params(&made); err != nil {
		return err
	}
	return r.UncopyDisks(ctx, &made.Copies)
}

// added settles an add: there is the pool with all its VMs, or nothing of it.
func (r *room) added(tx *inventory.Tx, w *job.Work, failure error) {
	r.grown(tx, w, failure)
	if failure != nil {
		tx.VMPools.Delete(w.Job.Target.ID)
	}
}

// grown settles the making of VMs: there are all of them, or none.
func (r *room) grown(tx *inventory.Tx, w *job.Work, failure error) {
	var made vms.Several
	_ = w.Params(&made) // the step has read them
	vms.SettleSeveral(r.Engine, tx, w, &made, failure)
}
