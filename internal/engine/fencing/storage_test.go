package fencing_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/hosts"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/fence"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
	"vireo/internal/store"
)

// guard gives the first host a fence agent of storage, which stands before these domains.
func guard(site *sitetest.Site, kind, domains string) {
	site.Edit(func(tx *inventory.Tx) {
		on, _ := tx.Hosts.Edit(sitetest.HostID(1))
		on.Power.Enabled = true
		on.Power.Agents = append(slices.Clone(on.Power.Agents), model.FenceAgent{
			ID: model.NewID(), Type: kind, Address: h1, Order: 2, Options: map[string]string{model.StorageOption: domains},
		})
	})
}

// withDisk gives a VM that is down a disk in the data domain.
func withDisk(site *sitetest.Site, vm model.ID) {
	_, err := site.Act(&engine.Call{On: model.KindDisk, Name: "add", Parent: vm, Async: new(false), Params: &disks.AddParams{Edit: func(disk *model.Disk) error {
		disk.Alias, disk.StorageDomain, disk.ProvisionedSize, disk.Format, disk.Interface = "data", sitetest.DataDomain, 1<<20, model.DiskCOW, model.DiskVirtio
		return nil
	}}})
	if err != nil {
		panic(fmt.Sprintf("making a disk: %v", err))
	}
}

// guarded runs a highly available VM with a disk and a plain one on the first host.
func guarded(site *sitetest.Site) (important, plain model.ID) {
	important, plain = on1(site, "important", true), on1(site, "plain", false)
	for _, id := range []model.ID{important, plain} {
		site.Do("stop", id, nil)
		withDisk(site, id)
		site.Do("start", id, nil)
		site.UntilStatus(id, time.Minute, model.StatusUp)
	}
	free(site, important)
	return important, plain
}

// runsElsewhere waits until a VM has left the first host.
func runsElsewhere(site *sitetest.Site, id model.ID) {
	site.Until(5*time.Minute, "it runs elsewhere", func() bool {
		vm := site.VM(id)
		return vm.Run.Status == model.StatusUp && vm.Run.Host != sitetest.HostID(1)
	})
}

// tellings are the last sentences of each event after one.
func tellings(t *testing.T, site *sitetest.Site, after int64) map[audit.Code]string {
	t.Helper()
	told := make(map[audit.Code]string)
	err := site.Store.Events(t.Context(), store.EventQuery{After: after, Ascending: true}, func(event *model.Event) bool {
		told[audit.Code(event.Code)] = event.Description
		return true
	})
	if err != nil {
		t.Fatal(err)
	}
	return told
}

func refused(t *testing.T, site *sitetest.Site, of model.FenceType, words string) {
	t.Helper()
	if _, err := act(site, 1, of); err == nil || !strings.Contains(fault.Of(err).Message(), words) {
		t.Errorf("%s: %v, want %q", of, err, words)
	}
}

// TestCutOffFromStorage: a host that does not answer is cut off from its storage. Its
// highly available VMs run elsewhere although it lives. It is not let back before it has
// started anew, whatever it answers.
func TestCutOffFromStorage(t *testing.T) {
	for name, back := range map[string]func(*testing.T, *sitetest.Site){
		"it restarts unheard": func(*testing.T, *sitetest.Site) {},
		"it answers before": func(t *testing.T, site *sitetest.Site) {
			site.World.Machine(h1).Answer()
			site.Until(time.Minute, "it is not used", func() bool { return status(site, 1) == model.HostNonOperational })
			if where := append(running(site, "important"), running(site, "plain")...); slices.Contains(where, h1) {
				t.Errorf("they run on %v", where)
			}
			site.Pass(time.Hour)
			refused(t, site, model.FenceStart, "may run on")
			refused(t, site, model.FenceRestart, "cannot restart it")
		},
		"the engine dies": func(_ *testing.T, site *sitetest.Site) {
			site.Kill()
			site.Start()
			site.Pass(time.Hour)
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubble(t, func(t *testing.T, site *sitetest.Site) {
				guard(site, "fabric", string(sitetest.DataDomain))
				important, plain := guarded(site)
				since := site.LastEvent()
				machine := site.World.Machine(h1)
				machine.Disappear()
				runsElsewhere(site, important)
				site.UntilStatus(plain, time.Second, model.StatusDown)
				if now := status(site, 1); now != model.HostNonResponsive || !slices.Contains(running(site, "plain"), h1) {
					t.Errorf("the host is %s, and runs %v", now, running(site, "plain"))
				}
				refused(t, site, model.FenceStart, "may run on")
				back(t, site)
				if !machine.Barred() {
					t.Error("it was let back")
				}
				machine.Restart("")
				site.Until(10*time.Minute, "it is used", func() bool { return status(site, 1) == model.HostUp })
				if done := site.Fences.Done(); !slices.Equal(done, []string{"bar " + h1, "let back " + h1}) {
					t.Errorf("the agent did %v", done)
				}
				if told := tellings(t, site, since); told[audit.HostBarred] == "" || told[audit.HostAliveAfterAll] != "" {
					t.Errorf("events %v", told)
				}
				site.Do("start", plain, nil)
				site.Whole(time.Minute)
			})
		})
	}
}

