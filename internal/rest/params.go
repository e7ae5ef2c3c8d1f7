package rest

import (
	"vireo/internal/engine"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// actionReaders make the parameters of those actions that have any, by the key
// of their command.
var actionReaders = map[string]func(*request, *v3.Action) (any, error){
	"vm.start":  readStart,
	"vm.ticket": readTicket,
}

func (r *request) actionParams(command *engine.Command, action *v3.Action) (any, error) {
	read, has := actionReaders[command.Key()]
	if !has {
		return nil, nil
	}
	return read(r, action)
}

// readStart reads start (api-v3 3.2).
func readStart(_ *request, action *v3.Action) (any, error) {
	if isTrue(action.UseSysprep) && isTrue(action.UseCloudInit) {
		return nil, &fault.Fault{
			Kind: fault.Conflict, Code: "SYSPREP_AND_CLOUD_INIT",
			Reason: "Cannot use sysprep and cloud_init tags simultaneously when running VM.",
		}
	}
	if isTrue(action.UseSysprep) || isTrue(action.UseCloudInit) {
		return nil, unsupported("Starting with cloud-init or sysprep is not supported.")
	}
	if action.VM.HasOverrides() {
		return nil, unsupported("Starting with other settings for one run is not supported; vm may only be given empty.")
	}
	params := &vms.StartParams{Pause: isTrue(action.Pause)}
	if action.VM != nil {
		params.Once = &model.RunOnce{}
	}
	return params, nil
}

// readTicket reads ticket (api-v3 3.13). Like the engine 3.6 it looks for the VM
// before there is a command.
func readTicket(r *request, action *v3.Action) (any, error) {
	if _, err := r.vm(); err != nil {
		return nil, err
	}
	params := &vms.TicketParams{}
	if action.Ticket != nil {
		params.Value, params.Expiry = action.Ticket.Value, action.Ticket.Length()
	}
	return params, nil
}

func isTrue(flag *bool) bool { return flag != nil && *flag }

// unsupported is the refusal of what the API has and this engine has not.
func unsupported(sentence string) error {
	return &fault.Fault{Kind: fault.BadRequest, Code: fault.UnsupportedWish, Messages: []string{sentence}, Command: true}
}
