package host

import (
	"context"
	"time"

	"vireo/internal/model"
)

// Migrations lets guests that run go on at other hosts. Two hosts have a part in it: the
// one that a guest is on, its source, and the destination, where its images are at the
// same paths. What the guest writes goes on at one of them only, at any moment.
type Migrations interface {
	// Receive readies the destination for a guest that is to come: its seeds are put
	// there. What it answers is for BeginMigration at the source, once; it may hold
	// secrets. RefusedExists when a guest with the name or id is there already and not
	// coming. Forget takes back what it has done.
	Receive(ctx context.Context, spec *GuestSpec) (Reception, error)
	// BeginMigration begins to bring a guest that runs or is paused to another host, in
	// the background: it goes on when the connection is lost. Begun already, or done, is
	// success. RefusedState when the guest does not run.
	BeginMigration(ctx context.Context, id model.ID, migration Migration) error
	// FollowMigration is asked at the source. It answers when the migration has ended,
	// and after wait at the latest. Of one that another connection has begun and that has
	// failed it does not know why. ErrNotFound when the source knows no such guest.
	FollowMigration(ctx context.Context, id model.ID, wait time.Duration) (MigrationProgress, error)
	// StretchMigration changes for how long the guest of a migration that goes on may
	// stand still at its end. None is RefusedState.
	StretchMigration(ctx context.Context, id model.ID, downtime time.Duration) error
	// FinishMigration ends a migration in post-copy: the guest goes on at the destination
	// at once, and what it has not got of its memory follows. It was to be allowed when the
	// migration began. From then on it cannot be aborted, and the guest is lost with either
	// host. Done already is success; no migration is RefusedState.
	FinishMigration(ctx context.Context, id model.ID) error
	// ResumeMigration goes on with one that is MigrationBroken. What it answers says no
	// more than that it was asked for; FollowMigration says whether it goes on. migration is
	// as when it began. RefusedState when it is not broken.
	ResumeMigration(ctx context.Context, id model.ID, migration Migration) error
	// AbortMigration gives up whatever migration of a guest goes on, and returns when it
	// has ended: FollowMigration says how, for it may have come to its end, as one in
	// post-copy must, or break. None is success.
	AbortMigration(ctx context.Context, id model.ID) error
}

// Reception is what a destination tells the source: how the guest is to be there. It
// holds secrets and is never logged or kept.
type Reception struct {
	// Definition is in the driver's own words.
	Definition string
}

// String hides what is in it.
func (Reception) String() string { return "a guest's reception" }

// GoString is String, for %#v.
func (r Reception) GoString() string { return r.String() }

// Migration says where a guest is to go, and how.
type Migration struct {
	// To is the address of the destination as the source can reach it.
	To string
	// Reception is what the destination has answered.
	Reception Reception
	// Bandwidth is in MiB/s; 0 is no limit.
	Bandwidth int
	// Downtime is for how long the guest may stand still at the end, until
	// StretchMigration; 0 is the host's own default.
	Downtime time.Duration
	// AutoConverge slows a guest down that changes its memory faster than it can be
	// carried; Compressed sends what has changed of a page rather than the page.
	AutoConverge, Compressed bool
	// Encrypted has QEMU encrypt what it sends, which both hosts need certificates for.
	// Tunnelled has the two libvirts carry it in their own connection, as safe as that is.
	// Not both.
	Encrypted, Tunnelled bool
	// PostCopy allows FinishMigration; not of one that is Tunnelled.
	PostCopy bool
}

// MigrationProgress is how far a migration is.
type MigrationProgress struct {
	State MigrationState
	// Done, Left and Total are bytes of memory; Left grows again while the guest goes on
	// writing. All 0 where the host does not say.
	Done, Left, Total int64
	// Passes is how often all of that has been gone through: 0 at first, and 1 when the
	// whole memory was carried and what was changed meanwhile is. 0 where the host does not
	// say.
	Passes int
	// Downtime is for how long the guest stood still; -1 where the host does not say.
	// It is known when it has migrated.
	Downtime time.Duration
	// Failure says why there is none any more; empty where that is not known.
	Failure string
}

// MigrationState says what there is of a migration.
type MigrationState string

// The states of a migration.
const (
	// MigrationNone: it was never begun, or has failed or was aborted. The guest is where
	// it was, and as it was.
	MigrationNone MigrationState = "none"
	// Migrating goes on.
	Migrating MigrationState = "migrating"
	// MigrationBroken: it was in post-copy when the hosts lost each other. The guest is on
	// both, and stands still until ResumeMigration; without either it is lost.
	MigrationBroken MigrationState = "broken"
	// Migrated: the guest is at the destination. At the source it is off, with the reason
	// EndMigrated, until Forget.
	Migrated MigrationState = "migrated"
)
