package v4

import (
	"encoding/hex"
	"time"

	"vireo/internal/model"
)

// Ticket is ticket; Expiry is in seconds.
type Ticket struct {
	Value  *string `wire:"value"`
	Expiry *int    `wire:"expiry"`
}

// Length is how long a ticket is to last; nil if it does not say. Lengths beyond reason
// all become the same one, which is still too long.
func (t *Ticket) Length() *time.Duration {
	if t.Expiry == nil {
		return nil
	}
	const beyondReason = 1 << 31
	return new(time.Duration(min(*t.Expiry, beyondReason)) * time.Second)
}

// TicketOf shows a ticket.
func TicketOf(value string, length time.Duration) *Ticket {
	return &Ticket{Value: &value, Expiry: new(int(length / time.Second))}
}

// ProxyTicket is proxy_ticket: what opens one connection to a console.
type ProxyTicket struct {
	Value *string `wire:"value"`
}

// GraphicsConsole is a display of a VM: as configured, or with where it listens.
type GraphicsConsole struct {
	Resource
	Address  *string    `wire:"address"`
	Port     *int       `wire:"port"`
	Protocol *string    `wire:"protocol"`
	TLSPort  *int       `wire:"tls_port"`
	VM       *Reference `wire:"vm"`
}

// GraphicsConsoles is a list of displays.
type GraphicsConsoles struct {
	Collection
	GraphicsConsole []GraphicsConsole `wire:"graphics_console"`
}

// ShowGraphicsConsoles shows the displays of a VM: the configured one, or with current
// the one that runs and where it listens (api-v4 5.2).
func (p *Page) ShowGraphicsConsoles(vm *model.VM, current bool) []GraphicsConsole {
	display := vm.Display.Type
	if current {
		display = vm.Run.DisplayType
	}
	if display == "" {
		return nil
	}
	id := hex.EncodeToString([]byte(display))
	out := GraphicsConsole{Resource: p.resource("graphics_console", below(p.Href(model.KindVM, vm.ID), "graphicsconsoles", id), model.ID(id))}
	out.Protocol = new(string(display))
	out.VM = p.Ref(model.KindVM, vm.ID)
	if current {
		at := vm.Run.Console
		out.Address, out.Port, out.TLSPort = whole(at.Address), whole(at.Port), whole(at.SecurePort)
	}
	return []GraphicsConsole{out}
}

// whole is a value that is left out when there is none.
func whole[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}
	return &value
}
