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
