package engine

import (
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// CopyPermissions gives everybody on one object what they have on another.
func CopyPermissions(tx *inventory.Tx, from, to model.Ref) {
	for _, permission := range tx.Permissions.All() {
		if permission.Object == from {
			copied := model.Clone(permission)
			copied.ID, copied.Object = model.NewID(), to
			tx.Permissions.Put(copied)
		}
	}
}

// ForgetPermissions takes away what anybody has on an object that is no more.
func ForgetPermissions(tx *inventory.Tx, of model.Ref) {
	for _, permission := range tx.Permissions.All() {
		if permission.Object == of {
			tx.Permissions.Delete(permission.ID)
		}
	}
}