// TestStorageThatIsNotGuarded: an agent proves nothing of a VM that writes to something
// else, or is on its way to another host; it is not even used.
func TestStorageThatIsNotGuarded(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		guard(site, "fabric", string(sitetest.SpareDomain))
		important, _ := guarded(site)
		since := site.LastEvent()
		site.World.Machine(h1).Disappear()
		site.Pass(time.Hour)
		if now := site.Status(important); now != model.StatusUnknown || len(site.Fences.Done()) > 0 {
			t.Errorf("it is %s, the agent did %v", now, site.Fences.Done())
		}
		told := tellings(t, site, since)[audit.FenceInVain]
		if !strings.Contains(told, "disk data of VM important is in a storage domain that it does not stand before") {
			t.Errorf("it was told %q", told)
		}
		site.World.Machine(h1).Answer()
		site.UntilStatus(important, time.Minute, model.StatusUp)
		site.Whole(time.Minute)
	})
}

// TestDisklessIsNotGuarded: a guest that needs no disk goes on over the network.
func TestDisklessIsNotGuarded(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		guard(site, "fabric", "all")
		important, plain := guarded(site)
		site.Edit(func(tx *inventory.Tx) {
			vm, _ := tx.VMs.Edit(plain)
			vm.Disks, vm.NICs = nil, []model.NIC{{ID: model.NewID(), Name: "nic1"}}
		})
		since := site.LastEvent()
		site.World.Machine(h1).Disappear()
		site.Pass(time.Hour)
		if told := tellings(t, site, since)[audit.FenceInVain]; site.Status(important) != model.StatusUnknown || !strings.Contains(told, "over the network") {
			t.Errorf("it is %s, and was told %q", site.Status(important), told)
		}
		site.World.Machine(h1).Answer()
		site.UntilStatus(important, time.Minute, model.StatusUp)
	})
}

// TestStorageAgentFails: nobody has relied on it, so the host is used again as soon as
// the agent says that it has its storage.
func TestStorageAgentFails(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		guard(site, "fabric", "all")
		important, _ := guarded(site)
		epoch := site.VM(important).Run.Epoch
		site.Fences.Break(h1)
		site.World.Machine(h1).Disappear()
		site.Pass(10 * time.Minute)
		site.World.Machine(h1).Answer()
		site.Until(time.Minute, "it is not used", func() bool { return status(site, 1) == model.HostNonOperational })
		site.UntilStatus(important, time.Minute, model.StatusUp)
		site.Fences.Mend(h1)
		site.Until(20*time.Minute, "it is used", func() bool { return status(site, 1) == model.HostUp })
		if vm := site.VM(important); vm.Run.Epoch != epoch || vm.Run.Host != sitetest.HostID(1) {
			t.Errorf("it is %+v", vm.Run)
		}
		site.Whole(time.Minute)
	})
}

