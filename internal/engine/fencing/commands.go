package fencing

import (
	"encoding/json"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/fence"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// room is what the verbs share.
type room struct{ *engine.Engine }

// Params are the Params of fence.
type Params struct {
	Type model.FenceType `json:"type"`
	// Automatic says that the engine itself has decided it, because the host has not
	// answered for too long.
	Automatic bool `json:"automatic,omitempty"`
	// Power is filled in by type status.
	Power fence.Power `json:"-"`
}

// Durable implements engine.Durable.
func (*Params) Durable() {}

var _ engine.Durable = (*Params)(nil)

// Commands are the rows for cutting hosts off. Target is the host, and so is
// Result.Object (api-v3 6.3, fence).
func Commands(e *engine.Engine) []engine.Command {
	r := &room{e}
	off := job.Step{Name: "off", Title: "Cutting the host off from its power", Do: r.turnOff, Lasting: true}
	lose := job.Step{Name: "lose", Title: "Closing the runs of its VMs", Do: r.lose, Lasting: true}
	on := job.Step{Name: "on", Title: "Giving the host its power", Do: r.turnOn, Lasting: true}
	return []engine.Command{{
		On: model.KindHost, Name: "fence", Verb: "fence Host", Needs: "manipulate_host", First: r.check,
		Paths: []engine.Path{
			{Name: "manual", When: wants(model.FenceManual), Apply: r.confirm},
			{Name: "status", When: wants(model.FenceStatus), Check: r.checkAgents, Apply: r.status},
			{
				Name: "restart", When: wants(model.FenceRestart), Title: "Restarting Host {name} by its power management",
				Check: r.checkRestart, Begun: audit.HostRestartBegun, Done: audit.HostRestarted, Failed: audit.HostRestartFailed,
				Steps: []job.Step{off, lose, on},
			},
			{
				Name: "stop", When: wants(model.FenceStop), Title: "Stopping Host {name} by its power management",
				Check: r.checkCut, Begun: audit.HostStopBegun, Done: audit.HostStopped, Failed: audit.HostStopFailed,
				Steps: []job.Step{off, lose},
			},
			{
				Name: "start", When: wants(model.FenceStart), Title: "Starting Host {name} by its power management",
				Check: r.checkOn, Begun: audit.HostStartBegun, Done: audit.HostStarted, Failed: audit.HostStartFailed,
				Steps: []job.Step{on},
			},
		},
	}}
}

func paramsOf(call *engine.Call) *Params {
	params, ok := call.Params.(*Params)
	if !ok || params == nil {
		return &Params{}
	}
	return params
}

func wants(of model.FenceType) func(*inventory.Tx, *engine.Call) bool {
	return func(_ *inventory.Tx, call *engine.Call) bool { return paramsOf(call).Type == of }
}

// types are what can be asked.
var types = []model.FenceType{model.FenceManual, model.FenceRestart, model.FenceStart, model.FenceStop, model.FenceStatus}

// asked gives what a job was asked.
func asked(w *job.Work) Params {
	var params Params
	_ = json.Unmarshal(w.Job.Params, &params)
	return params
}

// host is the host of a job as it is now.
func (r *room) host(w *job.Work) (*model.Host, error) {
	on, ok := r.Inventory.Hosts.Get(w.Job.Target.ID)
	if !ok {
		return nil, fault.Missing(string(w.Job.Target.ID))
	}
	return on, nil
}
