package engine

import (
	"vireo/internal/auth"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// makers are the roles that whoever makes an object with the filtered view gets on
// it (api-v3 1.5).
var makers = map[model.Kind]model.ID{
	model.KindVM:       auth.UserVMManager,
	model.KindTemplate: auth.TemplateOwner,
	model.KindDisk:     auth.DiskOperator,
}

// giveToMaker makes the maker of an object its owner, unless the maker is so
// already by what stands above it.
func giveToMaker(tx *inventory.Tx, call *Call, made model.Ref) {
	role, owned := makers[made.Kind]
	if !owned || made.ID == "" || call.Caller == nil || !call.Caller.Filtered || call.Caller.Admin {
		return
	}
	if made.Kind == model.KindDisk && call.Parent != "" {
		return // it belongs to the VM, whose owners own it
	}
	tx.Permissions.Put(&model.Permission{ID: model.NewID(), Role: role, User: call.Caller.User, Object: made})
}

// forgetGone removes the permissions on objects that are gone, when one is.
func forgetGone(tx *inventory.Tx, target model.Ref) {
	if target.ID == "" || !holdsPermissions(target.Kind) {
		return
	}
	if _, there := objectIn(tx, target); there {
		return
	}
	ForgetGone(tx)
}

// ForgetGone removes the permissions on all objects that are gone.
func ForgetGone(tx *inventory.Tx) {
	for _, permission := range tx.Permissions.All() {
		if permission.Object == (model.Ref{}) {
			continue
		}
		if _, there := objectIn(tx, permission.Object); !there {
			tx.Permissions.Delete(permission.ID)
		}
	}
}

// holdsPermissions says whether permissions are given on objects of a kind.
func holdsPermissions(kind model.Kind) bool {
	switch kind {
	case model.KindVM, model.KindVMPool, model.KindTemplate, model.KindDisk, model.KindHost, model.KindCluster,
		model.KindDataCenter, model.KindStorageDomain, model.KindNetwork, model.KindVNICProfile:
		return true
	default:
		return false
	}
}
