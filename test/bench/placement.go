package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"vireo/internal/engine/placement"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/server"
	"vireo/internal/store/sqlstore"
)

const (
	simulatedHosts  = 1000
	simulatedGuests = 10_000
	// placements is how many choices are made, and reservations how many of them are
	// written too.
	placements   = 100_000
	reservations = 2000
	// scans is how many choices are made by counting all VMs; it is slow.
	scans = 200
)

// placing is what a choice needs.
type placing struct {
	inv   *inventory.Inventory
	index *placement.Index
}

var limits = placement.Limits{HostReserve: 256 << 20, GuestOverhead: 64 << 20}

// measurePlacement finds hosts for 100,000 VMs among 1,000 hosts with 10,000 guests,
// beside one host and beside a count of all guests for each choice.
func measurePlacement(ctx context.Context, s *settings, out *report) (err error) {
	many, closeMany, err := crowded(ctx, s, "many", simulatedHosts, simulatedGuests)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeMany()) }()
	one, closeOne, err := crowded(ctx, s, "one", 1, simulatedGuests/simulatedHosts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, closeOne()) }()

	t := table{
		title: fmt.Sprintf("Placement among %d hosts with %d VMs", simulatedHosts, simulatedGuests),
		about: "Each choice is made in a transaction of its own, as a start makes it: all filters on each host, then the weights of the policy. " +
			"Reserving writes it to the database too.",
		heads: []string{"p50", "p99", "choices", "a second"},
	}
	for _, policy := range model.SchedulingPolicies {
		count := placements
		if policy != model.PolicyNone {
			count /= 10
		}
		if err := many.under(ctx, policy); err != nil {
			return err
		}
		took, err := many.choices(ctx, count)
		if err != nil {
			return err
		}
		t.row("choice, policy "+string(policy), "", false, took.row()...)
	}
	if err := many.under(ctx, model.PolicyNone); err != nil {
		return err
	}
	reserved, err := many.reserve(ctx, reservations)
	if err != nil {
		return err
	}
	t.row("choice and reservation, policy none", "", false, reserved.row()...)
	out.add(t)
	return compareScans(ctx, many, one, out)
}

// compareScans takes turns: a choice, one that counts all VMs first, and one among
// one host.
func compareScans(ctx context.Context, many, one *placing, out *report) error {
	var kept, counted, alone times
	for i := range scans {
		took, err := many.choices(ctx, 1)
		if err != nil {
			return err
		}
		began := time.Now()
		err = many.inv.Update(ctx, func(tx *inventory.Tx) error { return scan(tx, wanting(i)) })
		if err != nil {
			return err
		}
		counted = append(counted, time.Since(began))
		single, err := one.choices(ctx, 1)
		if err != nil {
			return err
		}
		kept, alone = append(kept, took...), append(alone, single...)
	}
	out.ratio(fmt.Sprintf("choice among %d hosts with %d VMs / a count of all VMs by host, without any filter", simulatedHosts, simulatedGuests),
		kept.over(counted), kept.micro(), counted.micro(), 0)
	out.ratio(fmt.Sprintf("choice among %d hosts / among one", simulatedHosts), kept.over(alone), kept.micro(), alone.micro(), 0)
	return nil
}

// row shows a series of choices.
func (t times) row() []string {
	var sum time.Duration
	for _, each := range t {
		sum += each
	}
	return []string{t.micro(), microseconds(t.at(99)), fmt.Sprint(len(t)), fmt.Sprintf("%.0f", float64(len(t))/sum.Seconds())}
}

func (t times) micro() string { return microseconds(t.at(50)) }

func microseconds(d time.Duration) string { return fmt.Sprintf("%.1f µs", float64(d)/1e3) }

// crowded makes an inventory with so many hosts that are up and VMs that run.
func crowded(ctx context.Context, s *settings, name string, hosts, vms int) (*placing, func() error, error) {
	kept, err := sqlstore.Open(ctx, "", sqlstore.Options{DefaultPath: filepath.Join(s.folder, "placement-"+name+".db")})
	if err != nil {
		return nil, nil, err
	}
	inv, err := inventory.Open(ctx, kept)
	if err != nil {
		return nil, nil, errors.Join(err, kept.Close())
	}
	err = inv.Update(ctx, func(tx *inventory.Tx) error {
		tx.Clusters.Put(&model.Cluster{ID: server.DefaultCluster, Name: "Default", OvercommitPercent: 100})
		tx.Networks.Put(&model.Network{ID: server.ManagementNetwork, Name: "ovirtmgmt", Usages: []string{"management"}})
		blank := &model.Template{ID: model.BlankID}
		for i := range hosts {
			tx.Hosts.Put(simulated(i))
		}
		for i := range vms {
			vm := machine(blank, i)
			vm.Cluster, vm.CPU.Topology = server.DefaultCluster, model.Topology{Sockets: 1, Cores: 2, Threads: 1}
			vm.Memory = int64(1+i%4) << 30
			vm.Run.Status, vm.Run.Host = model.StatusUp, simulatedID(i%hosts)
			tx.VMs.Put(vm)
		}
		return nil
	})
	if err != nil {
		return nil, nil, errors.Join(err, kept.Close())
	}
	return &placing{inv: inv, index: placement.NewIndex(inv)}, kept.Close, nil
}

