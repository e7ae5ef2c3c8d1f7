package disks_test

import (
	"vireo/internal/engine/vms"
	"vireo/internal/model"
)

func vmsUpdate(edit func(*model.VM) error) any { return &vms.UpdateParams{Edit: edit} }
