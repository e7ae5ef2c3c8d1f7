package vms_test

import (
	"testing"
	"testing/synctest"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/option"
)

// TestStartAfterRestore: until all hosts have been compared with a state that was
// restored from a backup nothing is started, since it may be running.
func TestStartAfterRestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		id := site.Add("vm")
		site.Edit(func(tx *inventory.Tx) { tx.Options.Put(&model.Option{Name: option.Restored, Value: "true"}) })
		_, err := site.Act(&engine.Call{On: model.KindVM, Name: "start", Target: id})
		if !fault.Is(err, fault.Conflict) || site.Status(id) != model.StatusDown {
			t.Errorf("a start after a restore: %v; the VM is %s", err, site.Status(id))
		}
		site.Edit(func(tx *inventory.Tx) { tx.Options.Delete(option.Restored) })
		site.Do("start", id, nil)
		site.UntilStatus(id, sitetest.Soon, model.StatusUp)
	})
}
