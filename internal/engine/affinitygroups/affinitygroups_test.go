package affinitygroups_test

import (
	"slices"
	"strings"
	"testing"

	"vireo/internal/audit"
	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/affinitygroups"
	"vireo/internal/engine/enginetest"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/server"
)

type change = func(*model.AffinityGroup)

func edit(c change) engine.Edit[model.AffinityGroup] {
	return func(g *model.AffinityGroup) error { c(g); return nil }
}

func adding(c change) *engine.Call {
	return &engine.Call{On: model.KindAffinityGroup, Name: "add", Params: &affinitygroups.AddParams{
		Cluster: server.DefaultCluster, Edit: edit(c),
	}}
}

func updating(group model.ID, c change) *engine.Call {
	return &engine.Call{On: model.KindAffinityGroup, Name: "update", Target: group, Params: edit(c)}
}

func member(name string, group, vm model.ID) *engine.Call {
	return &engine.Call{On: model.KindAffinityGroup, Name: name, Target: group, Params: &affinitygroups.Member{VM: vm}}
}

func get(b *enginetest.Bench, id model.ID) *model.AffinityGroup {
	group, _ := b.Server.Inventory.AffinityGroups.Get(id)
	return group
}

func TestLife(t *testing.T) {
	b := enginetest.New(t, nil)
	one, two := b.VM("one"), b.VM("two")
	before := b.LastEvent()
	group := b.Must(adding(func(g *model.AffinityGroup) { g.Name, g.Positive, g.Enforcing = "pair", true, true })).Object.Ref().ID
	b.Must(member("attach", group, one))
	b.Must(member("attach", group, two))
	b.Must(member("attach", group, two))
	if !slices.Equal(get(b, group).VMs, []model.ID{one, two}) {
		t.Errorf("the members are %v", get(b, group).VMs)
	}
	b.Must(member("detach", group, one))
	b.Refused(member("detach", group, one), "NOT_FOUND")
	b.Must(updating(group, func(g *model.AffinityGroup) { g.Positive = false }))
	b.Must(updating(group, func(*model.AffinityGroup) {}))
	b.Restart()
	if g := get(b, group); g.Positive || !g.Enforcing || !slices.Equal(g.VMs, []model.ID{two}) {
		t.Errorf("after a restart the group is %+v", g)
	}
	b.Must(&engine.Call{On: model.KindVM, Name: "remove", Target: two})
	if len(get(b, group).VMs) != 0 {
		t.Error("a VM that was removed is still a member")
	}
	b.Must(&engine.Call{On: model.KindAffinityGroup, Name: "remove", Target: group})
	if get(b, group) != nil {
		t.Error("the group is still there")
	}
	codes := slices.DeleteFunc(b.Events(before), func(code int) bool { return code < 10350 || code > 10355 })
	if !slices.Equal(codes, []int{10350, 10352, 10352, 10352, 10352, 10354}) {
		t.Errorf("the events are %v", codes)
	}
}

// TestBrokenGroupIsTold: a group that comes too late for VMs that run is told of,
// and the VMs stay as they are.
func TestBrokenGroupIsTold(t *testing.T) {
	b := enginetest.New(t, nil)
	one, two := b.Running("one"), b.Running("two")
	group := b.Must(adding(func(g *model.AffinityGroup) { g.Name, g.Enforcing = "apart", true })).Object.Ref().ID
	b.Must(member("attach", group, one))
	before := b.LastEvent()
	b.Must(member("attach", group, two))
	if codes := b.Events(before); !slices.Equal(codes, []int{10352, int(audit.AffinityBroken)}) {
		t.Errorf("the events are %v", codes)
	}
	if b.Get(one).Run.Status != model.StatusUp || b.Get(two).Run.Status != model.StatusUp {
		t.Error("they do not run any more")
	}
	b.Stop(two)
	refused := b.Refused(&engine.Call{On: model.KindVM, Name: "start", Target: two}, fault.AllHostsFiltered)
	if want := "internal filter VmAffinityGroups because it matched negative affinity rules apart."; !strings.Contains(refused.Message(), want) {
		t.Errorf("%s does not say %s", refused.Message(), want)
	}
	b.Must(updating(group, func(g *model.AffinityGroup) { g.Enforcing = false }))
	b.Start(two)
}

func TestRefused(t *testing.T) {
	b := enginetest.New(t, nil)
	one, two, three := b.VM("one"), b.VM("two"), b.VM("three")
	pair := b.Must(adding(func(g *model.AffinityGroup) {
		g.Name, g.Positive, g.Enforcing, g.VMs = "pair", true, true, []model.ID{one, two}
	})).Object.Ref().ID
	other := b.Must(adding(func(g *model.AffinityGroup) { g.Name, g.Enforcing, g.VMs = "apart", true, []model.ID{one, three} })).Object.Ref().ID
	for name, refused := range map[string]struct {
		edit change
		code string
	}{
		"no name":         {func(g *model.AffinityGroup) { g.Name = "" }, fault.NameIllegal},
		"markup":          {func(g *model.AffinityGroup) { g.Name = "<b>" }, fault.NameIllegal},
		"a name in use":   {func(g *model.AffinityGroup) { g.Name = "pair" }, fault.NameInUse},
		"a long comment":  {func(g *model.AffinityGroup) { g.Name, g.Comment = "x", strings.Repeat("a", 4001) }, fault.Invalid},
		"a VM that is no": {func(g *model.AffinityGroup) { g.Name, g.VMs = "x", []model.ID{model.NewID()} }, "NOT_FOUND"},
		"the opposite":    {func(g *model.AffinityGroup) { g.Name, g.Enforcing, g.VMs = "x", true, []model.ID{one, two} }, fault.StateConflict},
	} {
		t.Run(name, func(t *testing.T) {
			b.Refused(adding(refused.edit), refused.code)
			b.Refused(updating(other, refused.edit), refused.code)
		})
	}
	b.Must(updating(other, func(g *model.AffinityGroup) { g.Enforcing, g.VMs = false, []model.ID{one, two} }))
	b.Refused(updating(other, func(g *model.AffinityGroup) { g.Enforcing = true }), fault.StateConflict)
	b.Refused(updating(pair, func(g *model.AffinityGroup) { g.Cluster = model.NewID() }), fault.IllegalField)
	b.Refused(&engine.Call{On: model.KindAffinityGroup, Name: "add"}, fault.Invalid)
	b.Refused(&engine.Call{On: model.KindAffinityGroup, Name: "update", Target: pair}, fault.Invalid)
	b.Refused(&engine.Call{On: model.KindAffinityGroup, Name: "attach", Target: pair}, fault.Invalid)
	b.Refused(&engine.Call{On: model.KindAffinityGroup, Name: "detach", Target: pair}, fault.Invalid)
	b.Refused(&engine.Call{On: model.KindAffinityGroup, Name: "remove", Target: model.NewID()}, "NOT_FOUND")
	b.Refused(&engine.Call{On: model.KindAffinityGroup, Name: "add", Params: &affinitygroups.AddParams{Cluster: model.NewID(), Edit: edit(func(*model.AffinityGroup) {})}}, "NOT_FOUND")
	call := adding(func(g *model.AffinityGroup) { g.Name = "mine" })
	call.Caller = b.Caller("user", auth.UserVMManager, model.Ref{})
	b.Refused(call, fault.NotAuthorized)
}
