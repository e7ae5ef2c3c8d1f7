package pools_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/pools"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/templates"
	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

func latest(pool *model.VMPool) { pool.UseLatestTemplateVersion = true }

// TestLatestVersion: VMs of a pool that follows its template are made anew of a newer
// version as soon as they are down and nobody has them.
func TestLatestVersion(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 2, latest)
	plain := b.pool("other", 1)
	used := b.given(pool, b.user("alice", pool))
	free := b.members(pool)[1]
	newer := b.newTemplate("newer", b.template)
	b.Await("the free one is made anew", func() bool { return b.Get(free.ID).Template == newer && b.Get(free.ID).Run.Status == model.StatusDown })
	if now := b.Get(free.ID); now.Name != free.Name || now.Pool != pool || now.Disks[0].Disk == free.Disks[0].Disk {
		t.Errorf("it was %+v and is %+v", free, now)
	}
	b.Await("its old disk is gone", func() bool { return b.Disk(free.Disks[0].Disk) == nil })
	if b.Get(used).Template != b.template || b.members(plain)[0].Template != b.template {
		t.Error("others were made anew too")
	}
	b.Stop(used)
	b.Await("the other is made anew", func() bool { return b.Get(used).Template == newer && b.Get(used).Run.Status == model.StatusDown })
	b.Must(resize(pool, 3))
	for _, vm := range b.members(pool) {
		if vm.Template != newer {
			t.Errorf("%s is of %s", vm.Name, vm.Template)
		}
	}
	b.Start(free.ID)
	b.Stop(free.ID)
	b.whole()
}

// TestRenewalFails: the VM stays what it was, and is tried again later.
func TestRenewalFails(t *testing.T) {
	b := newBench(t)
	pool := b.pool("desk", 1, latest)
	vm := b.members(pool)[0]
	last := b.LastEvent()
	b.Images.Fail("Link", errBroken)
	newer := b.newTemplate("newer", b.template)
	b.Await("it is told of", func() bool { return slices.Contains(b.Events(last), int(audit.PoolVMNotRenewed)) })
	if now := b.Get(vm.ID); now.Template != b.template || now.Run.Status != model.StatusDown || now.Disks[0] != vm.Disks[0] {
		t.Errorf("it is %+v", now)
	}
	b.Images.Clear()
	b.Await("it was tried again", func() bool { return b.Get(vm.ID).Template == newer })
	b.whole()
}

// site is a site with a pool of a template.
type site struct {
	*sitetest.Site
	template model.ID
}

func onSite(t *testing.T, test func(*testing.T, *site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &site{Site: sitetest.New(t, sitetest.Options{})}
		s.Connected()
		s.template = s.newTemplate(t, "golden", "")
		test(t, s)
	})
}

func (s *site) must(t *testing.T, call *engine.Call) model.ID {
	t.Helper()
	call.Async = new(false)
	made, err := s.Act(call)
	if err != nil {
		t.Fatal(err)
	}
	return made.Object.Ref().ID
}

func (s *site) newTemplate(t *testing.T, name string, base model.ID) model.ID {
	t.Helper()
	vm := s.Add("of-" + name)
	s.must(t, &engine.Call{On: model.KindDisk, Name: "add", Parent: vm, Params: &disks.AddParams{Edit: func(disk *model.Disk) error {
		disk.ProvisionedSize, disk.Format, disk.Interface = 1<<20, model.DiskCOW, model.DiskVirtio
		return nil
	}}})
	made := s.must(t, &engine.Call{On: model.KindTemplate, Name: "add", Parent: vm, Params: &templates.AddParams{Edit: func(t *model.Template) error {
		t.Name, t.Base = name, base
		return nil
	}}})
	s.Do("remove", vm, nil)
	return made
}

func (s *site) pool(t *testing.T, size int, edit func(*model.VMPool)) model.ID {
	t.Helper()
	return s.must(t, &engine.Call{On: model.KindVMPool, Name: "add", Params: &pools.AddParams{Size: size, Edit: func(pool *model.VMPool) error {
		pool.Name, pool.Cluster, pool.Template = "desk", sitetest.Cluster, s.template
		edit(pool)
		return nil
	}}})
}

