package libvirt

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/digitalocean/go-libvirt"
	"libvirt.org/go/libvirtxml"

	"vireo/internal/host"
	"vireo/internal/model"
)

// migrateFlags: the source's libvirt brings the guest over by itself, so that nobody else
// is needed in the middle. The definition stays at the source until it is forgotten, with
// the reason why the guest is off there. That the images are seen by both hosts is for
// the engine to say: libvirt knows too few file systems.
const migrateFlags = libvirt.MigrateLive | libvirt.MigratePeer2peer | libvirt.MigratePersistDest |
	libvirt.MigrateAbortOnError | libvirt.MigrateUnsafe

// moves are the migrations that this connection has begun, by guest.
type moves struct {
	mu    sync.Mutex
	begun map[model.ID]*move
}

// move is a migration; err is to be read when done is closed. It mends one that is broken in
// post-copy: until the hosts are connected, which a libvirt may try for minutes, that is what it is.
type move struct {
	done  chan struct{}
	err   error
	mends bool
}

func (m *moves) get(id model.ID) *move {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.begun[id]
}

// goesOn says whether a migration has not come back yet.
func (m *move) goesOn() bool {
	if m == nil {
		return false
	}
	select {
	case <-m.done:
		return false
	default:
		return true
	}
}

// BeginMigration has the source's libvirt speak to the destination's.
func (h *hypervisor) BeginMigration(ctx context.Context, id model.ID, migration host.Migration) error {
	if h.moves.get(id).goesOn() {
		return nil
	}
	at, err := h.migrationState(ctx, id)
	if err != nil || at != host.MigrationNone {
		return err
	}
	parameters, err := h.migrationParameters(ctx, id, migration)
	if err != nil {
		return err
	}
	if migration.Downtime > 0 {
		if err := h.StretchMigration(ctx, id, migration.Downtime); err != nil {
			return err
		}
	}
	return h.perform(ctx, id, migration.To, parameters, migrationFlags(migration))
}

// perform has a migration begin, or go on, in the background.
func (h *hypervisor) perform(ctx context.Context, id model.ID, to string, parameters []libvirt.TypedParam, flags libvirt.DomainMigrateFlags) error {
	leave, err := h.gates.enter(ctx, gateKey{guest: id})
	if err != nil {
		return gaveUp(ctx, "beginning to migrate the guest")
	}
	begun := &move{done: make(chan struct{}), mends: flags&libvirt.MigratePostcopyResume != 0}
	h.moves.mu.Lock()
	if h.moves.begun == nil {
		h.moves.begun = make(map[model.ID]*move)
	}
	if h.moves.begun[id].goesOn() {
		h.moves.mu.Unlock()
		leave()
		return nil
	}
	h.moves.begun[id] = begun
	h.moves.mu.Unlock()
	run := func() {
		defer close(begun.done)
		// Nobody's context ends it: only AbortMigration does.
		_, err := ask(context.Background(), h.work, "migrating the guest", leave, func(rpc *libvirt.Libvirt) (struct{}, error) {
			_, err := rpc.DomainMigratePerform3Params(domainOf(id), libvirt.OptString{to}, parameters, nil, flags)
			return struct{}{}, err
		})
		begun.err = sortOut("migrating the guest", err)
	}
	if !h.inBackground(run) {
		run()
	}
	return nil
}

func migrationFlags(migration host.Migration) libvirt.DomainMigrateFlags {
	flags := migrateFlags
	for _, each := range []struct {
		wanted bool
		flag   libvirt.DomainMigrateFlags
	}{
		{migration.AutoConverge, libvirt.MigrateAutoConverge},
		{migration.Compressed, libvirt.MigrateCompressed},
		{migration.Encrypted, libvirt.MigrateTLS},
		{migration.Tunnelled, libvirt.MigrateTunnelled},
		{migration.PostCopy, libvirt.MigratePostcopy},
	} {
		if each.wanted {
			flags |= each.flag
		}
	}
	return flags
}

