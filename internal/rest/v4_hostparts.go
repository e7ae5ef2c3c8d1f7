package rest

import (
	"net/http"

	"vireo/internal/model"
	"vireo/internal/rest/v4"
)

var (
	hostNICList4    = shown4(hostNICList, showHostNIC4)
	oneHostNIC4     = object("host_nic", (*request).hostNIC, showHostNIC4)
	attachmentList4 = shown4(attachmentList, showAttachment4)
	oneAttachment4  = object("network_attachment", (*request).attachment, showAttachment4)
	agentList4      = shown4(agentList, showAgent4)
	oneAgent4       = object("agent", (*request).fenceAgent, showAgent4)

	hostStatistics4, hostStatistic4       = statistics4((*request).hostStatistics4)
	hostNICStatistics4, hostNICStatistic4 = statistics4((*request).hostNICStatistics4)
	vmStatistics4, vmStatistic4           = statistics4((*request).vmStatistics4)
)

func showHostNIC4(r *request, nic model.HostNIC) (any, error) {
	reached, err := r.reachedBy(nic)
	if err != nil {
		return nil, err
	}
	return r.page4.ShowHostNIC(&nic, r.id("host"), reached), nil
}

func showAttachment4(r *request, attachment *model.NetworkAttachment) (any, error) {
	return r.page4.ShowNetworkAttachment(attachment), nil
}

func showAgent4(r *request, agent *model.FenceAgent) (any, error) {
	return r.page4.ShowAgent(agent, r.id("host")), nil
}

// statistics4 makes list and fetch of figures.
func statistics4(rows func(*request) ([]v4.Statistic, error)) (list, one handler) {
	show := func(_ *request, s v4.Statistic) (any, error) { return s, nil }
	list = collection[v4.Statistic]{root: "statistics", item: "statistic", rows: rows, show: show}.get
	one = object("statistic", func(r *request) (v4.Statistic, error) {
		all, err := rows(r)
		return pick(all, r.ids["statistic"], err, func(s v4.Statistic) *string { return s.ID })
	}, show)
	return list, one
}

func (r *request) hostStatistics4() ([]v4.Statistic, error) {
	stats, err := r.view.HostStats(r.id("host"))
	if err != nil {
		return nil, err
	}
	return r.page4.ShowHostStatistics(stats, r.id("host")), nil
}

func (r *request) hostNICStatistics4() ([]v4.Statistic, error) {
	nic, err := r.hostNIC()
	if err != nil {
		return nil, err
	}
	stats, err := r.view.HostStats(r.id("host"))
	if err != nil {
		return nil, err
	}
	return r.page4.ShowHostNICStatistics(stats, r.id("host"), nic.Name), nil
}

func (r *request) vmStatistics4() ([]v4.Statistic, error) {
	stats, err := r.view.Stats(r.context(), r.id("vm"))
	if err != nil {
		return nil, err
	}
	return r.page4.ShowStatistics(&stats, r.id("vm")), nil
}

// hostRoutes4 are what there is below a host, and figures of VMs (api-v4 5).
func (s *Server) hostRoutes4() []*route {
	const kind, attachments, agents = model.KindNetworkAttachment, "hosts/{host}/networkattachments", "hosts/{host}/fenceagents"
	return []*route{
		{path: "hosts/{host}/nics", get: hostNICList4.get},
		{path: "hosts/{host}/nics/{nic}", get: oneHostNIC4, noun: "host_nic"},
		{path: "hosts/{host}/nics/{nic}/statistics", get: hostNICStatistics4},
		{path: "hosts/{host}/nics/{nic}/statistics/{statistic}", get: hostNICStatistic4},
		{path: attachments, get: attachmentList4.get, post: makes4(s, kind, "add", "network_attachment", readNewAttachment4,
			func(r *request, id model.ID) (*model.NetworkAttachment, error) { return r.view.NetworkAttachment(id) },
			func(r *request, made *model.NetworkAttachment) (any, *v4.Resource) {
				out := r.page4.ShowNetworkAttachment(made)
				return out, &out.Resource
			})},
		{
			path: attachments + "/{networkattachment}", get: oneAttachment4, noun: "network_attachment",
			put:    s.writes(kind, "update", edits(s, kind, "update", existing((*request).attachment), readAttachment4, oneAttachment4)),
			delete: s.removes4(kind, "remove", existing((*request).attachment), noParams),
		},
		{path: agents, get: agentList4.get, post: s.writes(model.KindHost, "update", s.addAgent4)},
		{
			path: agents + "/{fenceagent}", get: oneAgent4, noun: "agent",
			put: s.writes(model.KindHost, "update", s.updateAgent4), delete: s.writes(model.KindHost, "update", s.removeAgent4),
		},
		{path: "hosts/{host}/statistics", get: hostStatistics4},
		{path: "hosts/{host}/statistics/{statistic}", get: hostStatistic4},
		{path: "vms/{vm}/statistics", get: vmStatistics4},
		{path: "vms/{vm}/statistics/{statistic}", get: vmStatistic4},
	}
}

func readNewAttachment4(r *request) (any, error) {
	return r.readAttachment4((*v4.NetworkAttachment).CheckAdd)
}

func readAttachment4(r *request) (any, error) {
	return r.readAttachment4(func(shape *v4.NetworkAttachment) error { return shape.CheckUpdate(r.id("networkattachment")) })
}

func (r *request) readAttachment4(check func(*v4.NetworkAttachment) error) (any, error) {
	shape := &v4.NetworkAttachment{}
	if err := r.read("network_attachment", shape); err != nil {
		return nil, err
	}
	if err := check(shape); err != nil {
		return nil, err
	}
	on, find, err := r.attachedTo()
	if err != nil {
		return nil, err
	}
	return changes(func(attachment *model.NetworkAttachment) error { return shape.Apply(attachment, on, find) })
}

// addAgent4 gives a host a fence agent.
func (s *Server) addAgent4(r *request) (*answer, error) {
	shape := &v4.Agent{}
	if err := r.read("agent", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckAdd(); err != nil {
		return nil, err
	}
	made, err := r.makeAgent(func(agent *model.FenceAgent) { shape.Apply(agent, r.finder()) })
	if err != nil {
		return nil, err
	}
	out := r.page4.ShowAgent(made, r.id("host"))
	return &answer{code: http.StatusCreated, root: "agent", shape: out, location: out.Href}, nil
}

// updateAgent4 changes a fence agent of a host.
func (s *Server) updateAgent4(r *request) (*answer, error) {
	shape := &v4.Agent{}
	if err := r.read("agent", shape); err != nil {
		return nil, err
	}
	if err := shape.CheckUpdate(r.id("fenceagent")); err != nil {
		return nil, err
	}
	seal := r.finder()
	if err := r.changeAgent(func(agent *model.FenceAgent) { shape.Apply(agent, seal) }); err != nil {
		return nil, err
	}
	return oneAgent4(r)
}

// removeAgent4 takes a fence agent from a host.
func (s *Server) removeAgent4(r *request) (*answer, error) {
	if err := r.dropAgent(); err != nil {
		return nil, err
	}
	return &answer{root: "action", shape: r.done4(&v4.Action{}, nil)}, nil
}
