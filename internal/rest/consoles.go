package rest

import (
	"context"
	"encoding/hex"
	"strings"
	"time"

	"vireo/internal/auth"
	"vireo/internal/engine/consoles"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// Screens looks at displays; [*consoles.Room] does.
type Screens interface {
	// DisplaySubject is the subject of the certificate that a display shows; may be empty.
	DisplaySubject(ctx context.Context, vm *model.VM) string
	Screenshot(ctx context.Context, caller *auth.Caller, correlation string, vm model.ID) ([]byte, error)
}

// viewerTicket is how long the ticket in a file for remote-viewer lets in.
const viewerTicket = 2 * time.Minute

// console shows a display, or gives the file by which remote-viewer opens it.
func (s *Server) console(shown handler) handler {
	return func(r *request) (*answer, error) {
		if !r.viewer {
			return shown(r)
		}
		text, err := s.viewerFile(r)
		if err != nil {
			return nil, err
		}
		return &answer{text: []byte(text), media: viewerMedia}, nil
	}
}

// viewerFile makes the file for remote-viewer, with a ticket of its own.
func (s *Server) viewerFile(r *request) (string, error) {
	if err := r.shows(); err != nil {
		return "", err
	}
	call := r.call(model.KindVM, "ticket")
	params := &vms.TicketParams{Expiry: new(viewerTicket)}
	call.Params = params
	call.Async = new(false)
	result, err := s.engine.Act(r.context(), call)
	if err != nil {
		return "", err
	}
	r.lookAgain()
	if result.Pending {
		return "", &fault.Fault{Kind: fault.Unavailable, Code: "BUSY", Messages: []string{"The host of the VM takes too long to set the ticket. Please try again later."}}
	}
	vm, err := r.vm()
	if err != nil {
		return "", err
	}
	file := viewerFile{
		name: vm.Name, display: params.Display, console: params.Console, password: *params.Value, lasts: viewerTicket,
	}
	// Who may see the display may know where it is, and seldom sees hosts.
	if on, err := s.engine.View(nil).Host(vm.Run.Host); err == nil {
		file.host = hostOf(on.Address)
	}
	if s.options.Authority != nil && params.Console.SecurePort > 0 {
		if authority, err := s.options.Authority(); err == nil {
			file.authority = string(authority)
		}
		file.subject = s.options.Screens.DisplaySubject(r.context(), vm)
	}
	return file.text(), nil
}

// shows says that the path names a display of the VM, by the id of either version: the
// name of its protocol in hexadecimal digits, in upper or in lower case.
func (r *request) shows() error {
	vm, err := r.vm()
	if err != nil {
		return err
	}
	for _, display := range []model.DisplayType{vm.Display.Type, vm.Run.DisplayType} {
		for _, name := range []string{string(display), strings.ToUpper(string(display))} {
			if name != "" && r.ids["graphicsconsole"] == hex.EncodeToString([]byte(name)) {
				return nil
			}
		}
	}
	return fault.Missing(shorten(r.ids["graphicsconsole"]))
}

// newPass begins the parameters of a connection to the display that the path names.
func (r *request) newPass() (any, error) { return &consoles.PassParams{}, r.shows() }

func readPass(r *request, _ *v3.Action) (any, error) { return r.newPass() }

func readSerialPass(*request, *v3.Action) (any, error) { return &consoles.PassParams{}, nil }
