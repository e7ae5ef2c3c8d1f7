package v3

import (
	"reflect"

	"vireo/internal/model"
)

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
	if a.VM == nil {
		return
	}
	if a.VM.Domain != nil && a.VM.Domain.User != nil {
		hide(a.VM.Domain.User.Password)
	}
	initialization := a.VM.Initialization
	if initialization == nil {
		return
	}
	hide(initialization.RootPassword)
	if initialization.CloudInit != nil && initialization.CloudInit.Users != nil {
		for _, user := range initialization.CloudInit.Users.User {
			hide(user.Password)
		}
	}
}

// hidden stands for a password wherever one would be shown (api-v3 2.3).
const hidden = "******"

func hide(secret *string) {
	if secret != nil && *secret != "" {
		*secret = hidden
	}
}

// HasOverrides says whether a vm element of a start names anything at all: an
// empty one only says "run once".
func (s *VM) HasOverrides() bool {
	if s == nil {
		return false
	}
	named := *s
	named.Resource = Resource{}
	return !reflect.ValueOf(named).IsZero()
}
