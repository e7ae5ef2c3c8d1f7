package rest

import (
	"net/http"

	"vireo/internal/engine/cdroms"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/rest/v3"
)

// addCDROM puts a medium into the drive; every VM has the one drive already.
func (s *Server) addCDROM(r *request) (*answer, error) {
	out, err := r.changeMedium("add")
	if err != nil {
		return nil, err
	}
	out.code, out.location = http.StatusCreated, r.href()+"/"+string(model.BlankID)
	return out, nil
}

// updateCDROM changes the medium: that of the next start or, with current, that
// of the running VM only (api-v3 6.1). An empty id ejects.
func (s *Server) updateCDROM(r *request) (*answer, error) {
	if r.id("cdrom") != model.BlankID {
		return nil, fault.Missing(string(r.id("cdrom")))
	}
	return r.changeMedium("update")
}

func (r *request) changeMedium(method string) (*answer, error) {
	shape := &v3.CDROM{}
	if err := r.read("cdrom", shape); err != nil {
		return nil, err
	}
	medium, err := shape.Medium(method)
	if err != nil {
		return nil, err
	}
	current, _, err := r.flag("current")
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindCDROM, "update")
	call.Params = &cdroms.UpdateParams{File: medium, Current: current}
	if _, err := r.act(call, nil); err != nil {
		return nil, err
	}
	drive, err := r.drive()
	if err != nil {
		return nil, err
	}
	return &answer{root: "cdrom", shape: drive}, nil
}

// ejectCDROM takes the medium out.
func (s *Server) ejectCDROM(r *request) (*answer, error) {
	if r.id("cdrom") != model.BlankID {
		return nil, fault.Missing(string(r.id("cdrom")))
	}
	action := &v3.Action{}
	if err := r.readOptional("action", action); err != nil {
		return nil, err
	}
	current, _, err := r.flag("current")
	if err != nil {
		return nil, err
	}
	call := r.call(model.KindCDROM, "remove")
	call.Params = &cdroms.UpdateParams{Current: current}
	return r.remove(call, action)
}
