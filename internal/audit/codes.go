package audit

import "vireo/internal/model"

// Code is the number of an event.
type Code int

// The codes of events (api-v3 appendix B); those from 20000 on are our own.
const (
	Login                Code = 30
	Logout               Code = 31
	LoginFailed          Code = 114
	Started              Code = 32
	PoweredOff           Code = 33
	Created              Code = 34
	Updated              Code = 35
	StartFailed          Code = 54
	PowerOffFailed       Code = 56
	Down                 Code = 61
	MigrationBegun       Code = 62
	MigrationDone        Code = 63
	MigrationAborted     Code = 64
	MigrationFailedTo    Code = 65
	ShutdownRequested    Code = 73
	ShutdownFailed       Code = 74
	ShutdownForced       Code = 76
	ShutdownForcedFailed Code = 77
	SavedStateCleared    Code = 111
	SavedStateFailed     Code = 112
	Removed              Code = 113
	WillRestart          Code = 9602
	RestartFailed        Code = 9603
	RestartGivenUp       Code = 9605
	TicketSet            Code = 164
	TicketFailed         Code = 165
	ConsoleConnected     Code = 167
	ConsoleDisconnected  Code = 168
	DownWithError        Code = 119
	MigrationFailed      Code = 120
	NotResponding        Code = 126
	MigrationElsewhere   Code = 128
	PausedNoSpace        Code = 138
	SetUnknown           Code = 142
	HostRebooted         Code = 143
	PausedIO             Code = 145
	PausedPermission     Code = 146
	ShutdownIgnored      Code = 147
	StartFailedOnHost    Code = 151
	StartRequestedOnHost Code = 153
	RebootRequested      Code = 157
	RebootFailed         Code = 158
	MigrationCancelled   Code = 161
	CancelFailed         Code = 162
	StatusRestored       Code = 163
	RemovedKeepingDisks  Code = 172
	StopSkipped          Code = 254
	SuspendBegun         Code = 501
	SuspendFailed        Code = 502
	SuspendDone          Code = 503
	Paused               Code = 1025
	Frozen               Code = 10767
	Thawed               Code = 10768
	FreezeFailed         Code = 10769
	ThawFailed           Code = 10770

	SnapshotBegun        Code = 45
	SnapshotTaken        Code = 68
	SnapshotFailed       Code = 69
	PreviewBegun         Code = 46
	Previewed            Code = 71
	PreviewFailed        Code = 99
	RestoreBegun         Code = 47
	RestoredFrom         Code = 100
	RestoreFailed        Code = 101
	SnapshotRemoveBegun  Code = 342
	SnapshotRemoved      Code = 356
	SnapshotRemoveFailed Code = 357

	HostConnected     Code = 13
	HostNonResponsive Code = 12
	DiskAddBegun      Code = 78
	DiskAddFailed     Code = 98
	DiskAdded         Code = 97
	FloatingAddBegun  Code = 2020
	FloatingAdded     Code = 2021
	FloatingAddFailed Code = 2022
	DiskRemoved       Code = 2014
	DiskRemoveFailed  Code = 2015
	DiskAttached      Code = 2016
	DiskAttachFailed  Code = 2017
	DiskDetached      Code = 2018
	DiskDetachFailed  Code = 2019
	DiskUpdated       Code = 88
	DiskUpdateFailed  Code = 89
	DiskMoveBegun     Code = 2008
	DiskMoved         Code = 2010
	DiskMoveFailed    Code = 2011
	DiskPlugged       Code = 2000
	DiskPlugFailed    Code = 2001
	DiskUnplugged     Code = 2002
	DiskUnplugFailed  Code = 2003
	NICRemoved        Code = 930
	NICRemoveFailed   Code = 931
	NICAdded          Code = 932
	NICAddFailed      Code = 933
	NICUpdated        Code = 934
	NICUpdateFailed   Code = 935
	NICPlugged        Code = 1012
	NICPlugFailed     Code = 1013
	NICUnplugged      Code = 1014
	NICUnplugFailed   Code = 1015
	MediumChanged     Code = 38
	MediumFailed      Code = 102
	MediumEjected     Code = 528
	TagUpdated        Code = 430
	TagAdded          Code = 432
	TagRemoved        Code = 434
	TagAttached       Code = 440
	TagDetached       Code = 446
	TagOnUser         Code = 436
	TagOnGroup        Code = 438
	TagOnHost         Code = 442
	TagOffHost        Code = 444
	TagOffUser        Code = 448
	TagOffGroup       Code = 450
	TagOnTemplate     Code = 20481
	TagOffTemplate    Code = 20482

	DomainAdded            Code = 956
	DomainAddFailed        Code = 957
	DomainUpdated          Code = 958
	DomainRemoved          Code = 960
	DomainRemoveFailed     Code = 961
	DomainAttached         Code = 962
	DomainAttachFailed     Code = 963
	DomainDetached         Code = 964
	DomainDetachFailed     Code = 965
	DomainActive           Code = 966
	DomainActivateFailed   Code = 967
	DomainDeactivated      Code = 968
	DomainDeactivateFailed Code = 969
	DomainInactive         Code = 970
	DomainDestroyed        Code = 981
	DomainDestroyFailed    Code = 982
	DomainLowSpace         Code = 200
	DomainFull             Code = 201
	ResumedByEngine        Code = 196
	AddBegun               Code = 37
	AddFinished            Code = 53
	AddFailed              Code = 60
	TemplateAddBegun       Code = 48
	TemplateUpdated        Code = 49
	TemplateRemoved        Code = 50
	TemplateAdded          Code = 51
	TemplateAddFailed      Code = 52

	ExportBegun           Code = 1162
	Exported              Code = 1150
	ExportFailed          Code = 1151
	Imported              Code = 1152
	ImportFailed          Code = 1153
	TemplateExported      Code = 1155
	TemplateExportFailed  Code = 1156
	TemplateImported      Code = 1157
	TemplateImportFailed  Code = 1158
	TemplateExportBegun   Code = 1164
	ImportBegun           Code = 1165
	TemplateImportBegun   Code = 1163
	ExportedRemoved       Code = 1159
	ExportedTemplateGone  Code = 1154
	ExportedRemovalFailed Code = 20120

	ArchiveBegun          Code = 1223
	Archived              Code = 1224
	ArchiveFailed         Code = 1225
	TemplateArchiveBegun  Code = 1226
	TemplateArchived      Code = 1227
	TemplateArchiveFailed Code = 1228

	HostAdded          Code = 42
	HostUpdated        Code = 43
	HostRemoved        Code = 44
	HostInMaintenance  Code = 15
	HostActivated      Code = 16
	HostInstallFailed  Code = 505
	HostNonOperational Code = 517
	HostDeactivated    Code = 600
	HostStaysInUse     Code = 602
	ClusterAdded       Code = 809
	ClusterUpdated     Code = 811
	ClusterRemoved     Code = 813
	DataCenterAdded    Code = 950
	DataCenterRemoved  Code = 954
	HostKeyPinned      Code = 20321
	VMAdopted          Code = 20510
	AdoptFailed        Code = 20511
	VMReleased         Code = 20512
	ReleaseFailed      Code = 20513

	MigrationPostCopy Code = 20490
	PostCopyBroken    Code = 20491
	PostCopyHeld      Code = 20492
	HostRestartBegun  Code = 20440
	HostRestarted     Code = 20441
	HostRestartFailed Code = 20442
	HostStopBegun     Code = 20443
	HostStopped       Code = 20444
	HostStopFailed    Code = 20445
	HostStartBegun    Code = 20446
	HostStarted       Code = 20447
	HostStartFailed   Code = 20448
	HostConfirmed     Code = 20449
	HostAliveAfterAll Code = 20450
	FenceSkipped      Code = 20451
	FenceInVain       Code = 20452
	HostPowerAsked    Code = 20453
	HostRefreshed     Code = 20322

	HostEmulates      Code = 20001
	GuestPanicked     Code = 20002
	GuestWatchdog     Code = 20003
	ForeignEpoch      Code = 20004
	Adopted           Code = 20005
	Resumed           Code = 20006
	StartCancelled    Code = 20007
	EngineStarted     Code = 20008
	GuestRebooted     Code = 20009
	StateRestoreError Code = 20010
	OptionSet         Code = 20011
	OverlaysKept      Code = 20012
	FoundThawed       Code = 20030
	StaysFrozen       Code = 20031
	TemplateKept      Code = 20160
	DiskForgotten     Code = 20220
	PreviewUndone     Code = 20140
	DiskCopyBegun     Code = 20180
	DiskCopied        Code = 20181
	DiskCopyFailed    Code = 20182
	DiskLeftBehind    Code = 20183
	TransferBegun     Code = 20200
	TransferDone      Code = 20201
	TransferCancelled Code = 20202
	TransferFailed    Code = 20203
	TransferPaused    Code = 20204
	PoolVMsRemoved    Code = 20400
	PoolDisksKept     Code = 20401
	PrestartFailed    Code = 20402
	PoolVMRenewed     Code = 20403
	PoolVMNotRenewed  Code = 20404
	DirectoryAdded    Code = 20020
	DirectoryUpdated  Code = 20021
	DirectoryRemoved  Code = 20022

	UserAdded               Code = 149
	UserRemoved             Code = 325
	PasswordChanged         Code = 346
	GroupRemoved            Code = 408
	PermissionAdded         Code = 850
	PermissionRemoved       Code = 852
	RoleAdded               Code = 854
	RoleUpdated             Code = 856
	RoleRemoved             Code = 858
	SystemPermissionAdded   Code = 866
	SystemPermissionRemoved Code = 868

	PoolAdded          Code = 302
	PoolAddFailed      Code = 303
	PoolRemoved        Code = 304
	PoolVMDetached     Code = 308
	PoolVMDetachFailed Code = 309
	PoolUpdated        Code = 314
	PoolUpdateFailed   Code = 315
	PoolVMGiven        Code = 316
	PoolVMReturned     Code = 360

	NotPermitted     Code = 20240
	LoginLocked      Code = 20241
	LoginUnlocked    Code = 20242
	Done             Code = 20243
	GroupAdded       Code = 20244
	AccountAdded     Code = 20245
	AccountDisabled  Code = 20246
	AccountEnabled   Code = 20247
	AccountRemoved   Code = 20248
	DirectorySilent  Code = 20249
	ConsoleRefused   Code = 20420
	ConsolePassGiven Code = 20421
	DisplayClosed    Code = 20480
	LoggedOn         Code = 20460
	LogonFailed      Code = 20461
	AgentFloods      Code = 20462
	DisconnectFailed Code = 20463

	DisksForgotten Code = 20100

	AffinityGroupAdded   Code = 10350
	AffinityGroupUpdated Code = 10352
	AffinityGroupRemoved Code = 10354
	AffinityBroken       Code = 20360
	MasterMoved          Code = 20101

	VMRegistered       Code = 20102
	TemplateRegistered Code = 20103
	DiskRegistered     Code = 20104

	NetworkAdded            Code = 20380
	NetworkUpdated          Code = 20381
	NetworkRemoved          Code = 20382
	NetworkAttached         Code = 20383
	NetworkDetached         Code = 20384
	NetworkInClusterUpdated Code = 20385
	ProfileAdded            Code = 20386
	ProfileUpdated          Code = 20387
	ProfileRemoved          Code = 20388
	MACPoolAdded            Code = 20389
	MACPoolUpdated          Code = 20390
	MACPoolRemoved          Code = 20391
	HostNetworkAttached     Code = 20392
	HostNetworkUpdated      Code = 20393
	HostNetworkDetached     Code = 20394
	DataCenterUpdated       Code = 20395
)

