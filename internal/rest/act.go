package rest

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vireo/internal/engine"
	"vireo/internal/engine/fencing"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// act is the one handler of every action (api-v3 3.1). The answer is the action
// that was sent, completed: every element comes back, vm as the links of the VM.
func (s *Server) act(command *engine.Command) handler {
	return func(r *request) (*answer, error) {
		action := &v3.Action{}
		if err := r.read("action", action); err != nil {
			return nil, err
		}
		params, err := r.actionParams(command, action)
		if err != nil {
			return nil, err
		}
		call := r.call(command.On, command.Name)
		call.Params = params
		call.GracePeriod = grace(action.GracePeriod)
		if call.Async, err = r.asynchrony(action.Async); err != nil {
			return nil, err
		}
		result, err := s.engine.Act(r.context(), call)
		r.lookAgain()
		r.complete(action, command, call, result)
		if err != nil {
			return r.refuseAction(action, err), nil
		}
		if ticket, ok := params.(*vms.TicketParams); ok {
			action.Ticket = v3.TicketOf(*ticket.Value, *ticket.Expiry)
		}
		if fenced, ok := params.(*fencing.Params); ok && fenced.Power != "" {
			action.PowerManagement = v3.PowerStatus(string(fenced.Power))
		}
		action.Status = &v3.Status{State: "complete"}
		if result.Pending {
			action.Async = new(true)
			action.Status.State = "pending"
			return &answer{code: http.StatusAccepted, root: "action", shape: action}, nil
		}
		return &answer{root: "action", shape: action}, nil
	}
}

// call begins a call of a command on what the path names.
func (r *request) call(on model.Kind, name string) *engine.Call {
	call := &engine.Call{On: on, Name: name, Caller: r.caller, CorrelationID: r.correlation}
	switch on {
	case model.KindVM:
		call.Target = r.id("vm")
	case model.KindDisk, model.KindNIC, model.KindTag, model.KindSnapshot:
		call.Parent, call.Target = r.id("vm"), r.id(string(on))
	case model.KindCDROM:
		call.Parent = r.id("vm")
	case model.KindUser, model.KindGroup, model.KindRole, model.KindPermission:
		call.Target = r.id(string(on))
	case model.KindStorageDomain:
		call.Target = r.id("storagedomain")
	case model.KindVMPool:
		call.Target = r.id("vmpool")
	case model.KindTemplate:
		call.Target = r.id("template")
	case model.KindNetwork:
		call.Target = r.id("network")
	case model.KindVNICProfile:
		call.Target = r.id("vnicprofile")
	case model.KindMACPool:
		call.Target = r.id("macpool")
	case model.KindNetworkAttachment:
		call.Target = r.id("networkattachment")
	case model.KindAffinityGroup:
		call.Target = r.id("affinitygroup")
	case model.KindImageTransfer:
		call.Target = r.id("imagetransfer")
	case model.KindHost:
		call.Target = r.id("host")
	case model.KindCluster:
		call.Target = r.id("cluster")
	case model.KindDataCenter:
		call.Target = r.id("datacenter")
	}
	return call
}

// complete adds to an action what the answer says besides its state: the links
// to its parent and for doing it again, id and address if there is a job, the
// job if it can be seen, and the links of the VM.
func (r *request) complete(action *v3.Action, command *engine.Command, call *engine.Call, result *engine.Result) {
	at := r.href()
	parent := at[:strings.LastIndexByte(at, '/')]
	action.Actions, action.Name, action.Description, action.Comment = nil, nil, nil, nil
	action.Link = []v3.Link{{Href: parent, Rel: "parent"}, {Href: at, Rel: "replay"}}
	action.Href, action.ID, action.Job, action.Fault, action.Status = "", nil, nil, nil, nil
	if command.On == model.KindVM {
		if _, err := r.view.VM(call.Target); err == nil {
			action.VM = r.page.LinksOfVM(call.Target)
		}
	}
	action.HideSecrets()
	if result == nil {
		return
	}
	if given, ok := result.Object.(*model.VM); ok && command.On == model.KindVMPool {
		action.VM = r.page.LinksOfVM(given.ID)
	}
	// Work that needed no job is done: its id is like that of a forgotten one.
	id := model.NewID()
	if result.Job != nil {
		id = result.Job.ID
		if result.Job.Monitored {
			action.Job = r.page.JobReference(result.Job)
		}
	}
	action.ID = new(string(id))
	action.Href = at + "/" + string(id)
}

