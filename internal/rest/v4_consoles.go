package rest

import (
	"vireo/internal/engine/vms"
	"vireo/internal/model"
	"vireo/internal/rest/v4"
)

// consoleRoutes4 are the displays of VMs, what is done with them (api-v4 5.2), and what
// logs on to what they show.
func (s *Server) consoleRoutes4() []*route {
	free := []string{"graphicsconsole"}
	return []*route{
		{path: "vms/{vm}/graphicsconsoles", get: consoleList4.get},
		{path: console4, get: s.console(oneConsole4), noun: "graphics_console", viewer: true, free: free},
		{path: "vms/{vm}/screenshot", post: &write{on: model.KindVM, name: "screenshot", do: s.screenshot4}, hidden: true},
		{
			path: console4 + "/remoteviewerconnectionfile", action: s.command("vm.ticket"), free: free,
			post: &write{on: model.KindVM, name: "ticket", do: s.viewerFile4},
		},
	}
}

// console4 is a display of a VM.
const console4 = "vms/{vm}/graphicsconsoles/{graphicsconsole}"

// onConsole refuses what the VM does not have.
func onConsole(do handler) handler {
	return func(r *request) (*answer, error) {
		if err := r.shows(); err != nil {
			return nil, err
		}
		return do(r)
	}
}

var consoleList4 = collection[v4.GraphicsConsole]{
	root: "graphics_consoles", item: "graphics_console",
	rows: (*request).consoles4,
	show: func(_ *request, c v4.GraphicsConsole) (any, error) { return c, nil },
}

var oneConsole4 = object("graphics_console", func(r *request) (v4.GraphicsConsole, error) {
	all, err := r.consoles4()
	return pick(all, r.ids["graphicsconsole"], err, func(c v4.GraphicsConsole) *string { return c.ID })
}, func(_ *request, c v4.GraphicsConsole) (any, error) { return c, nil })

func (r *request) consoles4() ([]v4.GraphicsConsole, error) {
	vm, err := r.vm()
	if err != nil {
		return nil, err
	}
	current, _, err := r.flag("current")
	if err != nil {
		return nil, err
	}
	return r.page4.ShowGraphicsConsoles(vm, current), nil
}

func readTicket4(_ *request, action *v4.Action) (any, error) {
	params := &vms.TicketParams{}
	if action.Ticket != nil {
		params.Value, params.Expiry = action.Ticket.Value, action.Ticket.Length()
	}
	return params, nil
}

// viewerFile4 answers with the file for remote-viewer inside the action.
func (s *Server) viewerFile4(r *request) (*answer, error) {
	action := &v4.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	text, err := s.viewerFile(r)
	if err != nil {
		return r.refuseAction4(action, err), nil
	}
	action.Status, action.ViewerFile = new("complete"), &text
	return &answer{root: "action", shape: action}, nil
}

// screenshot4 answers with the picture itself.
func (s *Server) screenshot4(r *request) (*answer, error) {
	picture, err := s.options.Screens.Screenshot(r.context(), r.caller, r.correlation, r.id("vm"))
	if err != nil {
		return nil, err
	}
	return &answer{text: picture, media: "image/png"}, nil
}