type line struct {
	severity model.Severity
	text     string
}

var lines = map[Code]line{
	Login:                {model.SeverityNormal, "User {user} logged in."},
	Logout:               {model.SeverityNormal, "User {user} logged out."},
	LoginFailed:          {model.SeverityError, "A login failed: {detail}"},
	Started:              {model.SeverityNormal, "VM {vm} started on Host {host}."},
	PoweredOff:           {model.SeverityNormal, "VM {vm} was powered off by {user}."},
	Created:              {model.SeverityNormal, "VM {vm} was created by {user}."},
	Updated:              {model.SeverityNormal, "The configuration of VM {vm} was updated by {user}."},
	HostRestartBegun:     {model.SeverityWarning, "Host {host} is being restarted by its power management, for {user}."},
	HostRestarted:        {model.SeverityNormal, "Host {host} was restarted by its power management."},
	HostRestartFailed:    {model.SeverityError, "Host {host} could not be restarted by its power management: {detail}"},
	HostStopBegun:        {model.SeverityWarning, "Host {host} is being stopped by its power management, for {user}."},
	HostStopped:          {model.SeverityNormal, "Host {host} was stopped by its power management."},
	HostStopFailed:       {model.SeverityError, "Host {host} could not be stopped by its power management: {detail}"},
	HostStartBegun:       {model.SeverityNormal, "Host {host} is being started by its power management, for {user}."},
	HostStarted:          {model.SeverityNormal, "Host {host} was given power."},
	HostStartFailed:      {model.SeverityError, "Host {host} could not be started by its power management: {detail}"},
	HostPowerAsked:       {model.SeverityNormal, "The power management of host {host} was asked by {user}: the power is {detail}."},
	HostConfirmed:        {model.SeverityWarning, "{user} has confirmed that host {host} was restarted. Its VMs are taken to have ended."},
	HostAliveAfterAll:    {model.SeverityAlert, "Host {host} was taken to have ended, and was alive all the time. Guests whose VMs were started elsewhere have been ended there. Check its power management."},
	FenceSkipped:         {model.SeverityAlert, "Host {host} does not answer and is not cut off: too many hosts of its cluster do not answer either. Is it the engine that is cut off? Confirm by hand which hosts have ended (fence with fence_type manual)."},
	FenceInVain:          {model.SeverityAlert, "Host {host} does not answer and could not be cut off: {detail} It is tried again. Its VMs run nowhere else until it is known to have ended."},
	WillRestart:          {model.SeverityError, "Highly available VM {vm} has failed. It will be started again."},
	RestartFailed:        {model.SeverityError, "Highly available VM {vm} could not be started again: {detail} It will be tried once more."},
	RestartGivenUp:       {model.SeverityError, "Highly available VM {vm} has failed too often and is not started again. Start it when the cause is mended."},
	StartFailed:          {model.SeverityError, "VM {vm} could not be started: {detail}"},
	PowerOffFailed:       {model.SeverityError, "VM {vm} could not be powered off: {detail}"},
	Down:                 {model.SeverityNormal, "VM {vm} is down. {detail}"},
	ShutdownRequested:    {model.SeverityNormal, "Shutdown of VM {vm} was requested by {user}."},
	ShutdownFailed:       {model.SeverityError, "VM {vm} could not be asked to shut down: {detail}"},
	ShutdownForced:       {model.SeverityNormal, "VM {vm} cannot shut down gracefully now and was powered off on the request of {user}."},
	ShutdownForcedFailed: {model.SeverityError, "VM {vm} could not be powered off in place of a shutdown: {detail}"},
	SavedStateCleared:    {model.SeverityNormal, "The saved state of VM {vm} was removed on the request of {user}."},
	SavedStateFailed:     {model.SeverityError, "The saved state of VM {vm} could not be removed: {detail}"},
	ConsoleConnected:     {model.SeverityNormal, "User {user} is connected to the {detail} of VM {vm} from {address}."},
	ConsoleDisconnected:  {model.SeverityNormal, "User {user} is not connected to VM {vm} from {address} any more; {detail}."},
	ConsolePassGiven:     {model.SeverityNormal, "{user} was let in to a console of VM {vm}, once and soon."},
	LoggedOn:             {model.SeverityNormal, "The credentials of {user} were handed to the agent in the guest of VM {vm}, to log on there."},
	LogonFailed:          {model.SeverityError, "{user} could not be logged on to the guest of VM {vm}."},
	AgentFloods:          {model.SeverityWarning, "The agent in the guest of VM {vm} says far more than an agent has to say. It is listened to for a while only, again and again."},
	DisconnectFailed:     {model.SeverityWarning, "What was to be done in the guest of VM {vm} when its display was left could not be: {detail}"},
	ConsoleRefused:       {model.SeverityWarning, "A connection to the {detail} of VM {vm} for {user} from {address} was refused: the ticket was wrong."},
	DisplayClosed:        {model.SeverityError, "User {user} could not be connected to the display of VM {vm} from {address}: {detail}."},
	TicketSet:            {model.SeverityNormal, "A ticket for the display of VM {vm} was set by {user}."},
	TicketFailed:         {model.SeverityError, "A ticket for the display of VM {vm} could not be set: {detail}"},
	Removed:              {model.SeverityNormal, "VM {vm} was removed by {user}."},
	DownWithError:        {model.SeverityError, "VM {vm} is down with error. {detail}"},
	NotResponding:        {model.SeverityWarning, "VM {vm} is not responding."},
	PausedNoSpace:        {model.SeverityError, "VM {vm} has been paused: no storage space is left. It goes on when there is room again and it is started."},
	SetUnknown:           {model.SeverityWarning, "VM {vm} was set to the unknown status: its host {host} does not answer."},
	HostRebooted:         {model.SeverityNormal, "VM {vm} was shut down because its host {host} was rebooted."},
	PausedIO:             {model.SeverityError, "VM {vm} has been paused because of a storage I/O problem."},
	PausedPermission:     {model.SeverityError, "VM {vm} has been paused because of a storage permission problem."},
	ShutdownIgnored:      {model.SeverityWarning, "VM {vm} did not shut down in time and goes on running."},
	StartFailedOnHost:    {model.SeverityWarning, "VM {vm} could not be started on Host {host}; another host is tried. {detail}"},
	StartRequestedOnHost: {model.SeverityNormal, "Start of VM {vm} was requested by {user} (Host: {host})."},
	RebootRequested:      {model.SeverityNormal, "Reboot of VM {vm} was requested by {user}."},
	RebootFailed:         {model.SeverityError, "VM {vm} did not reboot: {detail}"},
	StatusRestored:       {model.SeverityNormal, "The status of VM {vm} was restored to {detail}."},
	RemovedKeepingDisks:  {model.SeverityWarning, "VM {vm} was removed; some of its disks could not be: {detail}"},
	StopSkipped:          {model.SeverityNormal, "Stop of VM {vm} was skipped: it is already down."},
	MigrationBegun:       {model.SeverityNormal, "Migration of VM {vm} was begun by {user} (Source: {host}, Destination: {destination})."},
	MigrationDone:        {model.SeverityNormal, "Migration of VM {vm} has completed ({detail})."},
	MigrationAborted:     {model.SeverityError, "Migration of VM {vm} was aborted by other work on it; it stays on host {host}."},
	MigrationFailedTo:    {model.SeverityError, "Migration of VM {vm} has failed; it stays on host {host}. {detail}"},
	MigrationFailed:      {model.SeverityError, "Migration of VM {vm} to any other host has failed; it stays on host {host}. {detail}"},
	MigrationElsewhere:   {model.SeverityWarning, "Migration of VM {vm} from host {host} has failed; host {destination} is tried. {detail}"},
	MigrationCancelled:   {model.SeverityNormal, "Migration of VM {vm} was cancelled by {user}; it stays on host {host}."},
	MigrationPostCopy:    {model.SeverityWarning, "VM {vm} goes on at host {destination}, and its memory follows (post-copy): until all of it is there, it is lost if host {host} or {destination} is."},
	PostCopyBroken:       {model.SeverityError, "VM {vm} stands still, or soon will: hosts {host} and {destination} have lost each other while its memory was on both (post-copy). They are connected again as soon as they can be."},
	PostCopyHeld:         {model.SeverityError, "VM {vm} cannot be ended yet, nor be started elsewhere: half of it may run on host {destination}, which does not say that it has ended. Mend that host, have it fenced, or look at it and confirm that it was powered off or restarted (fence, manual)."},
	CancelFailed:         {model.SeverityError, "Migration of VM {vm} could not be cancelled. {detail}"},
	SuspendBegun:         {model.SeverityNormal, "Suspension of VM {vm} was begun by {user} (Host: {host})."},
	SuspendFailed:        {model.SeverityError, "VM {vm} could not be suspended: {detail}"},
	SuspendDone:          {model.SeverityNormal, "VM {vm} is suspended."},
	Paused:               {model.SeverityNormal, "VM {vm} was paused by a user."},
	Frozen:               {model.SeverityNormal, "The file systems of VM {vm} were frozen by {user}. What it writes waits until they are thawed."},
	Thawed:               {model.SeverityNormal, "The file systems of VM {vm} were thawed by {user}."},
	FreezeFailed:         {model.SeverityWarning, "The file systems of VM {vm} could not be frozen: {detail}"},
	ThawFailed:           {model.SeverityWarning, "The file systems of VM {vm} could not be thawed: {detail}"},

	SnapshotBegun:        {model.SeverityNormal, "Creation of snapshot '{snapshot}' of VM {vm} was begun by {user}."},
	SnapshotTaken:        {model.SeverityNormal, "Snapshot '{snapshot}' of VM {vm} has been created. {detail}"},
	SnapshotFailed:       {model.SeverityError, "Snapshot '{snapshot}' of VM {vm} could not be created: {detail}"},
	PreviewBegun:         {model.SeverityNormal, "A preview of snapshot '{snapshot}' of VM {vm} was begun by {user}."},
	Previewed:            {model.SeverityNormal, "VM {vm} previews snapshot '{snapshot}'. {detail}"},
	PreviewFailed:        {model.SeverityError, "Snapshot '{snapshot}' of VM {vm} could not be previewed: {detail}"},
	RestoreBegun:         {model.SeverityNormal, "The restoring of VM {vm} from snapshot '{snapshot}' was begun by {user}."},
	RestoredFrom:         {model.SeverityNormal, "VM {vm} was restored from snapshot '{snapshot}'. {detail}"},
	RestoreFailed:        {model.SeverityError, "VM {vm} could not be restored from snapshot '{snapshot}': {detail}"},
	SnapshotRemoveBegun:  {model.SeverityNormal, "The removal of snapshot '{snapshot}' of VM {vm} was begun by {user}."},
	SnapshotRemoved:      {model.SeverityNormal, "Snapshot '{snapshot}' of VM {vm} was removed."},
	SnapshotRemoveFailed: {model.SeverityError, "Snapshot '{snapshot}' of VM {vm} could not be removed: {detail}"},

	HostConnected:     {model.SeverityNormal, "Host {host} is up."},
	HostNonResponsive: {model.SeverityError, "Host {host} does not answer: {detail}"},
	DiskAddBegun:      {model.SeverityNormal, "Disk {disk} is being added to VM {vm} by {user}."},
	DiskAdded:         {model.SeverityNormal, "Disk {disk} was added to VM {vm} by {user}."},
	DiskAddFailed:     {model.SeverityError, "Disk {disk} could not be added to VM {vm}: {detail}"},
	FloatingAddBegun:  {model.SeverityNormal, "Disk {disk} is being added by {user}."},
	FloatingAdded:     {model.SeverityNormal, "Disk {disk} was added by {user}."},
	FloatingAddFailed: {model.SeverityError, "Disk {disk} could not be added: {detail}"},
	DiskRemoved:       {model.SeverityNormal, "Disk {disk} was removed by {user}."},
	DiskForgotten:     {model.SeverityWarning, "Disk {disk} was removed by {user} from what is recorded; its image stays: {detail}"},
	DiskRemoveFailed:  {model.SeverityWarning, "Disk {disk} could not be removed: {detail}"},
	DiskAttached:      {model.SeverityNormal, "Disk {disk} was attached to VM {vm} by {user}."},
	DiskAttachFailed:  {model.SeverityError, "Disk {disk} could not be attached to VM {vm}: {detail}"},
	DiskDetached:      {model.SeverityNormal, "Disk {disk} was detached from VM {vm} by {user}."},
	DiskDetachFailed:  {model.SeverityError, "Disk {disk} could not be detached from VM {vm}: {detail}"},
	DiskUpdated:       {model.SeverityNormal, "Disk {disk} was updated by {user}."},
	DiskUpdateFailed:  {model.SeverityError, "Disk {disk} could not be updated: {detail}"},
	DiskMoveBegun:     {model.SeverityNormal, "Disk {disk} is being moved to storage domain {domain} by {user}."},
	DiskMoved:         {model.SeverityNormal, "Disk {disk} was moved to storage domain {domain} by {user}."},
	DiskMoveFailed:    {model.SeverityError, "Disk {disk} could not be moved to storage domain {domain}: {detail}"},
	DiskCopyBegun:     {model.SeverityNormal, "Disk {disk} is being copied to storage domain {domain} by {user}."},
	DiskCopied:        {model.SeverityNormal, "Disk {disk} was copied to storage domain {domain} by {user}."},
	DiskCopyFailed:    {model.SeverityError, "Disk {disk} could not be copied to storage domain {domain}: {detail}"},
	DiskLeftBehind:    {model.SeverityWarning, "An image of disk {disk} is left in storage domain {domain}, which is not the disk any more and could not be removed: {detail}"},
	DiskPlugged:       {model.SeverityNormal, "Disk {disk} of VM {vm} was hot plugged by {user}."},
	DiskPlugFailed:    {model.SeverityError, "Disk {disk} of VM {vm} could not be hot plugged: {detail}"},
	DiskUnplugged:     {model.SeverityNormal, "Disk {disk} of VM {vm} was hot unplugged by {user}."},
	DiskUnplugFailed:  {model.SeverityError, "Disk {disk} of VM {vm} could not be hot unplugged: {detail}"},
	NICAdded:          {model.SeverityNormal, "Network interface {detail} was added to VM {vm} by {user}."},
	NICRemoved:        {model.SeverityNormal, "Network interface {detail} was removed from VM {vm} by {user}."},
	NICUpdated:        {model.SeverityNormal, "Network interface {detail} of VM {vm} was updated by {user}."},
	NICAddFailed:      {model.SeverityError, "Network interface could not be added to VM {vm}: {detail}"},
	NICRemoveFailed:   {model.SeverityError, "Network interface could not be removed from VM {vm}: {detail}"},
	NICUpdateFailed:   {model.SeverityError, "Network interface of VM {vm} could not be updated: {detail}"},
	NICPlugged:        {model.SeverityNormal, "Network interface {detail} of VM {vm} was plugged by {user}."},
	NICPlugFailed:     {model.SeverityError, "Network interface of VM {vm} could not be plugged: {detail}"},
	NICUnplugged:      {model.SeverityNormal, "Network interface {detail} of VM {vm} was unplugged by {user}."},
	NICUnplugFailed:   {model.SeverityError, "Network interface of VM {vm} could not be unplugged: {detail}"},
	MediumChanged:     {model.SeverityNormal, "The medium in the CD drive of VM {vm} was changed by {user}: {detail}"},
	MediumFailed:      {model.SeverityError, "The medium in the CD drive of VM {vm} could not be changed: {detail}"},
	MediumEjected:     {model.SeverityNormal, "The CD drive of VM {vm} was emptied by {user}."},
	TagAdded:          {model.SeverityNormal, "Tag {detail} was added by {user}."},
	TagUpdated:        {model.SeverityNormal, "Tag {detail} was updated by {user}."},
	TagRemoved:        {model.SeverityNormal, "Tag {detail} was removed by {user}."},
	TagAttached:       {model.SeverityNormal, "Tag {detail} was attached to VM {vm} by {user}."},
	TagDetached:       {model.SeverityNormal, "Tag {detail} was detached from VM {vm} by {user}."},
	TagOnUser:         {model.SeverityNormal, "A tag was attached to a user by {user}: {detail}."},
	TagOnGroup:        {model.SeverityNormal, "A tag was attached to a group by {user}: {detail}."},
	TagOnHost:         {model.SeverityNormal, "Tag {detail} was attached to host {host} by {user}."},
	TagOffHost:        {model.SeverityNormal, "Tag {detail} was detached from host {host} by {user}."},
	TagOffUser:        {model.SeverityNormal, "A tag was detached from a user by {user}: {detail}."},
	TagOffGroup:       {model.SeverityNormal, "A tag was detached from a group by {user}: {detail}."},
	TagOnTemplate:     {model.SeverityNormal, "Tag {detail} was attached to template {template} by {user}."},
	TagOffTemplate:    {model.SeverityNormal, "Tag {detail} was detached from template {template} by {user}."},

	DomainAdded:            {model.SeverityNormal, "Storage domain {domain} was added by {user}."},
	DomainAddFailed:        {model.SeverityError, "Storage domain {domain} could not be added: {detail}"},
	DomainUpdated:          {model.SeverityNormal, "Storage domain {domain} was updated by {user}."},
	DomainRemoved:          {model.SeverityNormal, "Storage domain {domain} was removed by {user}."},
	DomainRemoveFailed:     {model.SeverityError, "Storage domain {domain} could not be removed: {detail}"},
	DomainAttached:         {model.SeverityNormal, "Storage domain {domain} was attached to its data center by {user}."},
	DomainAttachFailed:     {model.SeverityError, "Storage domain {domain} could not be attached: {detail}"},
	DomainDetached:         {model.SeverityNormal, "Storage domain {domain} was detached from its data center by {user}."},
	DomainDetachFailed:     {model.SeverityError, "Storage domain {domain} could not be detached: {detail}"},
	DomainActive:           {model.SeverityNormal, "Storage domain {domain} is active."},
	DomainActivateFailed:   {model.SeverityError, "Storage domain {domain} could not be activated: {detail}"},
	DomainDeactivated:      {model.SeverityNormal, "Storage domain {domain} was put into maintenance by {user}."},
	DomainDeactivateFailed: {model.SeverityError, "Storage domain {domain} could not be put into maintenance: {detail}"},
	DomainInactive:         {model.SeverityError, "Storage domain {domain} is not available: {detail}"},
	DomainDestroyed:        {model.SeverityNormal, "Storage domain {domain} was destroyed by {user}: it is not known any more."},
	DomainDestroyFailed:    {model.SeverityError, "Storage domain {domain} could not be destroyed: {detail}"},
	DomainLowSpace:         {model.SeverityWarning, "Storage domain {domain} has little space left: {detail}"},
	DomainFull:             {model.SeverityError, "Storage domain {domain} is full: {detail}"},
	ResumedByEngine:        {model.SeverityNormal, "VM {vm} goes on: its storage is well again."},
	AddBegun:               {model.SeverityNormal, "VM {vm} is being created by {user}."},
	AddFinished:            {model.SeverityNormal, "The creation of VM {vm} is complete."},
	AddFailed:              {model.SeverityError, "The creation of VM {vm} has failed: {detail}"},
	TemplateAddBegun:       {model.SeverityNormal, "Template {template} is being created from VM {vm} by {user}."},
	TemplateUpdated:        {model.SeverityNormal, "Template {template} was updated by {user}."},
	TemplateRemoved:        {model.SeverityNormal, "Template {template} was removed by {user}."},
	TemplateAdded:          {model.SeverityNormal, "The creation of template {template} from VM {vm} is complete."},
	TemplateAddFailed:      {model.SeverityError, "The creation of template {template} from VM {vm} has failed: {detail}"},

	ExportBegun:           {model.SeverityNormal, "VM {vm} is being exported to storage domain {domain} by {user}."},
	Exported:              {model.SeverityNormal, "VM {vm} was exported to storage domain {domain}."},
	ExportFailed:          {model.SeverityError, "VM {vm} could not be exported to storage domain {domain}: {detail}"},
	Imported:              {model.SeverityNormal, "VM {vm} was imported from {detail}."},
	ImportFailed:          {model.SeverityError, "VM {vm} could not be imported from {detail}"},
	TemplateExported:      {model.SeverityNormal, "Template {template} was exported to storage domain {domain}."},
	TemplateExportFailed:  {model.SeverityError, "Template {template} could not be exported to storage domain {domain}: {detail}"},
	TemplateImported:      {model.SeverityNormal, "Template {template} was imported from {detail}."},
	TemplateImportFailed:  {model.SeverityError, "Template {template} could not be imported from {detail}"},
	TemplateExportBegun:   {model.SeverityNormal, "Template {template} is being exported to storage domain {domain} by {user}."},
	ImportBegun:           {model.SeverityNormal, "VM {vm} is being imported from {detail} by {user}."},
	TemplateImportBegun:   {model.SeverityNormal, "Template {template} is being imported from {detail} by {user}."},
	ExportedRemoved:       {model.SeverityNormal, "VM {detail} was removed from storage domain {domain} by {user}."},
	ExportedTemplateGone:  {model.SeverityNormal, "Template {detail} was removed from storage domain {domain} by {user}."},
	ExportedRemovalFailed: {model.SeverityError, "What was exported to storage domain {domain} could not be removed from it: {detail}"},

	ArchiveBegun:          {model.SeverityNormal, "VM {vm} is being exported to the OVA file {detail} by {user}."},
	Archived:              {model.SeverityNormal, "VM {vm} was exported to the OVA file {detail}."},
	ArchiveFailed:         {model.SeverityError, "VM {vm} could not be exported to the OVA file {detail}"},
	TemplateArchiveBegun:  {model.SeverityNormal, "Template {template} is being exported to the OVA file {detail} by {user}."},
	TemplateArchived:      {model.SeverityNormal, "Template {template} was exported to the OVA file {detail}."},
	TemplateArchiveFailed: {model.SeverityError, "Template {template} could not be exported to the OVA file {detail}"},

	HostAdded:          {model.SeverityNormal, "Host {host} was added by {user}."},
	HostUpdated:        {model.SeverityNormal, "Host {host} configuration was updated by {user}."},
	HostRemoved:        {model.SeverityNormal, "Host {host} was removed by {user}."},
	HostInMaintenance:  {model.SeverityNormal, "Host {host} is in maintenance now."},
	HostActivated:      {model.SeverityNormal, "Activation of host {host} was requested by {user}."},
	HostInstallFailed:  {model.SeverityError, "Host {host} could not be taken into use: {detail}"},
	HostNonOperational: {model.SeverityWarning, "Host {host} is not operational: {detail}"},
	HostDeactivated:    {model.SeverityNormal, "Host {host} was told by {user} to go into maintenance. {detail}"},
	HostStaysInUse:     {model.SeverityWarning, "Host {host} cannot go into maintenance yet: {detail}"},
	VMAdopted:          {model.SeverityNormal, "VM {vm} was adopted on host {host} by {user}, as it runs."},
	AdoptFailed:        {model.SeverityError, "A guest of host {host} could not be adopted: {detail}"},
	VMReleased:         {model.SeverityNormal, "VM {vm} was released by {user}: it is a guest of host {host} now, and its disks stay where they are."},
	ReleaseFailed:      {model.SeverityError, "VM {vm} could not be released: {detail}"},
	HostKeyPinned:      {model.SeverityNormal, "Host {host} has shown its ssh key for the first time; from now on only this one is accepted: {detail}"},
	ClusterAdded:       {model.SeverityNormal, "Cluster {detail} was added by {user}."},
	ClusterUpdated:     {model.SeverityNormal, "Cluster {detail} was updated by {user}."},
	ClusterRemoved:     {model.SeverityNormal, "Cluster {detail} was removed by {user}."},
	DataCenterAdded:    {model.SeverityNormal, "Data center {detail} was added by {user}."},
	DataCenterRemoved:  {model.SeverityNormal, "Data center {detail} was removed by {user}."},
	HostRefreshed:      {model.SeverityNormal, "The capabilities of host {host} were read again, as {user} had asked."},

	HostEmulates:            {model.SeverityWarning, "Host {host} has no hardware virtualization; its guests are emulated, and slow: {detail}"},
	GuestPanicked:           {model.SeverityError, "The kernel of VM {vm} has panicked."},
	GuestWatchdog:           {model.SeverityWarning, "The watchdog of VM {vm} has fired."},
	ForeignEpoch:            {model.SeverityAlert, "VM {vm} runs on Host {host} on behalf of another engine or of other data of this engine; it is left alone. {detail}"},
	Adopted:                 {model.SeverityWarning, "VM {vm} was found running on Host {host} although it was recorded as not running; it is managed again."},
	Resumed:                 {model.SeverityNormal, "VM {vm} was resumed."},
	StartCancelled:          {model.SeverityNormal, "The start of VM {vm}, requested by {user}, was interrupted by another command."},
	EngineStarted:           {model.SeverityNormal, "The engine was started. {detail}"},
	OptionSet:               {model.SeverityNormal, "The engine option {detail} by {user}."},
	OverlaysKept:            {model.SeverityWarning, "Volumes that VM {vm} does not need any more could not be removed, or related to each other: {detail}"},
	FoundThawed:             {model.SeverityNormal, "The file systems of VM {vm} are not frozen any more: the guest was restarted, or they were thawed inside it."},
	StaysFrozen:             {model.SeverityWarning, "The file systems of VM {vm} have been frozen since {detail}: nothing in it can write. Thaw them with thawfilesystems."},
	DirectoryAdded:          {model.SeverityNormal, "The domain {detail} was added by {user}."},
	DirectoryUpdated:        {model.SeverityNormal, "The domain {detail} was updated by {user}."},
	DirectoryRemoved:        {model.SeverityNormal, "The domain {detail} was removed by {user}."},
	UserAdded:               {model.SeverityNormal, "User {detail} was added to the system by {user}."},
	UserRemoved:             {model.SeverityNormal, "User {detail} was removed from the system by {user}."},
	PasswordChanged:         {model.SeverityNormal, "The password of {detail} was changed by {user}. All sessions of that user have ended."},
	GroupAdded:              {model.SeverityNormal, "Group {detail} was added to the system by {user}."},
	GroupRemoved:            {model.SeverityNormal, "Group {detail} was removed from the system by {user}."},
	PermissionAdded:         {model.SeverityNormal, "{detail} by {user}."},
	PermissionRemoved:       {model.SeverityNormal, "{detail} by {user}."},
	SystemPermissionAdded:   {model.SeverityNormal, "{detail} by {user}."},
	SystemPermissionRemoved: {model.SeverityNormal, "{detail} by {user}."},
	NetworkAdded:            {model.SeverityNormal, "Network {detail} was added by {user}."},
	NetworkUpdated:          {model.SeverityNormal, "Network {detail} was updated by {user}."},
	NetworkRemoved:          {model.SeverityNormal, "Network {detail} was removed by {user}."},
	NetworkAttached:         {model.SeverityNormal, "Network {detail} was attached by {user}."},
	NetworkDetached:         {model.SeverityNormal, "Network {detail} was detached by {user}."},
	NetworkInClusterUpdated: {model.SeverityNormal, "Network {detail} was updated by {user}."},
	ProfileAdded:            {model.SeverityNormal, "vNIC profile {detail} was added by {user}."},
	ProfileUpdated:          {model.SeverityNormal, "vNIC profile {detail} was updated by {user}."},
	ProfileRemoved:          {model.SeverityNormal, "vNIC profile {detail} was removed by {user}."},
	MACPoolAdded:            {model.SeverityNormal, "MAC pool {detail} was added by {user}."},
	MACPoolUpdated:          {model.SeverityNormal, "MAC pool {detail} was updated by {user}."},
	MACPoolRemoved:          {model.SeverityNormal, "MAC pool {detail} was removed by {user}."},
	HostNetworkAttached:     {model.SeverityNormal, "Network {detail} was attached to host {host} by {user}."},
	HostNetworkUpdated:      {model.SeverityNormal, "Network {detail} of host {host} was updated by {user}."},
	HostNetworkDetached:     {model.SeverityNormal, "Network {detail} was detached from host {host} by {user}."},
	DataCenterUpdated:       {model.SeverityNormal, "Data center {detail} was updated by {user}."},
	RoleAdded:               {model.SeverityNormal, "Role {detail} was added by {user}."},
	RoleUpdated:             {model.SeverityNormal, "Role {detail} was updated by {user}."},
	RoleRemoved:             {model.SeverityNormal, "Role {detail} was removed by {user}."},
	PoolAdded:               {model.SeverityNormal, "VM pool {pool} was created by {user}."},
	PoolAddFailed:           {model.SeverityError, "VM pool {pool} could not be created: {detail}"},
	PoolRemoved:             {model.SeverityNormal, "VM pool {pool} was removed by {user}."},
	PoolVMDetached:          {model.SeverityNormal, "VM {vm} was removed from VM pool {pool} by {user}. It is a VM of its own now."},
	PoolVMDetachFailed:      {model.SeverityError, "VM {vm} could not be removed from its VM pool: {detail}"},
	PoolUpdated:             {model.SeverityNormal, "VM pool {pool} was updated by {user}."},
	PoolUpdateFailed:        {model.SeverityError, "VM pool {pool} could not be updated: {detail}"},
	PoolVMGiven:             {model.SeverityNormal, "User {user} was given VM {vm} of VM pool {pool}."},
	PoolVMReturned:          {model.SeverityNormal, "VM {vm} was returned to VM pool {pool}; {detail} had it."},
	PoolVMsRemoved:          {model.SeverityNormal, "VMs of VM pool {pool} were removed by {user}: {detail}"},
	PoolDisksKept:           {model.SeverityWarning, "VMs of VM pool {pool} were removed; some of their disks could not be: {detail}"},
	PrestartFailed:          {model.SeverityWarning, "VM {vm} of VM pool {pool} could not be prestarted; it is tried again later. {detail}"},
	PoolVMRenewed:           {model.SeverityNormal, "VM {vm} of VM pool {pool} was made anew of {detail}."},
	PoolVMNotRenewed:        {model.SeverityError, "VM {vm} of VM pool {pool} could not be made anew: {detail}"},
	NotPermitted:            {model.SeverityWarning, "User {user} has tried from {address} what is not permitted: {detail}"},
	LoginLocked:             {model.SeverityWarning, "After too many wrong passwords no logins are accepted: {detail}"},
	LoginUnlocked:           {model.SeverityNormal, "The user {detail} may try to log in again, whatever was tried before."},
	Done:                    {model.SeverityNormal, "Done by {user}: {detail}"},
	AccountAdded:            {model.SeverityNormal, "The user {detail} was added to the directory by {user}."},
	AccountDisabled:         {model.SeverityNormal, "The user {detail} was disabled by {user}. All sessions of that user have ended."},
	AccountEnabled:          {model.SeverityNormal, "The user {detail} was enabled by {user}."},
	AccountRemoved:          {model.SeverityNormal, "The user {detail} was removed from the directory by {user}."},
	DirectorySilent:         {model.SeverityError, "The directory {detail}"},
	GuestRebooted:           {model.SeverityNormal, "VM {vm} was rebooted from within the guest."},
	StateRestoreError:       {model.SeverityError, "The saved state of VM {vm} could not be restored: {detail} The state is kept; start the VM to try again, or stop it to drop the state."},
	TemplateKept:            {model.SeverityError, "Template {template} could not be removed: {detail}"},
	PreviewUndone:           {model.SeverityNormal, "VM {vm} is again as it was before the preview of snapshot '{snapshot}'."},

	AffinityGroupAdded:   {model.SeverityNormal, "Affinity group {detail} was added by {user}."},
	AffinityGroupUpdated: {model.SeverityNormal, "Affinity group {detail} was updated by {user}."},
	AffinityGroupRemoved: {model.SeverityNormal, "Affinity group {detail} was removed by {user}."},
	AffinityBroken:       {model.SeverityWarning, "VMs run otherwise than their affinity group says, and stay so until they are migrated or started anew: {detail}"},

	DisksForgotten:     {model.SeverityWarning, "With storage domain {domain} these disks were forgotten, which are left on it: {detail}"},
	MasterMoved:        {model.SeverityNormal, "Storage domain {domain} is the master of its data center now."},
	TransferBegun:      {model.SeverityNormal, "The transfer of disk {disk} was begun by {user}."},
	TransferDone:       {model.SeverityNormal, "The {detail} of disk {disk} by {user} has succeeded."},
	TransferCancelled:  {model.SeverityWarning, "The {detail} of disk {disk} by {user} was cancelled."},
	TransferFailed:     {model.SeverityError, "The transfer of disk {disk} by {user} has failed: {detail}"},
	TransferPaused:     {model.SeverityWarning, "The transfer of disk {disk} by {user} is paused: {detail}"},
	VMRegistered:       {model.SeverityNormal, "VM {vm} was registered from storage domain {domain} by {user}."},
	TemplateRegistered: {model.SeverityNormal, "Template {template} was registered from storage domain {domain} by {user}."},
	DiskRegistered:     {model.SeverityNormal, "Disk {disk} was registered from storage domain {domain} by {user}."},
}

// Codes gives every code in the table, in no order.
func Codes() []Code {
	codes := make([]Code, 0, len(lines))
	for code := range lines {
		codes = append(codes, code)
	}
	return codes
}
