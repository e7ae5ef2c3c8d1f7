package rest

import (
	"vireo/internal/engine/vms"
	"vireo/internal/model"
	"vireo/internal/rest/v4"
)

// consoleRoutes4 are the displays of VMs, what is done with them (api-v4 5.2), and what
// logs on to what they show.
func (s *Server) consoleRoutes4() []*route {
	const consoles, one = "vms/{vm}/graphicsconsoles", "vms/{vm}/graphicsconsoles/{graphicsconsole}"
	free := []string{"graphicsconsole", "ids"}
	table := []*route{
		{path: consoles, get: consoleList4.get},
		{path: one, get: s.console(oneConsole4), noun: "graphics_console", viewer: true, free: free},
		{path: "vms/{vm}/screenshot", post: &write{on: model.KindVM, name: "screenshot", do: s.screenshot4}, hidden: true},
	}
	for _, command := range s.engine.Commands() {
		bases := map[string][]string{
			"vm.ticket": {"vms/{vm}", one}, "vm.proxyticket": {one}, "vm.serialticket": {"vms/{vm}"}, "vm.logon": {"vms/{vm}"},
		}[command.Key()]
		for _, base := range bases {
			do := s.act4(command)
			if base == one {
				do = onConsole(do)
			}
			table = append(table,
				&route{path: base + "/" + command.Name, action: command, post: s.writes(command.On, command.Name, do), free: free},
				&route{path: base + "/" + command.Name + "/{ids}", get: s.actionStatus4(command.Key()), free: free},
			)
		}
		if command.Key() == "vm.ticket" {
			table = append(table, &route{
				path: one + "/remoteviewerconnectionfile", action: command, free: free,
				post: &write{on: model.KindVM, name: "ticket", do: s.viewerFile4},
			})
		}
	}
	return table
}

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
