package v3

import "vireo/internal/model"

// LinksOfVM is the vm element of an answered action: its actions and
// sub-collections only (api-v3 3.1).
func (p *Page) LinksOfVM(id model.ID) *VM {
	return &VM{VMBase: VMBase{Resource: p.top(model.KindVM, id)}}
}

// HideSecrets replaces what an echo of the action must not hold. A ticket is
// emptied: what there is to tell of it is not what was asked (api-v3 3.13).
func (a *Action) HideSecrets() {
	if a.Ticket != nil {
		a.Ticket = &Ticket{}
	}
	a.ProxyTicket = nil
	if a.VM == nil {
		return
	}
	if a.VM.Domain != nil && a.VM.Domain.User != nil {
		hide(a.VM.Domain.User.Password)
	}
	a.VM.Initialization.hideSecrets()
	a.VM.Payloads.hideSecrets()
}

func (s *Initialization) hideSecrets() {
	if s == nil {
		return
	}
	hide(s.WindowsLicenseKey)
	hide(s.RootPassword)
	hide(s.CustomScript)
	if s.Configuration != nil {
		hide(s.Configuration.Data)
	}
	if s.CloudInit == nil {
		return
	}
	if s.CloudInit.Users != nil {
		for _, user := range s.CloudInit.Users.User {
			hide(user.Password)
		}
	}
	s.CloudInit.Files.hideSecrets()
}

func (s *Payloads) hideSecrets() {
	if s == nil {
		return
	}
	for _, payload := range s.Payload {
		payload.Files.hideSecrets()
		if payload.File != nil {
			hide(payload.File.Content)
		}
	}
}

func (s *PayloadFiles) hideSecrets() {
	if s == nil {
		return
	}
	for _, file := range s.File {
		hide(file.Content)
	}
}
