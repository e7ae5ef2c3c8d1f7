package libvirt

import (
	"context"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
	"vireo/internal/model"
)

// FinishMigration has the guest go on at the destination before its memory is there.
func (h *hypervisor) FinishMigration(ctx context.Context, id model.ID) error {
	guest, err := h.Guest(ctx, id)
	if err != nil {
		return err
	}
	if guest.PostCopy || guest.State == host.Off && guest.End == host.EndMigrated {
		return nil
	}
	_, err = request(ctx, h, "ending the migration in post-copy", func(rpc *libvirt.Libvirt) (struct{}, error) {
		return struct{}{}, rpc.DomainMigrateStartPostCopy(domainOf(id), 0)
	})
	return err
}

// ResumeMigration has the two libvirts connect the halves of the guest again. Where the
// guest goes and how it is described there was said when it began.
func (h *hypervisor) ResumeMigration(ctx context.Context, id model.ID, migration host.Migration) error {
	if h.moves.get(id).goesOn() {
		return nil
	}
	state, err := h.migrationState(ctx, id)
	if err != nil {
		return err
	}
	if state != host.MigrationBroken {
		return refuse(host.RefusedState, "the migration is not broken")
	}
	return h.perform(ctx, id, migration.To, linkParameters(migration), migrationFlags(migration)|libvirt.MigratePostcopyResume)
}
