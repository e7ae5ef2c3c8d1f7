package engine_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/cdroms"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/nics"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/host/fake"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// slow is how long each call takes of a job that is held: longer than what is looked at
// for one command meanwhile.
const slow = 7 * time.Second

// TestEveryVerbDuringEveryJob holds the job of every path at each of its steps and
// tries every row meanwhile. What shares a lock with the job is refused; stop and
// shutdown end the job first, where they may; and everything ends whole.
func TestEveryVerbDuringEveryJob(t *testing.T) {
	for _, row := range table(t) {
		for i := range row.Paths {
			path := &row.Paths[i]
			for _, step := range path.Steps {
				t.Run(row.Key()+"/"+path.Name+"/"+step.Name, func(t *testing.T) {
					t.Run("others", func(t *testing.T) { held(t, row, path, step, tryOthers) })
					for _, name := range some(t.Name(), []string{"stop", "shutdown"}) {
						t.Run(name, func(t *testing.T) {
							held(t, row, path, step, func(t *testing.T, tr *trial, _ *model.Job) { tryEnd(t, tr, name) })
						})
					}
				})
			}
		}
	}
}

// held runs try while the job of the path is held at the step.
func held(t *testing.T, row *engine.Command, path *engine.Path, step job.Step, try func(*testing.T, *trial, *model.Job)) {
	synctest.Test(t, func(t *testing.T) {
		tr := prepareWith(t, sitetest.New(t, sitetest.Options{}), row, path, furnish)
		reached := make(chan *model.Job, 1)
		tr.AtPoints(func(point job.Point) bool {
			if tr.of(point) && point.Step == step.Name && !point.Worked && !point.Undo {
				tr.World.Fail(fake.Rule{Guest: "vm", Delay: slow})
				tr.Images.Fail(sitetest.ImageRule{Delay: slow})
				reached <- point.Job
			}
			return false
		})
		tr.Begin(tr.call)
		var at *model.Job
		select {
		case at = <-reached:
		case <-time.After(long):
			t.Fatal("the job never came to the step")
		}
		synctest.Wait()
		try(t, tr, at)
		tr.World.ClearRules()
		tr.Images.Clear()
		tr.Pass(10 * time.Minute)
		tr.Whole(long)
	})
}

// diskless are the paths of VMs that have no disks, or that leave what they had to others.
var diskless = map[string]bool{"vm.export/describe": true, "vm.release/release": true}

// furnish gives the VM one of everything.
func furnish(tr *trial) {
	if len(tr.VM(tr.vm).Disks) == 0 && !diskless[tr.row.Key()+"/"+tr.path.Name] {
		addDisk(tr.Site, tr.vm)
	}
	tr.Edit(func(tx *inventory.Tx) {
		vm, _ := tx.VMs.Edit(tr.vm)
		if len(vm.NICs) == 0 {
			vm.NICs = []model.NIC{{
				ID: model.NewID(), Name: "nic1", Network: sitetest.Network,
				Interface: model.NICVirtio, MAC: "00:1a:4a:16:01:61", Linked: true, Plugged: true,
			}}
		}
	})
}

// meanwhile gives a call of a row on a VM that is furnished; nil for rows that have
// nothing to do with VMs.
func meanwhile(tr *trial, row *engine.Command) *engine.Call {
	call := &engine.Call{On: row.On, Name: row.Name, Async: new(true)}
	vm := tr.VM(tr.vm)
	switch row.On {
	case model.KindVM:
		call.Target = vm.ID
	case model.KindDisk:
		if len(vm.Disks) == 0 {
			return nil
		}
		call.Parent, call.Target = vm.ID, vm.Disks[0].Disk
	case model.KindNIC:
		if len(vm.NICs) == 0 {
			return nil
		}
		call.Parent, call.Target = vm.ID, vm.NICs[0].ID
	case model.KindCDROM:
		call.Parent = vm.ID
	case model.KindTemplate:
		if row.Name != "add" {
			return nil
		}
		call.Parent, call.Params = vm.ID, templateOf("meanwhile")
	default:
		return nil
	}
	switch row.Key() {
	case "vm.add", "disk.attach":
		return nil
	case "vm.detach":
		if vm.Pool == "" {
			return nil // nobody may, whatever else happens (api-v3 3.9)
		}
	case "vm.clone":
		call.Params = &vms.CloneParams{Name: "meanwhile"}
	case "vm.update":
		call.Params = &vms.UpdateParams{Edit: func(vm *model.VM) error { vm.Description += "!"; return nil }}
	case "disk.add":
		call.Target, call.Params = "", addParams()
	case "disk.update":
		call.Params = &disks.UpdateParams{Edit: func(disk *model.Disk) error { disk.Alias += "x"; return nil }}
	case "nic.add":
		call.Target = ""
		call.Params = &nics.Params{Edit: func(nic *model.NIC) error { nic.Name, nic.Network = "nic9", sitetest.Network; return nil }}
	case "nic.update":
		call.Params = &nics.Params{Edit: func(nic *model.NIC) error { nic.Linked = !nic.Linked; return nil }}
	case "cdrom.update":
		call.Params = &cdroms.UpdateParams{File: "tool.iso"}
	}
	return call
}