// migrationParameters describe the guest as it is to be at the destination.
func (h *hypervisor) migrationParameters(ctx context.Context, id model.ID, migration host.Migration) ([]libvirt.TypedParam, error) {
	const doing = "describing the guest for its destination"
	text, err := command(ctx, h, h.control, id, doing, func(rpc *libvirt.Libvirt) (string, error) {
		return rpc.DomainGetXMLDesc(domainOf(id), libvirt.DomainXMLSecure|libvirt.DomainXMLMigratable)
	})
	if err != nil {
		return nil, err
	}
	var live libvirtxml.Domain
	if err := live.Unmarshal(text); err != nil {
		return nil, refuse(host.RefusedOther, "the guest's definition cannot be read: %v", err)
	}
	there, err := arrive(&live, migration.Reception)
	if err != nil {
		return nil, err
	}
	return append(linkParameters(migration), libvirt.TypedParam{
		Field: libvirt.MigrateParamDestXML, Value: *libvirt.NewTypedParamValueString(there),
	}, libvirt.TypedParam{
		Field: libvirt.MigrateParamPersistXML, Value: *libvirt.NewTypedParamValueString(there),
	}), nil
}

// linkParameters say what the two hosts connect by.
func linkParameters(migration host.Migration) []libvirt.TypedParam {
	var parameters []libvirt.TypedParam
	if to, err := url.Parse(migration.To); err == nil && to.Hostname() != "" && !migration.Tunnelled {
		// By the name that the destination is known by, not the one that it gives itself.
		address := to.Hostname()
		if strings.Contains(address, ":") {
			address = "[" + address + "]"
		}
		parameters = append(parameters, libvirt.TypedParam{
			Field: libvirt.MigrateParamURI, Value: *libvirt.NewTypedParamValueString("tcp://" + address),
		})
	}
	if migration.Bandwidth > 0 {
		parameters = append(parameters, libvirt.TypedParam{
			Field: libvirt.MigrateParamBandwidth, Value: *libvirt.NewTypedParamValueUllong(uint64(migration.Bandwidth)),
		})
	}
	return parameters
}

// FollowMigration waits for the answer of libvirt when this connection has asked; a
// migration of an earlier one is looked at.
func (h *hypervisor) FollowMigration(ctx context.Context, id model.ID, wait time.Duration) (host.MigrationProgress, error) {
	begun := h.moves.get(id)
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for begun.goesOn() {
		select {
		case <-begun.done:
			continue
		case <-timer.C:
		case <-ctx.Done():
			return host.MigrationProgress{}, gaveUp(ctx, "following the migration")
		}
		at := host.Migrating
		if begun.mends {
			if state, err := h.migrationState(ctx, id); err == nil && state == host.MigrationBroken {
				at = state
			}
		}
		return h.migrationProgress(ctx, id, at), nil
	}
	state, err := h.migrationState(ctx, id)
	for err == nil && begun == nil && state == host.Migrating {
		select {
		case <-time.After(workCheck):
			state, err = h.migrationState(ctx, id)
			continue
		case <-timer.C:
		case <-ctx.Done():
			return host.MigrationProgress{}, gaveUp(ctx, "following the migration")
		}
		break
	}
	if err != nil {
		return host.MigrationProgress{}, err
	}
	progress := h.migrationProgress(ctx, id, state)
	if state == host.MigrationNone && begun != nil && begun.err != nil {
		if errors.Is(begun.err, host.ErrUnreachable) {
			return progress, begun.err
		}
		progress.Failure = begun.err.Error()
		if refused, ok := errors.AsType[*host.RefusedError](begun.err); ok {
			progress.Failure = refused.Reason
		}
	}
	return progress, nil
}

// migrationState looks what there is of a migration at its source.
func (h *hypervisor) migrationState(ctx context.Context, id model.ID) (host.MigrationState, error) {
	guest, err := h.Guest(ctx, id)
	switch {
	case err != nil:
		return host.MigrationNone, err
	case guest.State == host.Off && guest.End == host.EndMigrated:
		return host.Migrated, nil
	case guest.State == host.Off || guest.State == host.Crashed:
		return host.MigrationNone, refuse(host.RefusedState, "the guest does not run")
	case guest.PostCopy && guest.Pause == host.PausePostCopy:
		return host.MigrationBroken, nil
	}
	return migrates(h.jobOf(ctx, id, 0))
}

