package engine_test

import (
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"

	"vireo/internal/host"
	"vireo/internal/host/fake"
	"vireo/internal/model"
)

// act is one operation of a history, on the disk of one VM.
type act struct {
	VM model.ID
	// HA says that the VM is highly available.
	HA   bool
	Kind string
	// Life, Known and End are those of a fake.Entry.
	Life  int
	Known int64
	End   host.End
}

// The kinds of acts beside those of fake.Entry.
const (
	// actAsked: somebody wants it to run; actStopped: somebody wanted it not to, and was
	// told that this is so.
	actAsked   = "asked"
	actStopped = "stopped"
	// actShown: the engine showed it at rest, down or suspended.
	actShown = "shown at rest"
)

// disk is what the model knows of a VM's disk: a register that at most one guest may
// write to, and from what that guest knows.
type disk struct {
	// Life is the one that has it; 0 is none.
	Life  int
	Value int64
	// Asked says that somebody wants the VM to run; Broke that it has ended as nobody
	// wanted, and is to run again.
	Asked, Broke bool
	// Untold says that its guest was shut down, and the engine has not been seen to know.
	Untold bool
}

// step says whether an act may be, and what the disk is afterwards.
func step(now disk, a act) (bool, disk) {
	switch a.Kind {
	case actAsked:
		now.Asked = true
	case actStopped:
		now.Asked, now.Broke = false, false
		return now.Life == 0, now
	case actShown:
		now.Untold = false
		return now.Life == 0, now
	case string(fake.DiskOpened):
		legal := now.Life == 0 && (now.Asked || now.Broke)
		now.Life = a.Life
		return legal, now
	case string(fake.DiskWritten):
		legal := now.Life == a.Life && now.Value == a.Known
		now.Value = a.Known + 1
		return legal, now
	case string(fake.DiskClosed):
		legal := now.Life == a.Life
		now.Life = 0
		switch a.End {
		case host.EndShutdown:
			now.Asked, now.Broke, now.Untold = false, false, true
		case host.EndCrashed, host.EndUnknown:
			now.Broke = a.HA
		}
		return legal, now
	case string(fake.DiskBarred):
		legal := now.Life == a.Life
		now.Life, now.Broke = 0, a.HA
		return legal, now
	case string(fake.DiskBack):
		legal := now.Life == 0
		now.Life = a.Life
		return legal, now
	case string(fake.DiskForgotten):
		// Now nobody can know that it was shut down.
		now.Broke = now.Broke || now.Untold && a.HA
	}
	return true, now
}

// diskModel is the model for porcupine: the disks of VMs have nothing to do with each
// other.
var diskModel = porcupine.Model{
	Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
		byVM := make(map[model.ID][]porcupine.Operation)
		var order []model.ID
		for _, operation := range history {
			id := operation.Input.(act).VM
			if byVM[id] == nil {
				order = append(order, id)
			}
			byVM[id] = append(byVM[id], operation)
		}
		var parts [][]porcupine.Operation
		for _, id := range order {
			parts = append(parts, byVM[id])
		}
		return parts
	},
	Init: func() any { return disk{} },
	Step: func(state, input, _ any) (bool, any) {
		legal, next := step(state.(disk), input.(act))
		return legal, next
	},
	Equal: func(one, other any) bool { return one == other },
	DescribeOperation: func(input, _ any) string {
		a := input.(act)
		return fmt.Sprintf("%s, life %d, known %d, end %q", a.Kind, a.Life, a.Known, a.End)
	},
}

// patience is how long a history is looked at, at most. Those of a schedule take
// milliseconds.
const patience = time.Minute

// judge says what is wrong with a history; "" when nothing is. The sentence names the
// first act, in time, without which there is nothing wrong.
func judge(history []porcupine.Operation) string {
	switch porcupine.CheckOperationsTimeout(diskModel, history, patience) {
	case porcupine.Ok:
		return ""
	case porcupine.Unknown:
		return fmt.Sprintf("a history of %d acts could not be judged in %v", len(history), patience)
	}
	good, bad := 0, len(history)
	for good+1 < bad {
		middle := (good + bad) / 2
		if porcupine.CheckOperations(diskModel, history[:middle]) {
			good = middle
		} else {
			bad = middle
		}
	}
	text := "no order of what has happened explains it:"
	last := history[bad-1].Input.(act)
	for i, operation := range history[:min(len(history), bad+30)] {
		if i == bad {
			text += "\nand after that:"
		}
		if a := operation.Input.(act); a.VM == last.VM && (a.Kind != string(fake.DiskWritten) || i == bad-1) {
			text += fmt.Sprintf("\n  %d-%d %s", operation.Call, operation.Return, diskModel.DescribeOperation(a, nil))
		}
	}
	return text
}
