package engine

import (
	"time"

	"vireo/internal/lifecycle"
	"vireo/internal/model"
)

// wellAfter is how long a run must have lasted for its end to be a new failure and
// not one more of those before.
const wellAfter = 10 * time.Minute

// restart is what is to be done about the end of a VM's run, in the transaction that
// records it: a highly available VM is started again, by the watcher, unless it went
// down as somebody wanted. Nil is nothing.
func (e *Engine) restart(vm *model.VM, cause lifecycle.Cause) *model.Restart {
	status := vm.Run.Status
	if lifecycle.Silent(status) {
		status = vm.Run.Before
	}
	if !vm.HA.Enabled || !lifecycle.Unwanted(cause) || status == model.StatusPoweringDown {
		return nil
	}
	now := time.Now().UTC()
	again := &model.Restart{Wanted: true, Next: now}
	if before := vm.Run.Restart; before != nil && now.Sub(vm.Run.StartTime) < wellAfter {
		again.Tries = before.Tries
		again.Next = now.Add(e.Values.Duration("RetryToRunAutoStartVmIntervalInSeconds"))
	}
	return again
}