func (s *site) member() *model.VM {
	for _, vm := range s.Inventory.VMs.All() {
		if vm.Pool != "" {
			return vm
		}
	}
	return nil
}

// TestRenewalDies: an engine that dies anywhere in it leaves the work to the next.
func TestRenewalDies(t *testing.T) {
	for _, row := range []string{"vm.renew", "vm_pool.sweep"} {
		for _, worked := range []bool{false, true} {
			t.Run(row, func(t *testing.T) {
				onSite(t, func(t *testing.T, s *site) {
					s.pool(t, 1, latest)
					dead := s.DieAt(func(point job.Point) bool { return point.Job.Action == row && point.Worked == worked })
					newer := s.newerBehind(t)
					select {
					case <-dead:
					case <-time.After(time.Hour):
						t.Fatal("it never came to that")
					}
					s.Kill()
					s.AtPoints(nil)
					s.Start()
					s.Until(time.Hour, "the VM is made anew", func() bool { return s.member().Template == newer })
					s.Whole(time.Hour)
				})
			})
		}
	}
}

// newerBehind makes a newer version of the template appear at once: the making of one is
// not what dies here.
func (s *site) newerBehind(t *testing.T) model.ID {
	t.Helper()
	older, _ := s.Inventory.Templates.Get(s.template)
	second := s.newTemplate(t, "second", "")
	s.Edit(func(tx *inventory.Tx) {
		template, _ := tx.Templates.Edit(second)
		template.Base, template.VersionNumber = older.Base, 2
	})
	return second
}

// TestHopeless: what cannot be prestarted is tried again, ever more rarely.
func TestHopeless(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		tries := 0
		s.World.Fail(fake.Rule{Call: "Boot", Error: fake.Refuse(host.RefusedResource, "no"), Do: func() { tries++ }})
		s.pool(t, 1, func(p *model.VMPool) { p.Prestarted = 1 })
		s.Pass(2 * time.Hour)
		if tries < 5 || tries > 30 {
			t.Errorf("it was tried %d times in two hours", tries)
		}
		s.World.ClearRules()
		s.Until(time.Hour, "it runs", func() bool { return s.member().Run.Status == model.StatusUp })
		s.Whole(time.Minute)
	})
}

// TestShortLived: a guest that ends at once is not started all the time.
func TestShortLived(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.pool(t, 1, func(p *model.VMPool) { p.Prestarted = 1 })
		vm := s.member().ID
		for range 5 {
			s.UntilStatus(vm, time.Minute, model.StatusUp)
			began := time.Now()
			s.World.Machine(sitetest.Host(1)).Kill(s.member().Name)
			s.UntilStatus(vm, time.Minute, model.StatusDown)
			s.UntilStatus(vm, time.Minute, model.StatusUp)
			if took := time.Since(began); took < 4*time.Second {
				t.Errorf("it was started again after %v", took)
			}
		}
		s.Whole(time.Minute)
	})
}

// TestPrestartedAfterDeath: the next engine keeps as many running, and starts none twice.
func TestPrestartedAfterDeath(t *testing.T) {
	onSite(t, func(t *testing.T, s *site) {
		s.pool(t, 2, func(p *model.VMPool) { p.Prestarted = 1 })
		s.UntilStatus(s.member().ID, time.Minute, model.StatusUp)
		s.Kill()
		s.World.Machine(sitetest.Host(1)).PowerOff(s.member().Name)
		s.Pass(time.Hour)
		s.Start()
		running := func() (n int) {
			for _, vm := range s.Inventory.VMs.All() {
				if vm.Run.Status == model.StatusUp {
					n++
				}
			}
			return n
		}
		s.Until(10*time.Minute, "one runs", func() bool { return running() == 1 })
		s.Pass(time.Hour)
		if n := running(); n != 1 {
			t.Errorf("%d run", n)
		}
		s.Whole(time.Minute)
	})
}
