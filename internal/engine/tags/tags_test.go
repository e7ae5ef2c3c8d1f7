package tags_test

import (
	"slices"
	"strings"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/tags"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

func tagCall(name string, tag model.ID, edit func(*model.Tag)) *engine.Call {
	call := &engine.Call{On: model.KindTag, Name: name, Target: tag}
	if edit != nil {
		call.Params = engine.Edit[model.Tag](func(t *model.Tag) error { edit(t); return nil })
	}
	return call
}

func on(name string, vm, tag model.ID) *engine.Call {
	return &engine.Call{On: model.KindTag, Name: name, Target: tag, Parent: vm}
}

func add(b *enginetest.Bench, name string, parent model.ID) model.ID {
	b.Helper()
	return b.Must(tagCall("add", "", func(t *model.Tag) { t.Name, t.Parent = name, parent })).Object.Ref().ID
}

func get(b *enginetest.Bench, id model.ID) *model.Tag {
	tag, _ := b.Server.Inventory.Tags.Get(id)
	return tag
}

func TestTree(t *testing.T) {
	b := enginetest.New(t, nil)
	before := b.LastEvent()
	top := add(b, "customers", "")
	middle := add(b, "customer one", top)
	leaf := add(b, "database", middle)
	if get(b, top).Parent != model.BlankID || get(b, leaf).Parent != middle {
		t.Error("the tags are not where they belong")
	}
	b.Must(tagCall("update", leaf, func(t *model.Tag) { t.Name, t.Description, t.Parent = "databases", "all of them", top }))
	if tag := get(b, leaf); tag.Name != "databases" || tag.Description != "all of them" || tag.Parent != top {
		t.Errorf("the tag is now %+v", tag)
	}
	b.Refused(tagCall("update", top, func(t *model.Tag) { t.Parent = leaf }), fault.StateConflict)
	b.Refused(tagCall("update", top, func(t *model.Tag) { t.Parent = top }), fault.StateConflict)
	b.Must(tagCall("update", leaf, func(t *model.Tag) { t.Parent = "" }))
	if get(b, leaf).Parent != model.BlankID {
		t.Error("the tag is not below the root")
	}
	if codes := b.Events(before); !slices.Equal(codes, []int{432, 432, 432, 430, 430}) {
		t.Errorf("the events are %v", codes)
	}
}

func TestRemove(t *testing.T) {
	b := enginetest.New(t, nil)
	top := add(b, "customers", "")
	leaf := add(b, "databases", add(b, "one", top))
	other := add(b, "other", "")
	vm := b.VM("web1")
	b.Must(on("attach", vm, leaf))
	b.Must(on("attach", vm, other))
	b.Must(tagCall("remove", top, nil))
	if b.Server.Inventory.Tags.Len() != 2 {
		t.Errorf("%d tags are left", b.Server.Inventory.Tags.Len())
	}
	if !slices.Equal(b.Get(vm).Tags, []model.ID{other}) {
		t.Errorf("the VM has %v", b.Get(vm).Tags)
	}
	b.Refused(tagCall("remove", top, nil), "NOT_FOUND")
	b.Refused(tagCall("remove", model.BlankID, nil), fault.StateConflict)
}

func TestRefused(t *testing.T) {
	b := enginetest.New(t, nil)
	tag, other := add(b, "one", ""), add(b, "two", "")
	for name, refused := range map[string]struct {
		edit func(*model.Tag)
		code string
	}{
		"no name":               {func(t *model.Tag) { t.Name = "" }, fault.NameIllegal},
		"a blank name":          {func(t *model.Tag) { t.Name = " " }, fault.NameIllegal},
		"a long name":           {func(t *model.Tag) { t.Name = strings.Repeat("a", 51) }, fault.NameIllegal},
		"markup in its name":    {func(t *model.Tag) { t.Name = "<b>" }, fault.NameIllegal},
		"a name in use":         {func(t *model.Tag) { t.Name = "TWO" }, fault.NameInUse},
		"the name of the root":  {func(t *model.Tag) { t.Name = "root" }, fault.NameInUse},
		"a long description":    {func(t *model.Tag) { t.Name, t.Description = "x", strings.Repeat("a", 4001) }, fault.Invalid},
		"a parent that is none": {func(t *model.Tag) { t.Name, t.Parent = "x", model.NewID() }, "NOT_FOUND"},
	} {
		t.Run(name, func(t *testing.T) {
			b.Refused(tagCall("add", "", refused.edit), refused.code)
			b.Refused(tagCall("update", tag, refused.edit), refused.code)
		})
	}
	b.Refused(tagCall("add", "", nil), fault.Invalid)
	b.Refused(tagCall("update", tag, nil), fault.Invalid)
	b.Refused(tagCall("update", tag, func(t *model.Tag) { t.ID = other }), "IMMUTABLE")
	b.Refused(tagCall("update", model.BlankID, func(t *model.Tag) { t.Name = "trunk" }), fault.StateConflict)
	b.Must(tagCall("update", model.BlankID, func(*model.Tag) {}))
	b.Refused(tagCall("update", model.NewID(), func(*model.Tag) {}), "NOT_FOUND")
}

func TestOnVMs(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, tag := b.VM("web1"), add(b, "one", "")
	before := b.LastEvent()
	b.Must(on("attach", vm, tag))
	b.Must(on("attach", vm, tag))
	if !slices.Equal(b.Get(vm).Tags, []model.ID{tag}) {
		t.Errorf("the VM has %v", b.Get(vm).Tags)
	}
	b.Must(on("detach", vm, tag))
	if len(b.Get(vm).Tags) != 0 {
		t.Errorf("the VM has %v", b.Get(vm).Tags)
	}
	if codes := b.Events(before); !slices.Equal(codes, []int{440, 446}) {
		t.Errorf("the events are %v", codes)
	}
	b.Refused(on("detach", vm, tag), "NOT_FOUND")
	b.Refused(on("attach", vm, model.NewID()), "NOT_FOUND")
	b.Refused(on("attach", vm, model.BlankID), fault.Invalid)
	b.Refused(on("attach", model.NewID(), tag), fault.VMNotFound)
	b.Refused(on("attach", "", tag), fault.Invalid)
}

// TestOnOthers: templates, hosts, users and groups carry tags as VMs do.
func TestOnOthers(t *testing.T) {
	b := enginetest.New(t, nil)
	tag, other := add(b, "one", ""), add(b, "two", "")
	group := &model.Group{ID: model.NewID(), Name: "staff", Domain: "corp.example.com"}
	b.Put(group)
	host := b.Server.Inventory.Hosts.All()[0].ID
	user := b.Caller("jane", auth.UserRole, model.Ref{}).User
	inv := b.Server.Inventory
	carriers := []struct {
		on            model.Ref
		tags          func() []model.ID
		attach, leave int
	}{
		{model.Ref{Kind: model.KindTemplate, ID: model.BlankID}, func() []model.ID { it, _ := inv.Templates.Get(model.BlankID); return it.Tags }, 20481, 20482},
		{model.Ref{Kind: model.KindHost, ID: host}, func() []model.ID { it, _ := inv.Hosts.Get(host); return it.Tags }, 442, 444},
		{model.Ref{Kind: model.KindUser, ID: user}, func() []model.ID { it, _ := inv.Users.Get(user); return it.Tags }, 436, 448},
		{group.Ref(), func() []model.ID { it, _ := inv.Groups.Get(group.ID); return it.Tags }, 438, 450},
	}
	call := func(name string, tag model.ID, on model.Ref) *engine.Call {
		return &engine.Call{On: model.KindTag, Name: name, Target: tag, Params: &tags.CarrierParams{On: on}}
	}
	for _, c := range carriers {
		before := b.LastEvent()
		b.Must(call("attach", tag, c.on))
		b.Must(call("attach", tag, c.on))
		b.Must(call("attach", other, c.on))
		b.Must(call("detach", tag, c.on))
		if !slices.Equal(c.tags(), []model.ID{other}) {
			t.Errorf("the %s has %v", c.on.Kind, c.tags())
		}
		if codes := b.Events(before); !slices.Equal(codes, []int{c.attach, c.attach, c.leave}) {
			t.Errorf("the events of a %s are %v", c.on.Kind, codes)
		}
		b.Refused(call("detach", tag, c.on), "NOT_FOUND")
		b.Refused(call("attach", model.BlankID, c.on), fault.Invalid)
		b.Refused(call("attach", tag, model.Ref{Kind: c.on.Kind, ID: model.NewID()}), "NOT_FOUND")
		denied := call("attach", tag, c.on)
		denied.Caller = b.Caller("user-of-"+string(c.on.Kind), auth.UserVMManager, model.Ref{})
		b.Refused(denied, fault.NotAuthorized)
	}
	b.Refused(call("attach", tag, model.Ref{Kind: model.KindDisk, ID: model.NewID()}), "NOT_FOUND")
	b.Refused(call("attach", tag, model.Ref{}), fault.Invalid)
	b.Must(tagCall("remove", other, nil))
	for _, c := range carriers {
		if len(c.tags()) != 0 {
			t.Errorf("a tag that was removed is on the %s", c.on.Kind)
		}
	}
	// Who is taken out of the system takes no tag along.
	b.Must(call("attach", tag, carriers[2].on))
	b.Must(&engine.Call{On: model.KindUser, Name: "remove", Target: user})
	if it, known := inv.Users.Get(user); known && len(it.Tags) != 0 {
		t.Errorf("a user who was removed has %v", it.Tags)
	}
	b.Refused(call("attach", tag, carriers[2].on), "NOT_FOUND")
}

func TestTagsDoNotWaitForJobs(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, tag := b.VM("web1"), add(b, "one", "")
	struck, release := make(chan struct{}), make(chan struct{})
	b.World.Fail(fake.Rule{Call: "Boot", Do: func() { close(struck); <-release }})
	begun := b.Begin(&engine.Call{On: model.KindVM, Name: "start", Target: vm})
	<-struck
	b.Must(on("attach", vm, tag))
	close(release)
	b.Wait(begun.Job.ID)
	if !slices.Equal(b.Get(vm).Tags, []model.ID{tag}) {
		t.Errorf("the VM has %v", b.Get(vm).Tags)
	}
}

func TestPermits(t *testing.T) {
	b := enginetest.New(t, nil)
	vm, tag := b.VM("web1"), add(b, "one", "")
	user := b.Caller("user", auth.UserVMManager, model.Ref{})
	for _, call := range []*engine.Call{
		tagCall("add", "", func(t *model.Tag) { t.Name = "mine" }), tagCall("update", tag, func(t *model.Tag) { t.Name = "mine" }),
		tagCall("remove", tag, nil), on("attach", vm, tag), on("detach", vm, tag),
	} {
		call.Caller = user
		b.Refused(call, fault.NotAuthorized)
	}
}
