package files

import (
	"cmp"
	"encoding/json"
	"os"
	"strings"
	"time"

	"vireo/internal/image"
	"vireo/internal/model"
)

// sector is the unit of SIZE in a volume's metadata.
const sector = 512

// meta is the text of a volume's .meta file (api-v3 3.12).
type meta struct {
	domain, disk model.ID
	format       model.DiskFormat
	sparse       bool
	size         int64
	description  string
	// parent is the volume of the same group that this one stands on; empty for
	// one that holds everything itself.
	parent model.ID
	// role is leaf when empty.
	role role
}

// role is VOLTYPE: whether others stand on the volume, of its own group or of any.
type role string

const (
	leaf     role = "LEAF"
	internal role = "INTERNAL"
	shared   role = "SHARED"
)

// roleOf is that of a volume that a spec asks for.
func roleOf(spec image.VolumeSpec) role {
	if spec.Shared {
		return shared
	}
	return leaf
}

// text is KEY=VALUE lines and a line EOF, in the order in which vdsm writes them.
func (m meta) text() []byte {
	format, kind := "RAW", "PREALLOCATED"
	if m.format == model.DiskCOW {
		format = "COW"
	}
	if m.sparse {
		kind = "SPARSE"
	}
	parent := m.parent
	if parent == "" {
		parent = model.BlankID
	}
	lines := []string{
		"DOMAIN=" + string(m.domain),
		"CTIME=" + number(time.Now().Unix()),
		"FORMAT=" + format,
		"DISKTYPE=2",
		"LEGALITY=LEGAL",
		"SIZE=" + number((m.size+sector-1)/sector),
		"VOLTYPE=" + string(cmp.Or(m.role, leaf)),
		"DESCRIPTION=" + m.description,
		"IMAGE=" + string(m.disk),
		"PUUID=" + string(parent),
		"MTIME=0",
		"POOL_UUID=",
		"TYPE=" + kind,
		"EOF",
	}
	return []byte(strings.Join(lines, "\n") + "\n")
}

// description is DESCRIPTION as the engine of RHV writes it.
func description(alias, text string) string {
	out, err := json.Marshal(map[string]string{
		"DiskAlias":       oneLine(alias, 255),
		"DiskDescription": oneLine(text, 500),
	})
	if err != nil {
		return "{}" // two strings can always be written
	}
	return string(out)
}

// writeMeta writes the metadata of a volume, and the lease of one in a domain of
// format v3.
func writeMeta(dir *os.Root, domain *model.StorageDomain, volume string, m meta, owner image.Owner) error {
	if domain.Format == "v3" {
		if err := makeSized(dir, volume+".lease", 0); err != nil {
			return err
		}
	}
	return write(dir, volume+".meta", m.text(), 0o644, owner)
}

// resizeMeta changes SIZE and leaves every other line as it is.
func resizeMeta(dir *os.Root, volume string, size int64) error {
	return changeMeta(dir, volume, map[string]string{"SIZE": number((size + sector - 1) / sector)})
}

// changeMeta changes the values of these keys and leaves every other line as it is, and
// the file too when they are so already. A volume that others share is not changed to
// one that they could not.
func changeMeta(dir *os.Root, volume string, values map[string]string) error {
	text, err := dir.ReadFile(volume + ".meta")
	if err != nil {
		return explain(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	for i, line := range lines {
		key, old, _ := strings.Cut(strings.TrimRight(line, "\n"), "=")
		value, wanted := values[key]
		if wanted && (key != "VOLTYPE" || old != "SHARED") {
			lines[i] = key + "=" + value + "\n"
		}
	}
	changed := strings.Join(lines, "")
	if changed == string(text) {
		return nil
	}
	return write(dir, volume+".meta", []byte(changed), 0o644, image.Owner{UID: -1, GID: -1})
}
