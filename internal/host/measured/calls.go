package measured

import (
	"context"
	"io"
	"time"

	"vireo/internal/host"
	"vireo/internal/model"
)

// Facts counts and passes on.
func (c *connection) Facts(ctx context.Context) (answer model.HostFacts, err error) {
	defer c.count("Facts", time.Now(), &err)
	return c.Host.Facts(ctx)
}

// Networks counts and passes on.
func (c *connection) Networks(ctx context.Context) (answer model.HostFacts, err error) {
	defer c.count("Networks", time.Now(), &err)
	return c.Host.Networks(ctx)
}

// BootID counts and passes on.
func (c *connection) BootID(ctx context.Context) (answer string, err error) {
	defer c.count("BootID", time.Now(), &err)
	return c.Host.BootID(ctx)
}

// Alive counts and passes on.
func (c *connection) Alive(ctx context.Context) (err error) {
	defer c.count("Alive", time.Now(), &err)
	return c.Host.Alive(ctx)
}

// Memory counts and passes on.
func (c *connection) Memory(ctx context.Context) (free, total int64, err error) {
	defer c.count("Memory", time.Now(), &err)
	return c.Host.Memory(ctx)
}

// Load counts and passes on.
func (c *connection) Load(ctx context.Context) (answer host.Load, err error) {
	defer c.count("Load", time.Now(), &err)
	return c.Host.Load(ctx)
}

// Foreign counts and passes on.
func (c *connection) Foreign(ctx context.Context, id model.ID) (answer *host.GuestSpec, err error) {
	defer c.count("Foreign", time.Now(), &err)
	return c.Host.Foreign(ctx, id)
}

// Adopt counts and passes on.
func (c *connection) Adopt(ctx context.Context, id model.ID, mark host.Mark) (err error) {
	defer c.count("Adopt", time.Now(), &err)
	return c.Host.Adopt(ctx, id, mark)
}

// Disown counts and passes on.
func (c *connection) Disown(ctx context.Context, id model.ID) (err error) {
	defer c.count("Disown", time.Now(), &err)
	return c.Host.Disown(ctx, id)
}

// Release counts and passes on.
func (c *connection) Release(ctx context.Context, spec *host.GuestSpec) (err error) {
	defer c.count("Release", time.Now(), &err)
	return c.Host.Release(ctx, spec)
}

// Guests counts and passes on.
func (c *connection) Guests(ctx context.Context) (answer []host.Guest, err error) {
	defer c.count("Guests", time.Now(), &err)
	return c.Host.Guests(ctx)
}

// Stats counts and passes on.
func (c *connection) Stats(ctx context.Context) (answer []host.Sample, err error) {
	defer c.count("Stats", time.Now(), &err)
	return c.Host.Stats(ctx)
}

// Guest counts and passes on.
func (c *connection) Guest(ctx context.Context, id model.ID) (answer host.Guest, err error) {
	defer c.count("Guest", time.Now(), &err)
	return c.Host.Guest(ctx, id)
}

// Boot counts and passes on.
func (c *connection) Boot(ctx context.Context, spec *host.GuestSpec) (err error) {
	defer c.count("Boot", time.Now(), &err)
	return c.Host.Boot(ctx, spec)
}

// Restore counts and passes on.
func (c *connection) Restore(ctx context.Context, spec *host.GuestSpec, path string) (err error) {
	defer c.count("Restore", time.Now(), &err)
	return c.Host.Restore(ctx, spec, path)
}

// Save counts and passes on.
func (c *connection) Save(ctx context.Context, id model.ID, path string) (err error) {
	defer c.count("Save", time.Now(), &err)
	return c.Host.Save(ctx, id, path)
}

// Destroy counts and passes on.
func (c *connection) Destroy(ctx context.Context, id model.ID) (err error) {
	defer c.count("Destroy", time.Now(), &err)
	return c.Host.Destroy(ctx, id)
}

// Forget counts and passes on.
func (c *connection) Forget(ctx context.Context, id model.ID) (err error) {
	defer c.count("Forget", time.Now(), &err)
	return c.Host.Forget(ctx, id)
}

// Pause counts and passes on.
func (c *connection) Pause(ctx context.Context, id model.ID) (err error) {
	defer c.count("Pause", time.Now(), &err)
	return c.Host.Pause(ctx, id)
}

// Resume counts and passes on.
func (c *connection) Resume(ctx context.Context, id model.ID) (err error) {
	defer c.count("Resume", time.Now(), &err)
	return c.Host.Resume(ctx, id)
}

// PressPower counts and passes on.
func (c *connection) PressPower(ctx context.Context, id model.ID) (err error) {
	defer c.count("PressPower", time.Now(), &err)
	return c.Host.PressPower(ctx, id)
}

// Reboot counts and passes on.
func (c *connection) Reboot(ctx context.Context, id model.ID) (err error) {
	defer c.count("Reboot", time.Now(), &err)
	return c.Host.Reboot(ctx, id)
}