// TestLetBackByItself: what only the host can undo is waited for.
func TestLetBackByItself(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		guard(site, "fabric-itself", "all")
		important, _ := guarded(site)
		machine := site.World.Machine(h1)
		machine.Disappear()
		site.Until(5*time.Minute, "it runs elsewhere", func() bool {
			return site.VM(important).Run.Host != sitetest.HostID(1) && site.Status(important) == model.StatusUp
		})
		machine.Restart("")
		site.Pass(time.Hour)
		if now := status(site, 1); now != model.HostNonOperational {
			t.Errorf("it is %s", now)
		}
		refused(t, site, model.FenceStart, "only the host itself can undo")
		machine.Bar(false)
		site.Until(15*time.Minute, "it is used", func() bool { return status(site, 1) == model.HostUp })
		site.Whole(time.Minute)
	})
}

// TestStorageByHand: a host is cut off by hand, and comes back when it has been restarted,
// or when an operator says so of one that does not answer. No agent of storage restarts.
func TestStorageByHand(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		guard(site, "fabric", "all")
		machine := site.World.Machine(h1)
		refused(t, site, model.FenceRestart, "cannot restart it")
		must := func(of model.FenceType) {
			t.Helper()
			if _, err := act(site, 1, of); err != nil {
				t.Fatalf("%s: %v", of, err)
			}
		}
		must(model.FenceStop)
		site.Pass(time.Hour)
		if now := status(site, 1); now != model.HostNonOperational || !machine.Barred() {
			t.Errorf("it is %s", now)
		}
		refused(t, site, model.FenceStart, "may run on")
		if params, err := act(site, 1, model.FenceStatus); err != nil || params.Power != fence.PowerOff {
			t.Errorf("its storage is %q, %v", params.Power, err)
		}
		machine.Restart("")
		site.Until(10*time.Minute, "it is used", func() bool { return status(site, 1) == model.HostUp })

		machine.Disappear()
		site.Until(5*time.Minute, "it is cut off", func() bool { return machine.Barred() })
		site.Pass(time.Minute)
		machine.Crash()
		must(model.FenceManual)
		must(model.FenceStart)
		if machine.Barred() {
			t.Error("it is not let back")
		}
		machine.Restart("")
		site.Until(10*time.Minute, "it is used", func() bool { return status(site, 1) == model.HostUp })
		site.Whole(time.Minute)
	})
}

// TestStorageAfterPower: agents of storage are tried when those of power have failed; the
// host is restarted by those of power once they can, and let back then.
func TestStorageAfterPower(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		give(site, 1)
		site.Edit(func(tx *inventory.Tx) {
			on, _ := tx.Hosts.Edit(sitetest.HostID(1))
			on.Power.Agents = slices.Clone(on.Power.Agents)
			on.Power.Agents[0].Address = h2 // which is the wrong one, and broken
		})
		guard(site, "fabric", "all")
		site.Fences.Break(h2)
		important, _ := guarded(site)
		machine := site.World.Machine(h1)
		machine.Disappear()
		site.Until(5*time.Minute, "it runs elsewhere", func() bool {
			return site.VM(important).Run.Host != sitetest.HostID(1) && site.Status(important) == model.StatusUp
		})
		site.Edit(func(tx *inventory.Tx) {
			on, _ := tx.Hosts.Edit(sitetest.HostID(1))
			on.Power.Agents = slices.Clone(on.Power.Agents)
			on.Power.Agents[0].Address = h1
		})
		if _, err := act(site, 1, model.FenceRestart); err != nil {
			t.Fatal(err)
		}
		site.Until(10*time.Minute, "it is used", func() bool { return status(site, 1) == model.HostUp })
		if done := site.Fences.Done(); !slices.Equal(done, []string{"bar " + h1, "off " + h1, "on " + h1, "let back " + h1}) {
			t.Errorf("the agents did %v", done)
		}
		site.Whole(time.Minute)
	})
}

