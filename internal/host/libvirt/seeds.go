package libvirt

import (
	"path"

	"vireo/internal/host"
	"vireo/internal/model"
)

// seedFolder is where hosts keep seeds.
const seedFolder = "/run/vireo-seeds"

// seedPath is the path of a guest's seed on its host.
func seedPath(id model.ID, seed host.Seed) string {
	extension := ".iso"
	if seed.Drive == host.SeedFloppy {
		extension = ".vfd"
	}
	return path.Join(seedFolder, string(id)+"-"+seed.Name+extension)
}