func simulatedID(number int) model.ID {
	return model.ID(fmt.Sprintf("00000000-0000-4000-8000-%012d", number))
}

// simulated is a host of a crowd: there are big and small ones.
func simulated(number int) *model.Host {
	return &model.Host{
		ID: simulatedID(number), Name: fmt.Sprintf("host%04d", number), Address: fmt.Sprintf("fake://host%04d", number),
		Cluster: server.DefaultCluster, Status: model.HostUp, BootID: "up",
		Facts: model.HostFacts{
			Memory: int64(64+64*(number%3)) << 30, Topology: model.Topology{Sockets: 2, Cores: 8 + 8*(number%3), Threads: 2},
			Accelerated: true, CPUModels: []string{"Nehalem", "Haswell", "Haswell-noTSX"},
			Displays: []model.DisplayType{model.DisplayVNC}, MachineTypes: []string{"pc-q35-7.2"}, Networks: []string{"default"},
		},
	}
}

// wanting is a VM to be started.
func wanting(number int) *model.VM {
	vm := &model.VM{ID: "wanting", VMConfig: model.VMConfig{
		Name: "wanting", Cluster: server.DefaultCluster, Memory: int64(1+number%8) << 30,
		CPU:  model.CPU{Topology: model.Topology{Sockets: 1, Cores: 1 + number%4, Threads: 1}},
		NICs: []model.NIC{{Network: server.ManagementNetwork, Plugged: true}},
	}}
	return vm
}

func (p *placing) under(ctx context.Context, policy model.SchedulingPolicyName) error {
	return p.inv.Update(ctx, func(tx *inventory.Tx) error {
		cluster, _ := tx.Clusters.Edit(server.DefaultCluster)
		cluster.Scheduling.Policy = policy
		return nil
	})
}

func (p *placing) choose(tx *inventory.Tx, vm *model.VM) (*model.Host, error) {
	return p.index.Choose(tx, placement.Needs{VM: vm, Display: model.DisplayVNC, Verb: "run"}, limits)
}

func (p *placing) choices(ctx context.Context, count int) (times, error) {
	took := make(times, 0, count)
	for i := range count {
		began := time.Now()
		err := p.inv.Update(ctx, func(tx *inventory.Tx) error {
			_, err := p.choose(tx, wanting(i))
			return err
		})
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// reserve keeps each VM on the host chosen for it, until its turn comes again.
func (p *placing) reserve(ctx context.Context, count int) (times, error) {
	took := make(times, 0, count)
	for i := range count {
		vm := wanting(i)
		vm.ID = model.ID(fmt.Sprintf("wanting-%d", i%100))
		vm.Name = string(vm.ID)
		began := time.Now()
		err := p.inv.Update(ctx, func(tx *inventory.Tx) error {
			chosen, err := p.choose(tx, vm)
			if err == nil {
				vm.Run.Host, vm.Run.Status = chosen.ID, model.StatusWaitForLaunch
				tx.VMs.Put(vm)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

// scan counts what all VMs use of each host, and takes the one with the fewest
// guests that has room.
func scan(tx *inventory.Tx, vm *model.VM) error {
	used, guests := make(map[model.ID]int64), make(map[model.ID]int)
	for _, each := range tx.VMs.All() {
		if each.Run.Host != "" && each.Run.Status != model.StatusDown {
			used[each.Run.Host] += max(each.Run.Memory, each.Memory) + limits.GuestOverhead
			guests[each.Run.Host]++
		}
	}
	var best *model.Host
	for _, each := range tx.Hosts.All() {
		fits := each.Facts.Memory-limits.HostReserve-used[each.ID] >= vm.Memory+limits.GuestOverhead
		if fits && (best == nil || guests[each.ID] < guests[best.ID]) {
			best = each
		}
	}
	if best == nil {
		return errors.New("no host has room")
	}
	return nil
}
