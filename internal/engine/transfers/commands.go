package transfers

import (
	"sync"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// Room is what the verbs share, and the sessions that are open.
type Room struct {
	*engine.Engine

	mu   sync.Mutex
	open map[model.ID]*Session
}

// New makes the room, without any session.
func New(e *engine.Engine) *Room { return &Room{Engine: e, open: make(map[model.ID]*Session)} }

// Commands are the rows of a room of its own, for those who move no bytes.
func Commands(e *engine.Engine) []engine.Command { return New(e).Commands() }

// permit is what the caller needs on the disk for all that is done to its transfers.
const permit = "edit_disk_properties"

// Commands are the rows for image transfers. Target is the transfer, but for add,
// whose Params are AddParams; the others have none. Result.Object is the transfer.
func (r *Room) Commands() []engine.Command {
	path := func(name, title string) engine.Path {
		return engine.Path{
			Name: name, Title: title, Task: true, When: moves(model.TransferDirection(name)), Apply: r.add,
			Settle: r.settle, Begun: audit.TransferBegun,
			Steps: []job.Step{
				{Name: "transfer", Title: "Moving the data", Do: r.transfer, Undo: r.abandon},
				{Name: "verify", Title: "Verifying the image", Do: r.verify, Lasting: true},
			},
		}
	}
	return []engine.Command{
		{
			On: model.KindImageTransfer, Name: "add", Verb: "transfer disk", Needs: permit, Demands: demandsOfAdd,
			Locks: diskOf, Check: r.checkAdd,
			Paths: []engine.Path{path("upload", "Uploading Disk {name}"), path("download", "Downloading Disk {name}")},
		},
		r.row("extend", r.extend), r.row("pause", r.pause), r.row("resume", r.resume),
		r.row("cancel", r.cancel), r.row("finalize", r.finalize),
	}
}

// row is a command that changes the phase.
func (r *Room) row(name string, change func(*model.ImageTransfer) (model.TransferPhase, bool)) engine.Command {
	return engine.Command{
		On: model.KindImageTransfer, Name: name, Verb: name + " transfer of disk", Needs: permit, Demands: demandsOfChange,
		Paths: []engine.Path{{Name: name, Apply: func(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
			return r.enter(tx, call, change)
		}}},
	}
}

// moves narrows a path to transfers of a direction.
func moves(direction model.TransferDirection) func(*inventory.Tx, *engine.Call) bool {
	return func(_ *inventory.Tx, call *engine.Call) bool {
		params, ok := call.Params.(*AddParams)
		return ok && params.direction() == direction || !ok && direction == model.TransferUpload
	}
}

func diskOf(_ *inventory.Tx, call *engine.Call) []model.Ref {
	if params, ok := call.Params.(*AddParams); ok {
		return []model.Ref{{Kind: model.KindDisk, ID: params.Disk}}
	}
	return nil
}

// demandsOfAdd: the content of a disk belongs to who may edit it.
func demandsOfAdd(_ *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	demand := engine.Demand{Permit: permit}
	if refs := diskOf(nil, call); len(refs) > 0 {
		demand.On = refs[0]
	}
	return []engine.Demand{demand}, nil
}

func demandsOfChange(tx *inventory.Tx, call *engine.Call) ([]engine.Demand, error) {
	transfer, ok := tx.ImageTransfers.Get(call.Target)
	if !ok {
		return []engine.Demand{{Permit: permit}}, nil
	}
	return []engine.Demand{{Permit: permit, On: model.Ref{Kind: model.KindDisk, ID: transfer.Disk}}}, nil
}