// ChangeCDROM counts and passes on.
func (c *connection) ChangeCDROM(ctx context.Context, id model.ID, path string) (err error) {
	defer c.count("ChangeCDROM", time.Now(), &err)
	return c.Host.ChangeCDROM(ctx, id, path)
}

// PlugDisk counts and passes on.
func (c *connection) PlugDisk(ctx context.Context, id model.ID, disk host.DiskSpec) (err error) {
	defer c.count("PlugDisk", time.Now(), &err)
	return c.Host.PlugDisk(ctx, id, disk)
}

// UnplugDisk counts and passes on.
func (c *connection) UnplugDisk(ctx context.Context, id model.ID, disk model.ID) (err error) {
	defer c.count("UnplugDisk", time.Now(), &err)
	return c.Host.UnplugDisk(ctx, id, disk)
}

// ResizeDisk counts and passes on.
func (c *connection) ResizeDisk(ctx context.Context, id model.ID, disk model.ID, size int64) (err error) {
	defer c.count("ResizeDisk", time.Now(), &err)
	return c.Host.ResizeDisk(ctx, id, disk, size)
}

// PlugNIC counts and passes on.
func (c *connection) PlugNIC(ctx context.Context, id model.ID, nic host.NICSpec) (err error) {
	defer c.count("PlugNIC", time.Now(), &err)
	return c.Host.PlugNIC(ctx, id, nic)
}

// UnplugNIC counts and passes on.
func (c *connection) UnplugNIC(ctx context.Context, id model.ID, mac string) (err error) {
	defer c.count("UnplugNIC", time.Now(), &err)
	return c.Host.UnplugNIC(ctx, id, mac)
}

// UpdateNIC counts and passes on.
func (c *connection) UpdateNIC(ctx context.Context, id model.ID, nic host.NICSpec) (err error) {
	defer c.count("UpdateNIC", time.Now(), &err)
	return c.Host.UpdateNIC(ctx, id, nic)
}

// BeginMirror counts and passes on.
func (c *connection) BeginMirror(ctx context.Context, id model.ID, mirror host.Mirror) (err error) {
	defer c.count("BeginMirror", time.Now(), &err)
	return c.Host.BeginMirror(ctx, id, mirror)
}

// FollowMirror counts and passes on.
func (c *connection) FollowMirror(ctx context.Context, id model.ID, mirror host.Mirror) (progress host.MirrorProgress, err error) {
	defer c.count("FollowMirror", time.Now(), &err)
	return c.Host.FollowMirror(ctx, id, mirror)
}

// PivotMirror counts and passes on.
func (c *connection) PivotMirror(ctx context.Context, id model.ID, mirror host.Mirror) (err error) {
	defer c.count("PivotMirror", time.Now(), &err)
	return c.Host.PivotMirror(ctx, id, mirror)
}

// AbortMirror counts and passes on.
func (c *connection) AbortMirror(ctx context.Context, id, disk model.ID) (err error) {
	defer c.count("AbortMirror", time.Now(), &err)
	return c.Host.AbortMirror(ctx, id, disk)
}

// SetTicket counts and passes on.
func (c *connection) SetTicket(ctx context.Context, id model.ID, ticket host.Ticket) (err error) {
	defer c.count("SetTicket", time.Now(), &err)
	return c.Host.SetTicket(ctx, id, ticket)
}

// AgentPing counts and passes on.
func (c *connection) AgentPing(ctx context.Context, id model.ID) (err error) {
	defer c.count("AgentPing", time.Now(), &err)
	return c.Host.AgentPing(ctx, id)
}

// AgentShutdown counts and passes on.
func (c *connection) AgentShutdown(ctx context.Context, id model.ID, reboot bool) (err error) {
	defer c.count("AgentShutdown", time.Now(), &err)
	return c.Host.AgentShutdown(ctx, id, reboot)
}

// GuestInfo counts and passes on.
func (c *connection) GuestInfo(ctx context.Context, id model.ID) (answer model.Live, err error) {
	defer c.count("GuestInfo", time.Now(), &err)
	return c.Host.GuestInfo(ctx, id)
}

// AgentFreeze counts and passes on.
func (c *connection) AgentFreeze(ctx context.Context, id model.ID) (err error) {
	defer c.count("AgentFreeze", time.Now(), &err)
	return c.Host.AgentFreeze(ctx, id)
}

// AgentThaw counts and passes on.
func (c *connection) AgentThaw(ctx context.Context, id model.ID) (err error) {
	defer c.count("AgentThaw", time.Now(), &err)
	return c.Host.AgentThaw(ctx, id)
}

// AgentFrozen counts and passes on.
func (c *connection) AgentFrozen(ctx context.Context, id model.ID) (frozen bool, err error) {
	defer c.count("AgentFrozen", time.Now(), &err)
	return c.Host.AgentFrozen(ctx, id)
}

// GuestUptime counts and passes on.
func (c *connection) GuestUptime(ctx context.Context, id model.ID) (answer time.Duration, err error) {
	defer c.count("GuestUptime", time.Now(), &err)
	return c.Host.GuestUptime(ctx, id)
}