// tryOthers tries every row that does not interrupt, one after the other.
func tryOthers(t *testing.T, tr *trial, holder *model.Job) {
	for _, row := range tr.Engine.Commands() {
		if _, exists := tr.Inventory.VMs.Get(tr.vm); !exists {
			return // it is being removed
		}
		if row.Interrupts {
			continue
		}
		call := meanwhile(tr, row)
		if call == nil {
			continue
		}
		shares := tr.shares(row, call, holder)
		if _, going := tr.Inventory.Job(holder.ID); !going {
			return // a step that calls nobody cannot be held
		}
		began := time.Now()
		_, err := tr.Act(call)
		switch {
		case err == nil && shares:
			t.Errorf("%s was accepted beside a job that holds what it needs", row.Key())
		case shares && !fault.Is(err, fault.Conflict):
			t.Errorf("%s was refused with %v, which is no conflict", row.Key(), err)
		case time.Since(began) > 0 && shares:
			t.Errorf("%s took %v to be refused", row.Key(), time.Since(began))
		}
	}
}

// shares says whether a call needs a lock that the job holds.
func (tr *trial) shares(row *engine.Command, call *engine.Call, holder *model.Job) (shares bool) {
	wanted := []model.Ref{{Kind: row.On, ID: call.Target}}
	if row.Locks != nil {
		_ = tr.Inventory.Update(context.Background(), func(tx *inventory.Tx) error {
			wanted = row.Locks(tx, call)
			return nil
		})
	}
	return slices.ContainsFunc(wanted, func(ref model.Ref) bool { return slices.Contains(holder.Locks, ref) })
}

// undoneSlowly are paths of which more is to be undone than whoever ends them waits for
// when each call is slow: whoever is told to try again succeeds then.
var undoneSlowly = map[string]bool{"snapshot.remove/live": true, "vm.migrate/move": true}

// tryEnd ends the VM's run while the job is held: it succeeds where the matrix
// allows it, and the VM ends down.
func tryEnd(t *testing.T, tr *trial, name string) {
	if _, exists := tr.Inventory.VMs.Get(tr.vm); !exists {
		return
	}
	status := tr.Status(tr.vm)
	end := func() (*engine.Result, error) {
		return tr.Act(&engine.Call{On: model.KindVM, Name: name, Target: tr.vm, Async: new(false)})
	}
	result, err := end()
	if fault.Is(err, fault.Conflict) && undoneSlowly[tr.row.Key()+"/"+tr.path.Name] {
		// It has ended the job, and was not answered before that was undone.
		tr.Pass(time.Minute)
		result, err = end()
	}
	allowed := slices.Contains(documented["vm."+name], status)
	switch _, exists := tr.Inventory.VMs.Get(tr.vm); {
	case !exists && fault.Is(err, fault.NotFound):
		// It has waited for a job that takes the VM away.
	case !allowed && !fault.Is(err, fault.Conflict):
		t.Errorf("%s of a VM that is %s gave %v, %v", name, status, result, err)
	case allowed && err != nil:
		t.Errorf("%s of a VM that is %s: %v", name, status, err)
	case allowed && err == nil && tr.path.Name != "save": // a suspend may be past its point of return
		tr.UntilStatus(tr.vm, time.Minute, model.StatusDown)
	}
}
