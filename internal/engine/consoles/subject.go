package consoles

import (
	"context"
	"log/slog"

	"vireo/internal/model"
)

// DisplaySubject is the subject of the certificate that the display of a VM shows to
// those who come by TLS, for viewers that are to insist on it; empty when it shows none,
// or when that cannot be seen from here.
func (r *Room) DisplaySubject(ctx context.Context, vm *model.VM) string {
	bounded, cancel := context.WithTimeout(ctx, r.Values.Duration("HostCallTimeout"))
	defer cancel()
	conn, err := r.Machines.Connected(vm.Run.Host)
	subject := ""
	if err == nil {
		subject, err = conn.DisplaySubject(bounded, vm.ID)
	}
	if err != nil {
		r.Log.WarnContext(ctx, "the certificate of a display cannot be looked at", slog.String("vm", string(vm.ID)), slog.Any("err", err))
	}
	return subject
}
