package consoles

import (
	"context"
	"errors"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/guestagent"
	"vireo/internal/host"
	"vireo/internal/model"
)

// afterwards are the orders to the agent in a guest for what is to be done when its display
// is left; the other actions are commands.
var afterwards = map[model.DisconnectAction]func() []byte{
	model.DisconnectLockScreen: guestagent.LockScreen,
	model.DisconnectLogout:     guestagent.LogOff,
}

// left does what the VM is configured to do when a connection to its display has ended
// (api-v4 4.3, display/disconnect_action): whoever comes next is not to find the desktop of
// the one before. A guest without an agent is left as it is.
func (c *Connection) left(why error) {
	vm, known := c.room.Inventory.VMs.Get(c.pass.vm)
	if !known || c.pass.console != host.ConsoleDisplay || errors.Is(why, errGone) || errors.Is(why, errClosing) || vm.Run.Epoch != c.pass.epoch {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), c.room.Values.Duration("HostCallTimeout"))
	defer cancel()
	var err error
	switch action := vm.Display.DisconnectAction; action {
	case model.DisconnectLockScreen, model.DisconnectLogout:
		if !c.room.HearsAgent(vm.ID) {
			return
		}
		err = c.room.TellAgent(ctx, vm.ID, afterwards[action]())
	case model.DisconnectReboot, model.DisconnectShutdown:
		if c.goesOn(why) {
			return
		}
		_, err = c.room.Act(ctx, &engine.Call{On: model.KindVM, Name: string(action), Target: vm.ID, Async: new(true)})
	default:
		return
	}
	if err != nil {
		c.tell(audit.DisconnectFailed, string(vm.Display.DisconnectAction)+": "+err.Error())
	}
}

// goesOn says that the display is not left for good: others look at it, or its user comes
// back with another ticket.
func (c *Connection) goesOn(why error) bool {
	if now := c.room.tickets.of(c.pass.vm); errors.Is(why, errReplaced) && c.ticket != nil && now != nil && now.User == c.ticket.User {
		return true
	}
	c.room.mu.Lock()
	defer c.room.mu.Unlock()
	for other := range c.room.open {
		if other != c && other.pass.vm == c.pass.vm && other.pass.console == host.ConsoleDisplay {
			return true
		}
	}
	return false
}
