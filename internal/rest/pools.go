package rest

import (
	"net/http"

	"vireo/internal/engine"
	"vireo/internal/engine/pools"
	"vireo/internal/lifecycle"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
	"vireo/internal/rest/v4"
	"vireo/internal/search"
)

// Pools of VMs, in both versions: what differs is the shape.

var vmPoolList = collection[*model.VMPool]{
	root: "vmpools", item: "vmpool", kind: vmPoolKind,
	rows: func(r *request) ([]*model.VMPool, error) { return r.view.VMPools(), nil },
	show: showVMPool,
}

var oneVMPool = object("vmpool", (*request).vmPool, showVMPool)

func (r *request) vmPool() (*model.VMPool, error) { return r.view.VMPool(r.id("vmpool")) }

func showVMPool(r *request, pool *model.VMPool) (any, error) {
	return r.page.ShowVMPool(pool, r.poolSize(pool.ID)), nil
}

var vmPoolList4 = func() collection[*model.VMPool] {
	list := shown4(vmPoolList, showVMPool4)
	list.root, list.item = "vm_pools", "vm_pool"
	return list
}()

var oneVMPool4 = object("vm_pool", (*request).vmPool, showVMPool4)

func showVMPool4(r *request, pool *model.VMPool) (any, error) {
	return r.page4.ShowVMPool(pool, r.poolSize(pool.ID)), nil
}

// poolSize is how many VMs a pool has.
func (r *request) poolSize(id model.ID) int {
	if r.related.pools == nil {
		r.related.pools = r.view.PoolSizes()
	}
	return r.related.pools[id]
}

var vmPoolKind = &search.Kind{
	Name: "Pools", Prefixes: []string{"pool", "vmpools"}, SortBy: "name",
	Fields: []search.Field{
		{Name: "name", Free: true, Values: search.TextOf(func(v *row[*model.VMPool]) string { return v.it.Name })},
		{Name: "comment", Values: search.TextOf(func(v *row[*model.VMPool]) string { return v.it.Comment })},
		{Name: "description", Free: true, Values: search.TextOf(func(v *row[*model.VMPool]) string { return v.it.Description })},
		{Name: "id", Values: search.TextOf(func(v *row[*model.VMPool]) string { return string(v.it.ID) })},
		{Name: "type", Type: search.Enum, Words: search.Words("automatic", "manual"), Values: search.TextOf(func(v *row[*model.VMPool]) string { return string(v.it.Type) })},
		{Name: "cluster", Values: search.TextOf(func(v *row[*model.VMPool]) string { return clusterName(v.in, v.it.Cluster) })},
		{Name: "datacenter", Values: search.TextOf(func(v *row[*model.VMPool]) string { return dataCenterOfCluster(v.in, v.it.Cluster) })},
		{Name: "template", Values: search.TextOf(func(v *row[*model.VMPool]) string { return templateName(v.in, v.it.Template) })},
		{Name: "assigned_vm_count", Type: search.Number, Values: search.NumberOf(func(v *row[*model.VMPool]) float64 { return float64(v.in.poolSize(v.it.ID)) })},
		{Name: "running_vm_count", Type: search.Number, Values: search.NumberOf(func(v *row[*model.VMPool]) float64 {
			running := 0
			for _, vm := range v.in.view.VMs() {
				if vm.Pool == v.it.ID && lifecycle.Active(vm.Run.Status) {
					running++
				}
			}
			return float64(running)
		})},
		{Name: "architecture", Values: search.TextOf(func(v *row[*model.VMPool]) string {
			cluster, err := v.in.view.Cluster(v.it.Cluster)
			if err != nil {
				return ""
			}
			return string(cluster.Architecture)
		})},
	},
}

func templateName(in *request, id model.ID) string {
	template, err := in.view.Template(id)
	if err != nil {
		return ""
	}
	return template.Name
}

func vmPool(v *row[*model.VM]) string {
	pool, err := v.in.view.VMPool(v.it.Pool)
	if err != nil {
		return ""
	}
	return pool.Name
}

