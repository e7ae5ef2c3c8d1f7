package lifecycle

import "vireo/internal/model"

// HostCause says why the status of a host changes.
type HostCause string

// The causes of moves of hosts.
const (
	// HostAnswered: it is connected, was compared, and can serve its cluster;
	// HostUnfit: it was, and cannot.
	HostAnswered HostCause = "answered"
	HostUnfit    HostCause = "unfit"
	// HostLost: the connection was lost, or could not be made.
	HostLost HostCause = "lost"
	// HostSilent: it has been out of reach for too long (option VdsTimeout).
	HostSilent HostCause = "silent"
	// HostRefused: it answered, and is not to be used: it shows another key than the
	// pinned one, or lets the engine in no more.
	HostRefused HostCause = "refused"
	// HostActivated and HostDeactivated: somebody wanted it.
	HostActivated   HostCause = "activated"
	HostDeactivated HostCause = "deactivated"
	// HostTurnedOff and HostTurnedOn: its fence agent says so.
	HostTurnedOff HostCause = "turned off"
	HostTurnedOn  HostCause = "turned on"
	// HostEmptied: it was to go into maintenance, and no VM runs there any more.
	HostEmptied HostCause = "emptied"
)

type hostMoves map[HostCause]model.HostStatus

// hostTable says what each cause makes of each status of a host (api-v3 2.6). What
// is not there leaves the status as it is.
var hostTable = map[model.HostStatus]hostMoves{
	model.HostInstalling: {
		HostAnswered: model.HostUp, HostUnfit: model.HostNonOperational,
		HostRefused: model.HostInstallFailed, HostSilent: model.HostInstallFailed,
		HostDeactivated: model.HostPreparingForMaintenance,
	},
	model.HostInstallFailed: {
		HostTurnedOff: model.HostDown, HostTurnedOn: model.HostReboot,
		HostAnswered: model.HostUp, HostUnfit: model.HostNonOperational,
		HostActivated: model.HostInstalling, HostDeactivated: model.HostPreparingForMaintenance,
	},
	model.HostUnassigned: {
		HostTurnedOff: model.HostDown, HostTurnedOn: model.HostReboot,
		HostAnswered: model.HostUp, HostUnfit: model.HostNonOperational, HostLost: model.HostConnecting,
		HostRefused: model.HostNonOperational, HostSilent: model.HostNonResponsive,
		HostDeactivated: model.HostPreparingForMaintenance,
	},
	model.HostConnecting: {
		HostTurnedOff: model.HostDown, HostTurnedOn: model.HostReboot,
		HostAnswered: model.HostUp, HostUnfit: model.HostNonOperational,
		HostRefused: model.HostNonOperational, HostSilent: model.HostNonResponsive,
		HostDeactivated: model.HostPreparingForMaintenance,
	},
	model.HostUp: {
		HostTurnedOff: model.HostDown, HostTurnedOn: model.HostReboot,
		HostUnfit: model.HostNonOperational, HostLost: model.HostConnecting,
		HostRefused: model.HostNonOperational, HostSilent: model.HostNonResponsive,
		HostDeactivated: model.HostPreparingForMaintenance,
	},
	model.HostNonResponsive: {
		HostTurnedOff: model.HostDown, HostTurnedOn: model.HostReboot,
		HostAnswered: model.HostUp, HostUnfit: model.HostNonOperational, HostRefused: model.HostNonOperational,
		HostDeactivated: model.HostPreparingForMaintenance,
	},
	model.HostNonOperational: {
		HostTurnedOff: model.HostDown, HostTurnedOn: model.HostReboot,
		HostAnswered: model.HostUp, HostLost: model.HostConnecting,
		HostActivated: model.HostUnassigned, HostDeactivated: model.HostPreparingForMaintenance,
	},
	model.HostPreparingForMaintenance: {
		HostTurnedOff: model.HostDown, HostTurnedOn: model.HostReboot,
		HostActivated: model.HostUnassigned, HostEmptied: model.HostMaintenance,
		HostRefused: model.HostNonOperational, HostSilent: model.HostNonResponsive,
	},
	model.HostMaintenance: {HostActivated: model.HostUnassigned},
	model.HostReboot: {
		HostTurnedOff: model.HostDown, HostTurnedOn: model.HostReboot,
		HostAnswered: model.HostUp, HostUnfit: model.HostNonOperational,
		HostRefused: model.HostNonOperational, HostSilent: model.HostNonResponsive,
	},
	model.HostDown: {
		HostTurnedOff: model.HostDown, HostTurnedOn: model.HostReboot,
		HostAnswered: model.HostUp, HostUnfit: model.HostNonOperational, HostRefused: model.HostNonOperational,
		HostActivated: model.HostUnassigned, HostDeactivated: model.HostPreparingForMaintenance,
	},
	model.HostError: {
		HostTurnedOff: model.HostDown, HostTurnedOn: model.HostReboot,
		HostAnswered: model.HostUp, HostUnfit: model.HostNonOperational, HostRefused: model.HostNonOperational,
		HostActivated: model.HostUnassigned, HostDeactivated: model.HostPreparingForMaintenance,
	},
}

// HostMove says what becomes of a host's status; false is no move.
func HostMove(now model.HostStatus, cause HostCause) (model.HostStatus, bool) {
	to, moves := hostTable[now][cause]
	return to, moves
}

// HostWatched says whether the engine keeps a connection to a host of this status.
// Of one in maintenance nothing is wanted: it may be switched off.
func HostWatched(status model.HostStatus) bool { return status != model.HostMaintenance }

// hostLabels are the words that messages use for statuses of hosts.
var hostLabels = map[model.HostStatus]string{
	model.HostUp: "Up", model.HostDown: "Down", model.HostConnecting: "Connecting", model.HostNonResponsive: "Non Responsive",
	model.HostNonOperational: "Non Operational", model.HostMaintenance: "Maintenance",
	model.HostPreparingForMaintenance: "Preparing For Maintenance", model.HostUnassigned: "Unassigned", model.HostError: "Error",
	model.HostInstalling: "Installing", model.HostInstallFailed: "Install Failed", model.HostReboot: "Reboot",
	model.HostInitializing: "Initializing", model.HostInstallingOS: "Installing OS", model.HostKdumping: "Kdumping",
	model.HostPendingApproval: "Pending Approval",
}

// HostLabel is the word that messages use for a status of a host: "Non Responsive".
func HostLabel(status model.HostStatus) string { return hostLabels[status] }
