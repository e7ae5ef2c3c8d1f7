package rest

import (
	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/snapshots"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// actionReaders make the parameters of those actions that have any, by the key
// of their command.
var actionReaders = map[string]func(*request, *v3.Action) (any, error){
	"vm.start":                   readStart,
	"vm.ticket":                  readTicket,
	"vm.migrate":                 readMigrate,
	"host.fence":                 readFence,
	"vm.proxyticket":             readPass,
	"vm.serialticket":            readSerialPass,
	"storage_domain.activate":    readAttached,
	"storage_domain.deactivate":  readAttached,
	"vm.export":                  readExport,
	"template.export":            readExport,
	"exported_vm.import":         readImport("vm"),
	"exported_template.import":   readImport("template"),
	"vm.clone":                   readClone,
	"vm.preview_snapshot":        readPreview,
	"snapshot.restore":           readRestore,
	"exported_vm.register":       readRegister("vm"),
	"exported_template.register": readRegister("template"),
	"vm.move":                    readMove,
	"disk.move":                  readMove,
	"disk.copy":                  readCopy,
	"host.deactivate":            readDeactivate,
	"host.adopt":                 readAdopt,
	"vm.release":                 readRelease,
}

func (r *request) actionParams(command *engine.Command, action *v3.Action) (any, error) {
	read, has := actionReaders[command.Key()]
	if !has {
		return nil, nil
	}
	return read(r, action)
}

// readStart reads start (api-v3 3.2). What overrides a VM that does not exist is
// read all the same: that it does not is for the command to say.
func readStart(r *request, action *v3.Action) (any, error) {
	params := &vms.StartParams{Pause: isTrue(action.Pause)}
	if action.VM != nil {
		of := &model.VMConfig{}
		if vm, err := r.vm(); err == nil {
			of = &vm.VMConfig
		}
		once, err := action.VM.Overrides(of, r.finder())
		if err != nil {
			return nil, err
		}
		params.Once = once
	}
	// A cloud_init element is as good as the flag, as the specification prints it.
	cloudInit := isTrue(action.UseCloudInit) || action.UseCloudInit == nil && action.VM.HasCloudInit()
	switch sysprep := isTrue(action.UseSysprep); {
	case sysprep && cloudInit:
		return nil, &fault.Fault{
			Kind: fault.Conflict, Code: "SYSPREP_AND_CLOUD_INIT",
			Reason: "Cannot use sysprep and cloud_init tags simultaneously when running VM.",
		}
	case sysprep:
		params.Initialization = model.InitializationSysprep
	case cloudInit:
		params.Initialization = model.InitializationCloudInit
	}
	return params, nil
}

// readMigrate reads migrate (api-v3 3.10): that the id of a host means nothing is for the
// command to say.
func readMigrate(r *request, action *v3.Action) (any, error) {
	params := &vms.MigrateParams{Force: isTrue(action.Force)}
	var err error
	if action.Host.Given() {
		if params.Host, err = r.idOf(model.KindHost, action.Host); err != nil {
			return nil, err
		}
	}
	if action.Cluster.Given() {
		params.Cluster, err = action.Cluster.Resolve(model.KindCluster, r.finder())
	}
	return params, err
}

// readClone reads clone (api-v3 6.1): of the VM that is to be only the name counts.
func readClone(_ *request, action *v3.Action) (any, error) {
	if action.VM == nil || action.VM.Name == nil || *action.VM.Name == "" {
		return nil, v3.Incomplete("Action", "clone", "vm.name")
	}
	return &vms.CloneParams{Name: *action.VM.Name}, nil
}

// readTicket reads ticket (api-v3 3.13). Like the engine 3.6 it looks for the VM
// before there is a command.
func readTicket(r *request, action *v3.Action) (any, error) {
	if _, err := r.vm(); err != nil {
		return nil, err
	}
	params := &vms.TicketParams{}
	if action.Ticket != nil {
		params.Value, params.Expiry = action.Ticket.Value, action.Ticket.Length()
	}
	return params, nil
}

// readPreview reads preview_snapshot (api-v3 6.1).
func readPreview(r *request, action *v3.Action) (any, error) {
	if action.Snapshot == nil || action.Snapshot.ID == nil {
		return nil, fault.Bad("Incomplete parameters", "Action [snapshot.id] required for previewSnapshot")
	}
	id, err := model.ParseID(*action.Snapshot.ID)
	if err != nil {
		return nil, badID(*action.Snapshot.ID)
	}
	params, err := previewParams(action)
	if err != nil {
		return nil, err
	}
	params.Snapshot = id
	return params, nil
}

// readRestore reads restore of a snapshot.
func readRestore(_ *request, action *v3.Action) (any, error) { return previewParams(action) }

func previewParams(action *v3.Action) (*snapshots.PreviewParams, error) {
	chosen, err := action.Disks.IDs()
	if err != nil {
		return nil, err
	}
	return &snapshots.PreviewParams{Memory: isTrue(action.RestoreMemory), Disks: chosen}, nil
}

// readMove reads move (api-v3 6.1, 6.2).
func readMove(r *request, action *v3.Action) (any, error) {
	to, err := action.Destination("move", r.finder())
	return &disks.MoveParams{StorageDomain: to}, err
}

// readCopy reads copy; disk may name the new disk (api-v3 6.2).
func readCopy(r *request, action *v3.Action) (any, error) {
	to, err := action.Destination("copy", r.finder())
	params := &disks.CopyParams{StorageDomain: to}
	if action.Disk != nil && action.Disk.Name != nil {
		params.Alias = *action.Disk.Name
	}
	if action.Disk != nil && action.Disk.Alias != nil {
		params.Alias = *action.Disk.Alias
	}
	return params, err
}

func isTrue(flag *bool) bool { return flag != nil && *flag }