// addVMPool makes a pool.
func (s *Server) addVMPool(r *request) (*answer, error) {
	shape := &v3.VMPool{}
	if err := r.read("vmpool", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	find := r.finder()
	edit := func(pool *model.VMPool) error { return shape.Apply(pool, find) }
	call, err := r.callOfVMPool(edit, shape.Size)
	if err != nil {
		return nil, err
	}
	return r.create(call, "vmpool", func(object model.Object) (any, *v3.Resource, error) {
		made, err := r.view.VMPool(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page.ShowVMPool(made, r.poolSize(made.ID))
		return out, &out.Resource, nil
	})
}

// callOfVMPool is the command that makes a pool: of one VM, if nothing else is said.
func (r *request) callOfVMPool(edit engine.Edit[model.VMPool], size *int) (*engine.Call, error) {
	if err := edit(&model.VMPool{}); err != nil {
		return nil, err
	}
	params := &pools.AddParams{Edit: edit, Size: 1}
	if size != nil {
		params.Size = *size
	}
	call := r.call(model.KindVMPool, "add")
	call.Params = params
	return call, nil
}

// addVMPool4 makes a pool.
func (s *Server) addVMPool4(r *request) (*answer, error) {
	shape := &v4.VMPool{}
	if err := r.read("vm_pool", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	find := r.finder()
	edit := func(pool *model.VMPool) error { return shape.Apply(pool, find) }
	call, err := r.callOfVMPool(edit, shape.Size)
	if err != nil {
		return nil, err
	}
	return r.create4(call, "vm_pool", func(object model.Object) (any, *v4.Resource, error) {
		made, err := r.view.VMPool(object.Ref().ID)
		if err != nil {
			return nil, nil, err
		}
		out := r.page4.ShowVMPool(made, r.poolSize(made.ID))
		return out, &out.Resource, nil
	})
}

// changeVMPool changes a pool. VMs that this makes or removes are there, or gone, with the
// answer; their disks follow.
func (r *request) changeVMPool(edit engine.Edit[model.VMPool], size *int) error {
	if err := edit(&model.VMPool{}); err != nil {
		return err
	}
	call := r.call(model.KindVMPool, "update")
	call.Params = &pools.UpdateParams{Edit: edit, Size: size}
	_, err := r.act(call, nil)
	return err
}

// updateVMPool changes a pool.
func (s *Server) updateVMPool(r *request) (*answer, error) {
	shape := &v3.VMPool{}
	if err := r.read("vmpool", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("vmpool")); err != nil {
		return nil, err
	}
	find := r.finder()
	if err := r.changeVMPool(func(pool *model.VMPool) error { return shape.Apply(pool, find) }, shape.Size); err != nil {
		return nil, err
	}
	return oneVMPool(r)
}

// updateVMPool4 changes a pool.
func (s *Server) updateVMPool4(r *request) (*answer, error) {
	shape := &v4.VMPool{}
	if err := r.read("vm_pool", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("vmpool")); err != nil {
		return nil, err
	}
	find := r.finder()
	if err := r.changeVMPool(func(pool *model.VMPool) error { return shape.Apply(pool, find) }, shape.Size); err != nil {
		return nil, err
	}
	return oneVMPool4(r)
}

// removeVMPool removes a pool with its VMs.
func (s *Server) removeVMPool(r *request) (*answer, error) {
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	return r.remove(r.call(model.KindVMPool, "remove"), action)
}

// removeVMPool4 removes a pool with its VMs.
func (s *Server) removeVMPool4(r *request) (*answer, error) {
	action := &v4.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	result, err := r.act(r.call(model.KindVMPool, "remove"), action.Async)
	if err != nil {
		return nil, err
	}
	if result.Pending {
		return &answer{code: http.StatusAccepted}, nil
	}
	return &answer{root: "action", shape: r.done4(&v4.Action{}, result)}, nil
}