// TestStorageBeforePower: an agent of storage that fails does not keep one of power from
// restarting the host; what it may have done is undone when it can be. Nor is an agent
// asked that is not to be used any more.
func TestStorageBeforePower(t *testing.T) {
	for _, disabled := range []bool{false, true} {
		t.Run(fmt.Sprint("disabled=", disabled), func(t *testing.T) {
			inBubble(t, func(t *testing.T, site *sitetest.Site) {
				guard(site, "fabric", "all")
				site.Edit(func(tx *inventory.Tx) {
					on, _ := tx.Hosts.Edit(sitetest.HostID(1))
					on.Power.Agents = append(slices.Clone(on.Power.Agents), model.FenceAgent{ID: model.NewID(), Type: "fake", Address: h1, Order: 3})
					on.Power.Agents[0].Address = h2
				})
				site.Fences.Break(h2)
				important, _ := guarded(site)
				site.World.Machine(h1).Disappear()
				runsElsewhere(site, important)
				site.Until(5*time.Minute, "it is not used", func() bool { return status(site, 1) == model.HostNonOperational })
				site.Pass(time.Hour)
				if disabled {
					site.Edit(func(tx *inventory.Tx) {
						on, _ := tx.Hosts.Edit(sitetest.HostID(1))
						on.Power.Enabled = false
					})
				} else {
					site.Fences.Mend(h2)
				}
				site.Until(20*time.Minute, "it is used", func() bool { return status(site, 1) == model.HostUp })
				if done := site.Fences.Done(); !slices.Equal(done, []string{"off " + h1, "on " + h1}) {
					t.Errorf("the agents did %v", done)
				}
				site.Whole(time.Minute)
			})
		})
	}
}

// TestEngineDiesCuttingOff: at each step.
func TestEngineDiesCuttingOff(t *testing.T) {
	for _, step := range []string{"off", "lose", "on"} {
		t.Run(step, func(t *testing.T) {
			inBubble(t, func(t *testing.T, site *sitetest.Site) {
				guard(site, "fabric", "all")
				important, _ := guarded(site)
				died := site.DieAt(func(point job.Point) bool { return point.Step == step })
				site.World.Machine(h1).Disappear()
				<-died
				site.Kill()
				site.AtPoints(nil)
				site.Start()
				site.Until(5*time.Minute, "it runs elsewhere", func() bool {
					return site.VM(important).Run.Host != sitetest.HostID(1) && site.Status(important) == model.StatusUp
				})
				site.World.Machine(h1).Restart("")
				site.Until(10*time.Minute, "it is used", func() bool { return status(site, 1) == model.HostUp })
				site.Whole(time.Minute)
			})
		})
	}
}

// TestBarredStaysKnown: a host that was cut off from its storage is neither removed nor another
// machine before its guests are known to have ended, and an operator's word that it was
// restarted ends with the host's own that it was not.
func TestBarredStaysKnown(t *testing.T) {
	inBubble(t, func(t *testing.T, site *sitetest.Site) {
		guard(site, "fabric", "all")
		important, _ := guarded(site)
		since := site.LastEvent()
		machine := site.World.Machine(h1)
		machine.Disappear()
		runsElsewhere(site, important)
		moved := engine.Edit[model.Host](func(on *model.Host) error { on.Address = "fake://elsewhere"; return nil })
		for name, params := range map[string]any{"update": moved, "remove": &hosts.RemoveParams{Force: true}} {
			_, err := site.Act(&engine.Call{On: model.KindHost, Name: name, Target: sitetest.HostID(1), Params: params})
			if err == nil || !strings.Contains(fault.Of(err).Message(), "may run on") {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := act(site, 1, model.FenceManual); err != nil {
			t.Error(err)
		}
		machine.Answer()
		site.Until(time.Minute, "it is not used", func() bool { return status(site, 1) == model.HostNonOperational })
		site.Pass(time.Hour)
		if told := tellings(t, site, since); !machine.Barred() || told[audit.HostAliveAfterAll] == "" {
			t.Errorf("barred %v, events %v", machine.Barred(), told)
		}
		machine.Restart("")
		site.Until(10*time.Minute, "it is used", func() bool { return status(site, 1) == model.HostUp })
		site.Whole(time.Minute)
	})
}
