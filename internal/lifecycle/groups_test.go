package lifecycle_test

import (
	"slices"
	"testing"

	"vireo/internal/lifecycle"
	"vireo/internal/model"
	"vireo/internal/option"
)

func TestGroups(t *testing.T) {
	resting := []model.Status{model.StatusDown, model.StatusSuspended, model.StatusImageLocked, model.StatusImageIllegal}
	for _, status := range model.Statuses {
		if lifecycle.Label(status) == "" {
			t.Errorf("%s has no label", status)
		}
		if lifecycle.Resting(status) != slices.Contains(resting, status) {
			t.Errorf("%s rests: %v", status, lifecycle.Resting(status))
		}
		if lifecycle.HasGuest(status) && (lifecycle.Resting(status) || !lifecycle.Active(status)) {
			t.Errorf("%s has a guest and rests or is not active", status)
		}
	}
	if lifecycle.Active(model.StatusUnassigned) || lifecycle.Active(model.StatusDown) {
		t.Error("what does not run is active")
	}
}

// TestLimits: each names a status that a guest is in and an option that is a time,
// and escalation comes before giving up.
func TestLimits(t *testing.T) {
	for _, limit := range lifecycle.Limits {
		definition, known := option.Find(limit.Option)
		if !lifecycle.HasGuest(limit.Status) || !known || definition.Type != option.Duration {
			t.Errorf("%+v", limit)
		}
	}
}