// actionStatus answers how far an action is (api-v3 3.1). Ids that are not known
// were complete when they were forgotten.
func (s *Server) actionStatus(command *engine.Command) handler {
	return func(r *request) (*answer, error) {
		if command.On == model.KindVM {
			if _, err := r.vm(); err != nil {
				return nil, err
			}
		}
		state, failed, err := r.progress(command.Key())
		if err != nil {
			return nil, err
		}
		at := r.href()
		at = at[:strings.LastIndexByte(at, '/')]
		action := &v3.Action{}
		action.ID = new(r.ids["ids"])
		action.Href = at + "/" + url.PathEscape(r.ids["ids"])
		action.Link = []v3.Link{
			{Href: at[:strings.LastIndexByte(at, '/')], Rel: "parent"},
			{Href: at, Rel: "replay"},
		}
		action.Status = &v3.Status{State: state}
		action.Fault = jobFault(failed)
		return &answer{root: "action", shape: action}, nil
	}
}

// creationStatus answers how far the making of an object is (api-v3 2.5).
func (s *Server) creationStatus(r *request) (*answer, error) {
	state, failed, err := r.progress()
	if err != nil {
		return nil, err
	}
	at := r.href()
	object := at[:strings.LastIndex(at, "/creation_status/")]
	creation := &v3.Creation{Status: &v3.Status{State: state}, Fault: jobFault(failed)}
	creation.ID = new(r.ids["ids"])
	creation.Href = object + "/creation_status/" + url.PathEscape(r.ids["ids"])
	creation.Link = []v3.Link{{Href: object, Rel: "parent"}}
	return &answer{root: "creation", shape: creation}, nil
}

// progress looks up the jobs of a state resource: the worst of them counts. Jobs
// of other commands than the actions, if any are given, or of other objects, are as unknown.
func (r *request) progress(actions ...string) (state string, failed *model.Job, err error) {
	state = "complete"
	for text := range strings.SplitSeq(r.ids["ids"], ",") {
		id, err := model.ParseID(strings.TrimSpace(text))
		if err != nil {
			return "", nil, badID(text)
		}
		job, err := r.view.Job(r.context(), id)
		if fault.Is(err, fault.NotFound) || err == nil && !r.concerns(job, actions) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		switch job.Status {
		case model.JobStarted:
			if state == "complete" {
				state = "in_progress"
			}
		case model.JobFailed, model.JobAborted:
			state = "failed"
			failed = job
		case model.JobFinished, model.JobUnknown:
		}
	}
	return state, failed, nil
}

func (r *request) concerns(job *model.Job, actions []string) bool {
	for _, id := range r.ids {
		// What is imported as a clone has another id than what it is made of, which is locked.
		locked := slices.ContainsFunc(job.Locks, func(ref model.Ref) bool { return ref.Kind == model.KindExportedVM && string(ref.ID) == id })
		if string(job.Target.ID) == id || locked {
			return len(actions) == 0 || slices.Contains(actions, job.Action)
		}
	}
	if slices.Contains(actions, "vm_pool.allocatevm") { // its job is the start of the VM that was given
		vm, err := r.view.VM(job.Target.ID)
		return err == nil && job.Action == "vm.start" && vm.Pool == r.id("vmpool")
	}
	return false
}

// jobFault says why a job has failed; nil for none.
func jobFault(job *model.Job) *v3.Fault {
	if job == nil {
		return nil
	}
	failed := &v3.Fault{Reason: "Asynchronous task failed"}
	if job.Fault != nil {
		failed.Detail = new("[" + job.Fault.Message + "]")
	}
	return failed
}
