package host

import (
	"context"

	"vireo/internal/model"
)

// Adoption takes over guests that somebody else has made, as they run, and gives guests
// back.
type Adoption interface {
	// Foreign describes a guest that runs and is not Vireo's, as it would be started as a
	// VM: the ids of disks and NICs are empty. RefusedState when it does not run,
	// RefusedExists when it is an engine's already, and RefusedUnsupported, with the
	// reason in a sentence, when it has something that no VM has.
	Foreign(ctx context.Context, id model.ID) (*GuestSpec, error)
	// Adopt marks a guest as Vireo's, and then has it not be started with its host.
	// Nothing else of it changes. A mark of the same engine is replaced, one of
	// another engine is RefusedExists.
	Adopt(ctx context.Context, id model.ID, mark Mark) error
	// Disown takes the mark away; a guest whose mark says so is started with its host
	// again. A guest that has none, or is unknown, is success.
	Disown(ctx context.Context, id model.ID) error
	// Release gives a guest up: it is defined as spec says, without a mark, and stays so;
	// spec says too whether it is started with its host.
	// One that runs goes on as it is, and is what spec says from its next start on. The
	// spec must have no seeds. One that runs for another engine is RefusedExists.
	Release(ctx context.Context, spec *GuestSpec) error
}

// Mark is what a guest carries that is Vireo's.
type Mark struct {
	Engine model.ID
	Epoch  uint64
	Given  model.Given
	// Autostart says that the guest was started with its host before it was marked.
	Autostart bool
}
