package fake

import (
	"bytes"
	"context"
	"maps"
	"slices"

	"vireo/internal/host"
	"vireo/internal/model"
)

// WriteSeeds is the name under which the first half of a Boot or Restore whose
// guest has seeds is recorded as a call, and for [Rule.Call]: a rule may refuse it,
// cut it off, or let it be the last thing that was done (After).
const WriteSeeds = "WriteSeeds"

// writeSeeds puts the spec's seeds on the machine, in place of earlier ones,
// unless the guest runs already.
func (c *connection) writeSeeds(ctx context.Context, spec *host.GuestSpec) error {
	if len(spec.Seeds) == 0 {
		return nil
	}
	return c.call(ctx, WriteSeeds, spec.ID, spec.Name, func() (*operation, error) {
		if old := c.machine.guests[spec.ID]; old != nil && old.alive() {
			return nil, nil
		}
		seeds := map[string][]byte{}
		for _, seed := range spec.Seeds {
			seeds[seed.Name] = bytes.Clone(seed.Image)
		}
		c.machine.seeds[spec.ID] = seeds
		return nil, nil
	})
}

// Seeds are the images that the machine keeps for a guest, by their names; the
// guest need not be known. None is an empty map.
func (m *Machine) Seeds(id model.ID) map[string][]byte {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	out := map[string][]byte{}
	for name, image := range m.seeds[id] {
		out[name] = bytes.Clone(image)
	}
	return out
}

// Seeded lists the guests that the machine keeps seeds for, known or not.
func (m *Machine) Seeded() []model.ID {
	m.world.mu.Lock()
	defer m.world.mu.Unlock()
	return slices.Sorted(maps.Keys(m.seeds))
}
