package rest

import (
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

func (r *request) vm() (*model.VM, error) { return r.view.VM(r.id("vm")) }

var vmList = collection[*model.VM]{
	root: "vms", item: "vm", kind: vmKind,
	rows: func(r *request) ([]*model.VM, error) {
		r.server.shown.forget(r)
		return r.view.VMs(), nil
	},
	show: func(r *request, vm *model.VM) (any, error) {
		if r.plain() {
			return r.server.shown.vm(r, vm), nil
		}
		return withDetails(r, vm, r.page.ShowListedVM(vm, r.view.Live(vm.ID)))
	},
}

var oneVM = object("vm", (*request).vm, func(r *request, vm *model.VM) (any, error) {
	next, _, err := r.flag("next_run")
	if err != nil {
		return nil, err
	}
	if next {
		return r.page.ShowNextRun(vm), nil
	}
	return withDetails(r, vm, r.page.ShowVM(vm, r.view.Live(vm.ID)))
})

// withDetails adds the sub-collections that the details ask for to a VM.
func withDetails(r *request, vm *model.VM, out *v3.VM) (any, error) {
	live := r.view.Live(vm.ID)
	if r.details.has("disks") {
		out.Disks = &v3.Disks{Disk: []v3.Disk{}}
		for i := range vm.Disks {
			if disk, err := r.view.Disk(vm.Disks[i].Disk); err == nil {
				out.Disks.Disk = append(out.Disks.Disk, *r.page.ShowVMDisk(disk, &vm.Disks[i], vm.ID))
			}
		}
	}
	if r.details.has("nics") {
		out.NICs = &v3.NICs{}
		for i := range vm.NICs {
			out.NICs.NIC = append(out.NICs.NIC, *r.page.ShowNIC(&vm.NICs[i], vm.ID, live))
		}
	}
	if r.details.has("tags") {
		out.Tags = &v3.Tags{}
		for _, id := range vm.Tags {
			if tag, err := r.view.Tag(id); err == nil {
				out.Tags.Tag = append(out.Tags.Tag, *r.page.ShowTagOf(tag, vm.Ref()))
			}
		}
	}
	if r.details.has("statistics") {
		out.Statistics = &v3.Statistics{Statistic: r.page.ShowStatistics(lastStats(vm, live), vm.ID)}
	}
	return out, nil
}

// lastStats are the figures that are known without asking a host.
func lastStats(vm *model.VM, live *model.Live) *model.VMStats {
	if live != nil && !live.Stats.Taken.IsZero() {
		return &live.Stats
	}
	return &model.VMStats{MemoryInstalled: vm.Memory}
}

func showAttached(r *request, a engine.AttachedDisk) (any, error) {
	return r.page.ShowVMDisk(a.Disk, a.Attachment, r.id("vm")), nil
}

var vmDiskList = collection[engine.AttachedDisk]{
	root: "disks", item: "disk",
	rows: func(r *request) ([]engine.AttachedDisk, error) { return r.view.VMDisks(r.id("vm")) },
	show: showAttached,
}

var oneVMDisk = object("disk", func(r *request) (engine.AttachedDisk, error) {
	return r.view.VMDisk(r.id("vm"), r.id("disk"))
}, showAttached)

func showNIC(r *request, nic *model.NIC) (any, error) {
	return r.page.ShowNIC(nic, r.id("vm"), r.view.Live(r.id("vm"))), nil
}

var vmNICList = collection[*model.NIC]{
	root: "nics", item: "nic",
	rows: func(r *request) ([]*model.NIC, error) {
		vm, err := r.vm()
		if err != nil {
			return nil, err
		}
		found := make([]*model.NIC, len(vm.NICs))
		for i := range vm.NICs {
			found[i] = &vm.NICs[i]
		}
		return found, nil
	},
	show: showNIC,
}

var oneVMNIC = object("nic", (*request).nic, showNIC)

func (r *request) nic() (*model.NIC, error) { return r.view.VMNIC(r.id("vm"), r.id("nic")) }

var vmCDROMList = collection[*v3.CDROM]{
	root: "cdroms", item: "cdrom",
	rows: func(r *request) ([]*v3.CDROM, error) {
		drive, err := r.drive()
		return []*v3.CDROM{drive}, err
	},
	show: func(_ *request, drive *v3.CDROM) (any, error) { return drive, nil },
}

var oneVMCDROM = object("cdrom", func(r *request) (*v3.CDROM, error) {
	if r.id("cdrom") != model.BlankID {
		if _, err := r.vm(); err != nil {
			return nil, err
		}
		return nil, fault.Missing(string(r.id("cdrom")))
	}
	return r.drive()
}, func(_ *request, drive *v3.CDROM) (any, error) { return drive, nil })

// drive shows the CD drive: as it is stored, or with what the running VM really
// has in it (api-v3 1.7, current).
func (r *request) drive() (*v3.CDROM, error) {
	vm, err := r.vm()
	if err != nil {
		return nil, err
	}
	current, _, err := r.flag("current")
	if err != nil {
		return nil, err
	}
	medium := vm.CDROM
	if current {
		medium = vm.Run.CDROM
	}
	return r.page.ShowCDROM(vm.ID, medium, r.isoDomain(vm.Cluster)), nil
}

// isoDomain is the ISO domain of a cluster's data center; empty if it has none.
func (r *request) isoDomain(of model.ID) model.ID {
	cluster, err := r.view.Cluster(of)
	if err != nil {
		return ""
	}
	for _, domain := range r.view.StorageDomains() {
		if domain.Type == model.StorageDomainISO && domain.DataCenter == cluster.DataCenter {
			return domain.ID
		}
	}
	return ""
}

var vmStatisticList = collection[v3.Statistic]{
	root: "statistics", item: "statistic",
	rows: (*request).statistics,
	show: func(_ *request, s v3.Statistic) (any, error) { return s, nil },
}

var oneVMStatistic = object("statistic", func(r *request) (v3.Statistic, error) {
	all, err := r.statistics()
	return pick(all, r.ids["statistic"], err, func(s v3.Statistic) *string { return s.ID })
}, func(_ *request, s v3.Statistic) (any, error) { return s, nil })

func (r *request) statistics() ([]v3.Statistic, error) {
	stats, err := r.view.Stats(r.context(), r.id("vm"))
	if err != nil {
		return nil, err
	}
	return r.page.ShowStatistics(&stats, r.id("vm")), nil
}

// pick finds one of a list of representations by its id.
func pick[T any](all []T, id string, err error, idOf func(T) *string) (T, error) {
	var none T
	if err != nil {
		return none, err
	}
	for _, one := range all {
		if found := idOf(one); found != nil && *found == id {
			return one, nil
		}
	}
	return none, fault.Missing(shorten(id))
}

var vmReportedDeviceList = collection[*v3.ReportedDevice]{
	root: "reported_devices", item: "reported_device",
	rows: (*request).reportedDevices,
	show: func(_ *request, d *v3.ReportedDevice) (any, error) { return d, nil },
}

var oneVMReportedDevice = object("reported_device", func(r *request) (*v3.ReportedDevice, error) {
	all, err := r.reportedDevices()
	return pick(all, r.ids["reporteddevice"], err, func(d *v3.ReportedDevice) *string { return d.ID })
}, func(_ *request, d *v3.ReportedDevice) (any, error) { return d, nil })

func (r *request) reportedDevices() ([]*v3.ReportedDevice, error) {
	vm, err := r.vm()
	if err != nil {
		return nil, err
	}
	live := r.view.Live(vm.ID)
	if live == nil {
		return nil, nil
	}
	var found []*v3.ReportedDevice
	for i := range live.Devices {
		found = append(found, r.page.ShowReportedDevice(&live.Devices[i], vm.ID))
	}
	return found, nil
}

var vmConsoleList = collection[v3.GraphicsConsole]{
	root: "graphics_consoles", item: "graphics_console",
	rows: (*request).consoles,
	show: func(_ *request, c v3.GraphicsConsole) (any, error) { return c, nil },
}

var oneVMConsole = object("graphics_console", func(r *request) (v3.GraphicsConsole, error) {
	all, err := r.consoles()
	return pick(all, r.ids["graphicsconsole"], err, func(c v3.GraphicsConsole) *string { return c.ID })
}, func(_ *request, c v3.GraphicsConsole) (any, error) { return c, nil })

func (r *request) consoles() ([]v3.GraphicsConsole, error) {
	vm, err := r.vm()
	if err != nil {
		return nil, err
	}
	current, _, err := r.flag("current")
	if err != nil {
		return nil, err
	}
	return r.page.ShowGraphicsConsoles(vm, current), nil
}
