package rest

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/consoles"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/fencing"
	"vireo/internal/engine/hosts"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v4"
)

// actionReaders4 make the parameters of those actions that have any, by the key of
// their command.
var actionReaders4 = map[string]func(*request, *v4.Action) (any, error){
	"disk.move": func(r *request, action *v4.Action) (any, error) {
		to, err := action.Destination("move", r.finder())
		return &disks.MoveParams{StorageDomain: to}, err
	},
	"disk.copy": func(r *request, action *v4.Action) (any, error) {
		to, err := action.Destination("copy", r.finder())
		return &disks.CopyParams{StorageDomain: to, Alias: action.NewAlias()}, err
	},
	"host.deactivate": func(_ *request, action *v4.Action) (any, error) {
		params := &hosts.DeactivateParams{}
		if action.Reason != nil {
			params.Reason = *action.Reason
		}
		return params, nil
	},
	"host.fence": func(_ *request, action *v4.Action) (any, error) {
		kind, err := action.Fence()
		return &fencing.Params{Type: model.FenceType(kind)}, err
	},
	"vm.export": readExport4, "template.export": readExport4,
	"vm.export_ova": readPack4, "template.export_ova": readPack4,
	"vm.ticket":       readTicket4,
	"vm.proxyticket":  func(r *request, _ *v4.Action) (any, error) { return r.newPass() },
	"vm.serialticket": func(*request, *v4.Action) (any, error) { return &consoles.PassParams{}, nil },
}

// act4 is the one handler of every action of version 4 (api-v4 2.7).
func (s *Server) act4(command *engine.Command) handler {
	return func(r *request) (*answer, error) {
		action := &v4.Action{}
		if err := r.readOptional("action", action); err != nil {
			return nil, err
		}
		return r.act4(command, action)
	}
}

// act4 does an action that was read.
func (r *request) act4(command *engine.Command, action *v4.Action) (*answer, error) {
	call := r.call(command.On, command.Name)
	var err error
	if read, has := actionReaders4[command.Key()]; has {
		if call.Params, err = read(r, action); err != nil {
			return nil, err
		}
	}
	call.GracePeriod = grace4(action.GracePeriod)
	if call.Async, err = r.asynchrony(action.Async); err != nil {
		return nil, err
	}
	result, err := r.server.engine.Act(r.context(), call)
	r.lookAgain()
	action.Ticket, action.ProxyTicket = nil, nil // what was asked is not told
	if err != nil {
		return r.refuseAction4(action, err), nil
	}
	r.done4(action, result)
	switch made := call.Params.(type) {
	case *vms.TicketParams:
		action.Ticket = v4.TicketOf(*made.Value, *made.Expiry)
	case *consoles.PassParams:
		action.ProxyTicket = &v4.ProxyTicket{Value: &made.Pass}
	}
	if given, ok := result.Object.(*model.VM); ok && command.On == model.KindVMPool {
		action.VM = r.page4.Ref(model.KindVM, given.ID)
	}
	if !result.Pending || result.Job == nil {
		return &answer{root: "action", shape: action}, nil
	}
	at := r.href()
	action.Async, action.Status = new(true), new("pending")
	action.ID, action.Href = new(string(result.Job.ID)), at+"/"+string(result.Job.ID)
	action.Link = around(at)
	return &answer{code: http.StatusAccepted, root: "action", shape: action}, nil
}

// around are the links of an action at an address.
func around(at string) []v4.Link {
	return []v4.Link{{Href: at[:strings.LastIndexByte(at, '/')], Rel: "parent"}, {Href: at, Rel: "replay"}}
}

func grace4(period *v4.GracePeriod) time.Duration {
	if period == nil || period.Expiry <= 0 {
		return 0
	}
	return time.Duration(min(period.Expiry, longestGrace.Milliseconds())) * time.Millisecond
}

// refuseAction4 makes the answer of a command that was refused or failed, inside the
// action that the client sent.
func (r *request) refuseAction4(action *v4.Action, err error) *answer {
	f := fault.Of(err)
	if !f.Command && f.Kind != fault.Internal && f.Kind != fault.Unavailable {
		return r.refuse(err)
	}
	action.Status, action.Fault = new("failed"), fault4(f)
	return &answer{code: r.dialect.codeOf(f), root: "action", shape: action, reason: err}
}

// actionStatus4 answers how far an action is.
func (s *Server) actionStatus4(commands ...string) handler {
	return func(r *request) (*answer, error) {
		state, failed, err := r.progress(commands...)
		if err != nil {
			return nil, err
		}
		at := r.href()
		at = at[:strings.LastIndexByte(at, '/')]
		action := &v4.Action{Status: &state}
		if failed != nil {
			action.Fault = &v4.Fault{Reason: jobFault(failed).Reason, Detail: jobFault(failed).Detail}
		}
		action.ID, action.Href, action.Link = new(r.ids["ids"]), at+"/"+url.PathEscape(r.ids["ids"]), around(at)
		return &answer{root: "action", shape: action}, nil
	}
}

// creationStatus4 answers how far the making of an object is.
func (s *Server) creationStatus4(r *request) (*answer, error) {
	state, failed, err := r.progress()
	if err != nil {
		return nil, err
	}
	at := r.href()
	object := at[:strings.LastIndex(at, "/creation_status/")]
	creation := &v4.Creation{Status: &state}
	if failed != nil {
		creation.Fault = &v4.Fault{Reason: jobFault(failed).Reason, Detail: jobFault(failed).Detail}
	}
	creation.ID = new(r.ids["ids"])
	creation.Href = object + "/creation_status/" + url.PathEscape(r.ids["ids"])
	creation.Link = []v4.Link{{Href: object, Rel: "parent"}}
	return &answer{root: "creation", shape: creation}, nil
}

// refusal4 is the body of a refusal in version 4 (api-v4 2.9).
func refusal4(_ *request, f *fault.Fault) (root string, shape any) {
	out := fault4(f)
	if f.Kind == unreadable {
		out.Reason = "Request syntactically incorrect."
	}
	return "fault", out
}

func fault4(f *fault.Fault) *v4.Fault {
	same := faultShape(f)
	return &v4.Fault{Detail: same.Detail, Reason: same.Reason}
}
