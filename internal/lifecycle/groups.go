package lifecycle

import (
	"slices"

	"vireo/internal/model"
)

// labels are the words that messages use for statuses (api-v3 4.1).
var labels = map[model.Status]string{
	model.StatusUnassigned:       "Unassigned",
	model.StatusDown:             "Down",
	model.StatusUp:               "Up",
	model.StatusPoweringUp:       "Powering Up",
	model.StatusPaused:           "Paused",
	model.StatusMigrating:        "Migrating",
	model.StatusUnknown:          "Unknown",
	model.StatusNotResponding:    "Not Responding",
	model.StatusWaitForLaunch:    "Wait for Launch",
	model.StatusRebootInProgress: "Reboot in Progress",
	model.StatusSavingState:      "Saving State",
	model.StatusRestoringState:   "Restoring State",
	model.StatusSuspended:        "Suspended",
	model.StatusImageIllegal:     "Image Illegal",
	model.StatusImageLocked:      "Image Locked",
	model.StatusPoweringDown:     "Powering Down",
}

// Label is the word that messages use for a status: "Powering Up".
func Label(status model.Status) string { return labels[status] }

// guestStatuses are those in which a guest should exist on the VM's host.
var guestStatuses = []model.Status{
	model.StatusUp, model.StatusPoweringUp, model.StatusPaused, model.StatusMigrating,
	model.StatusUnknown, model.StatusNotResponding, model.StatusRebootInProgress,
	model.StatusPoweringDown,
}

// HasGuest says whether a VM of this status should have a guest on its host,
// apart from what a job is doing to it.
func HasGuest(status model.Status) bool { return slices.Contains(guestStatuses, status) }

// Silent says whether a status means only that nothing is heard of the VM: what
// it was before, it is to be again.
func Silent(status model.Status) bool {
	return status == model.StatusUnknown || status == model.StatusNotResponding
}

// Resting says whether the run-time elements of a VM are hidden (api-v3 2.2,
// "run"): they are shown in every other status.
func Resting(status model.Status) bool {
	return status == model.StatusDown || status == model.StatusSuspended ||
		status == model.StatusImageLocked || status == model.StatusImageIllegal
}

// Active says whether the VM counts as active in the summary of the API root.
func Active(status model.Status) bool { return !Resting(status) && status != model.StatusUnassigned }