// ReadFile counts and passes on.
func (c *connection) ReadFile(ctx context.Context, path string) (answer []byte, err error) {
	defer c.count("ReadFile", time.Now(), &err)
	return c.Host.ReadFile(ctx, path)
}

// MountStorage counts and passes on.
func (c *connection) MountStorage(ctx context.Context, mount host.StorageMount) (err error) {
	defer c.count("MountStorage", time.Now(), &err)
	return c.Host.MountStorage(ctx, mount)
}

// UnmountStorage counts and passes on.
func (c *connection) UnmountStorage(ctx context.Context, path string) (err error) {
	defer c.count("UnmountStorage", time.Now(), &err)
	return c.Host.UnmountStorage(ctx, path)
}

// TakeSnapshot counts and passes on.
func (c *connection) TakeSnapshot(ctx context.Context, id model.ID, snapshot host.SnapshotSpec) (err error) {
	defer c.count("TakeSnapshot", time.Now(), &err)
	return c.Host.TakeSnapshot(ctx, id, snapshot)
}

// DiskPaths counts and passes on.
func (c *connection) DiskPaths(ctx context.Context, id model.ID) (paths map[model.ID]string, err error) {
	defer c.count("DiskPaths", time.Now(), &err)
	return c.Host.DiskPaths(ctx, id)
}

// BeginMerge counts and passes on.
func (c *connection) BeginMerge(ctx context.Context, id model.ID, merge host.Merge) (err error) {
	defer c.count("BeginMerge", time.Now(), &err)
	return c.Host.BeginMerge(ctx, id, merge)
}

// FollowMerge counts and passes on.
func (c *connection) FollowMerge(ctx context.Context, id model.ID, merge host.Merge) (progress host.MergeProgress, err error) {
	defer c.count("FollowMerge", time.Now(), &err)
	return c.Host.FollowMerge(ctx, id, merge)
}

// AbortMerge counts and passes on.
func (c *connection) AbortMerge(ctx context.Context, id, disk model.ID) (err error) {
	defer c.count("AbortMerge", time.Now(), &err)
	return c.Host.AbortMerge(ctx, id, disk)
}

// Receive counts and passes on.
func (c *connection) Receive(ctx context.Context, spec *host.GuestSpec) (answer host.Reception, err error) {
	defer c.count("Receive", time.Now(), &err)
	return c.Host.Receive(ctx, spec)
}

// BeginMigration counts and passes on.
func (c *connection) BeginMigration(ctx context.Context, id model.ID, migration host.Migration) (err error) {
	defer c.count("BeginMigration", time.Now(), &err)
	return c.Host.BeginMigration(ctx, id, migration)
}

// FollowMigration counts and passes on.
func (c *connection) FollowMigration(ctx context.Context, id model.ID, wait time.Duration) (answer host.MigrationProgress, err error) {
	defer c.count("FollowMigration", time.Now(), &err)
	return c.Host.FollowMigration(ctx, id, wait)
}

// StretchMigration counts and passes on.
func (c *connection) StretchMigration(ctx context.Context, id model.ID, downtime time.Duration) (err error) {
	defer c.count("StretchMigration", time.Now(), &err)
	return c.Host.StretchMigration(ctx, id, downtime)
}

// FinishMigration counts and passes on.
func (c *connection) FinishMigration(ctx context.Context, id model.ID) (err error) {
	defer c.count("FinishMigration", time.Now(), &err)
	return c.Host.FinishMigration(ctx, id)
}

// ResumeMigration counts and passes on.
func (c *connection) ResumeMigration(ctx context.Context, id model.ID, migration host.Migration) (err error) {
	defer c.count("ResumeMigration", time.Now(), &err)
	return c.Host.ResumeMigration(ctx, id, migration)
}

// AbortMigration counts and passes on.
func (c *connection) AbortMigration(ctx context.Context, id model.ID) (err error) {
	defer c.count("AbortMigration", time.Now(), &err)
	return c.Host.AbortMigration(ctx, id)
}

// DialConsole counts and passes on.
func (c *connection) DialConsole(ctx context.Context, id model.ID, kind host.Console) (answer io.ReadWriteCloser, err error) {
	defer c.count("DialConsole", time.Now(), &err)
	return c.Host.DialConsole(ctx, id, kind)
}

// DisplaySubject counts and passes on.
func (c *connection) DisplaySubject(ctx context.Context, id model.ID) (answer string, err error) {
	defer c.count("DisplaySubject", time.Now(), &err)
	return c.Host.DisplaySubject(ctx, id)
}

// Screenshot counts and passes on.
func (c *connection) Screenshot(ctx context.Context, id model.ID) (answer []byte, err error) {
	defer c.count("Screenshot", time.Now(), &err)
	return c.Host.Screenshot(ctx, id)
}

// OpenChannel counts and passes on.
func (c *connection) OpenChannel(ctx context.Context, id model.ID, hear func([]byte)) (answer host.Channel, err error) {
	defer c.count("OpenChannel", time.Now(), &err)
	return c.Host.OpenChannel(ctx, id, hear)
}