// migrates says what the work on a guest that runs means for its migration. That libvirt
// refuses to tell, since it is at other work on the guest for long, says nothing.
func migrates(job fields, err error) (host.MigrationState, error) {
	refused, _ := errors.AsType[*host.RefusedError](err)
	switch {
	case refused != nil && refused.Code == host.RefusedState:
		return host.MigrationNone, unreachable("asking whether the guest migrates", err)
	case err != nil || job.number("operation", 0) != int64(libvirt.DomainJobOperationStrMigrationOut) || job["type"] == libvirt.DomainJobNone:
		return host.MigrationNone, err
	}
	return host.Migrating, nil
}

// jobOf reads what libvirt says of the work on a guest that goes on, or was completed. A
// guest that has ended this moment has none.
func (h *hypervisor) jobOf(ctx context.Context, id model.ID, flags libvirt.DomainGetJobStatsFlags) (fields, error) {
	return request(ctx, h, "asking how far the migration is", func(rpc *libvirt.Libvirt) (fields, error) {
		kind, params, err := rpc.DomainGetJobStats(domainOf(id), flags)
		if libvirtCode(err) == libvirt.ErrOperationInvalid {
			return fields{"type": libvirt.DomainJobNone}, nil
		}
		job := newFields(params)
		job["type"] = libvirt.DomainJobType(kind)
		return job, err
	})
}

// migrationProgress adds figures to a state, where there are some.
func (h *hypervisor) migrationProgress(ctx context.Context, id model.ID, state host.MigrationState) host.MigrationProgress {
	progress := host.MigrationProgress{State: state, Downtime: -1}
	if state == host.MigrationBroken {
		return progress
	}
	var flags libvirt.DomainGetJobStatsFlags
	if state == host.Migrated {
		flags = libvirt.DomainJobStatsCompleted | libvirt.DomainJobStatsKeepCompleted
	}
	job, err := h.jobOf(ctx, id, flags)
	if err != nil || state == host.MigrationNone {
		return progress
	}
	progress.Done = job.number("memory_processed", 0)
	progress.Left = job.number("memory_remaining", 0)
	progress.Total = job.number("memory_total", 0)
	// QEMU counts how often it has asked what has changed, which is once before the first pass.
	progress.Passes = max(int(job.number("memory_iteration", 0))-1, 0)
	if state == host.Migrated {
		if downtime := job.number("downtime", -1); downtime >= 0 {
			progress.Downtime = time.Duration(downtime) * time.Millisecond
		}
	}
	return progress
}

// StretchMigration tells QEMU; libvirt rounds to milliseconds.
func (h *hypervisor) StretchMigration(ctx context.Context, id model.ID, downtime time.Duration) error {
	_, err := request(ctx, h, "setting the downtime of the migration", func(rpc *libvirt.Libvirt) (struct{}, error) {
		return struct{}{}, rpc.DomainMigrateSetMaxDowntime(domainOf(id), uint64(max(downtime.Milliseconds(), 1)), 0)
	})
	return err
}

// AbortMigration asks again until the migration has ended: one that libvirt has not
// really begun yet cannot be aborted, nor can one whose guest is about to go on at its
// destination.
func (h *hypervisor) AbortMigration(ctx context.Context, id model.ID) error {
	again := time.NewTicker(abortAgain)
	defer again.Stop()
	for {
		begun := h.moves.get(id)
		if !begun.goesOn() {
			state, err := h.migrationState(ctx, id)
			if errors.Is(err, host.ErrUnreachable) {
				return err
			}
			if err != nil || state != host.Migrating {
				return nil // it is not there any more, or does not run
			}
		}
		_, err := request(ctx, h, "aborting the migration", func(rpc *libvirt.Libvirt) (struct{}, error) {
			return struct{}{}, rpc.DomainAbortJob(domainOf(id))
		})
		if errors.Is(err, host.ErrUnreachable) {
			return err
		}
		var done chan struct{}
		if begun.goesOn() {
			done = begun.done
		}
		select {
		case <-again.C:
		case <-done:
		case <-ctx.Done():
			return gaveUp(ctx, "aborting the migration")
		}
	}
}
