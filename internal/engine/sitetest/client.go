package sitetest

import (
	"context"

	"vireo/internal/engine"
	"vireo/internal/model"
)

// client is what every image transfer waits for: somebody who is done at once. A
// transfer that no job is at work on has none.
func (s *Site) client(of *engine.Engine) func(model.Ref, model.Object) {
	return func(_ model.Ref, object model.Object) {
		transfer, ok := object.(*model.ImageTransfer)
		if !ok || transfer.Phase != model.TransferTransferring {
			return
		}
		go func() {
			if _, held := of.Inventory.Holder(model.Ref{Kind: model.KindDisk, ID: transfer.Disk}); !held {
				return
			}
			// Where the engine dies meanwhile, the next one's client does it.
			_, _ = of.Act(context.Background(), &engine.Call{On: model.KindImageTransfer, Name: "finalize", Target: transfer.ID})
		}()
	}
}
