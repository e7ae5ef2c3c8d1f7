package engine_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/sitetest"
	"vireo/internal/model"
)

// What cannot be removed where a disk was does not undo its move, and does not hold the
// disk for ever: it is told.
func TestMoveTellsWhatItLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		site.Connected()
		id := addDisk(site, "")
		cancel := site.Images.Fail(sitetest.ImageRule{Call: "Remove", Error: errBroken})
		last := site.LastEvent()
		result, err := site.Act(&engine.Call{
			On: model.KindDisk, Name: "move", Target: id, Async: new(true),
			Params: &disks.MoveParams{StorageDomain: sitetest.SpareDomain},
		})
		if err != nil {
			t.Fatal(err)
		}
		site.Pass(10 * time.Minute)
		ended, err := site.Engine.Wait(t.Context(), result.Job.ID)
		if err != nil || ended.Status != model.JobFinished {
			t.Errorf("the job is %+v, %v", ended, err)
		}
		if codes := site.Events("", last); !slices.Contains(codes, int(audit.DiskLeftBehind)) || !slices.Contains(codes, int(audit.DiskMoved)) {
			t.Errorf("the events are %v", codes)
		}
		disk, _ := site.Inventory.Disks.Get(id)
		if disk.Status != model.DiskOK || disk.StorageDomain != sitetest.SpareDomain {
			t.Errorf("the disk is %+v", disk)
		}
		if !slices.Equal(disk.Left, []model.ID{sitetest.DataDomain}) {
			t.Errorf("it has left images in %v", disk.Left)
		}
		cancel()
		// When it goes back, what lies there is not taken for it.
		removals := 0
		site.Images.Fail(sitetest.ImageRule{Call: "Remove", Do: func() { removals++ }})
		result, err = site.Act(&engine.Call{
			On: model.KindDisk, Name: "move", Target: id, Async: new(true),
			Params: &disks.MoveParams{StorageDomain: sitetest.DataDomain},
		})
		if err != nil {
			t.Fatal(err)
		}
		if ended, err = site.Engine.Wait(t.Context(), result.Job.ID); err != nil || ended.Status != model.JobFinished {
			t.Errorf("the job is %+v, %v", ended, err)
		}
		if disk, _ = site.Inventory.Disks.Get(id); len(disk.Left) > 0 || disk.StorageDomain != sitetest.DataDomain || removals != 2 {
			t.Errorf("the disk is %+v after %d removals", disk, removals)
		}
		site.Whole(time.Minute)
	})
}
