package rest

import (
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// What the agents in guests say of them, beside the elements of the VM itself.

var vmApplicationList = collection[*v3.Application]{
	root: "applications", item: "application",
	rows: (*request).applications,
	show: func(_ *request, a *v3.Application) (any, error) { return a, nil },
}

var oneVMApplication = object("application", func(r *request) (*v3.Application, error) {
	all, err := r.applications()
	return pick(all, r.ids["application"], err, func(a *v3.Application) *string { return a.ID })
}, func(_ *request, a *v3.Application) (any, error) { return a, nil })

func (r *request) applications() ([]*v3.Application, error) {
	vm, err := r.vm()
	if err != nil {
		return nil, err
	}
	var found []*v3.Application
	if live := r.view.Live(vm.ID); live != nil {
		for _, name := range live.Applications {
			found = append(found, r.page.ShowApplication(name, vm.ID))
		}
	}
	return found, nil
}

var vmSessionList = collection[*v3.Session]{
	root: "sessions", item: "session",
	rows: (*request).guestSessions,
	show: func(_ *request, s *v3.Session) (any, error) { return s, nil },
}

var oneVMSession = object("session", func(r *request) (*v3.Session, error) {
	all, err := r.guestSessions()
	return pick(all, r.ids["session"], err, func(s *v3.Session) *string { return s.ID })
}, func(_ *request, s *v3.Session) (any, error) { return s, nil })

func (r *request) guestSessions() ([]*v3.Session, error) {
	vm, err := r.vm()
	if err != nil {
		return nil, err
	}
	var console *model.User
	if vm.Run.ConsoleUser != "" {
		if user, err := r.view.User(vm.Run.ConsoleUser); err == nil { // else it is not to be seen
			console = user
		}
	}
	inside := ""
	if live := r.view.Live(vm.ID); live != nil {
		inside = live.User
	}
	return r.page.ShowSessions(vm.ID, console, inside), nil
}
