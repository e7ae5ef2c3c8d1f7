package files

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"vireo/internal/image"
	"vireo/internal/model"
)

// longestMeta is far more than any file of metadata has, in bytes, and largestVolume
// more than any volume.
const (
	longestMeta   = 64 << 10
	largestVolume = 1 << 50
)

// Meta reads a volume's .meta file, as vdsm writes it in all its versions.
func (f *Files) Meta(ctx context.Context, domain *model.StorageDomain, disk, volume model.ID) (image.VolumeMeta, error) {
	read, err := readMeta(ctx, domain, disk, volume)
	if err != nil {
		return read, fmt.Errorf("the metadata of volume %s of disk %s in storage domain %q: %w", volume, disk, domain.Name, err)
	}
	return read, nil
}

func readMeta(ctx context.Context, domain *model.StorageDomain, disk, volume model.ID) (image.VolumeMeta, error) {
	var none image.VolumeMeta
	if err := checkIDs(disk, volume); err != nil {
		return none, err
	}
	if err := ctx.Err(); err != nil {
		return none, err
	}
	dir, err := open(domain)
	if err != nil {
		return none, err
	}
	defer dir.Close()
	if err := folder(dir, group(disk)); err != nil {
		return none, err
	}
	text, err := readSmall(dir, filepath.Join(group(disk), string(volume)+".meta"), longestMeta)
	if err != nil {
		return none, err
	}
	return parseMeta(string(text))
}

// readSmall reads a regular file, itself and not behind a link, that is no larger than
// limit bytes.
func readSmall(dir *os.Root, name string, limit int64) ([]byte, error) {
	info, err := regular(dir, name)
	if err != nil {
		return nil, err
	}
	if info.Size() > limit {
		return nil, fmt.Errorf("%s has %d bytes: %w", name, info.Size(), image.ErrUnsafe)
	}
	text, err := dir.ReadFile(name)
	return text, explain(err)
}

// parseMeta reads KEY=VALUE lines up to a line EOF, without which the file was cut off.
// Keys that are not known are passed over; every known one is bounded.
func parseMeta(text string) (image.VolumeMeta, error) {
	var out image.VolumeMeta
	if len(text) > longestMeta {
		return out, metaError("it has more than %d bytes", longestMeta)
	}
	head, end := 0, false
	for line := range strings.Lines(text) {
		if end = strings.TrimRight(line, "\r\n") == "EOF"; end {
			break
		}
		head += len(line)
	}
	if !end {
		return out, metaError("it has no end")
	}
	known := parsePairs(text[:head])
	var err error
	if out.Format, err = oneOf(known, "FORMAT", map[string]model.DiskFormat{"RAW": model.DiskRaw, "COW": model.DiskCOW}); err != nil {
		return out, err
	}
	if out.Sparse, err = oneOf(known, "TYPE", map[string]bool{"SPARSE": true, "PREALLOCATED": false}); err != nil {
		return out, err
	}
	if out.Shared, err = oneOf(known, "VOLTYPE", map[string]bool{"LEAF": false, "INTERNAL": false, "SHARED": true}); err != nil {
		return out, err
	}
	if out.Illegal, err = oneOf(known, "LEGALITY", map[string]bool{"LEGAL": false, "ILLEGAL": true, "FAKE": true}); err != nil {
		return out, err
	}
	if out.Size, err = metaSize(known); err != nil {
		return out, err
	}
	for key, id := range map[string]*model.ID{"DOMAIN": &out.Domain, "IMAGE": &out.Group, "PUUID": &out.Parent} {
		if *id, err = model.ParseID(known[key]); err != nil {
			return out, metaError("%s is %.64q", key, known[key])
		}
	}
	if out.Parent == model.BlankID {
		out.Parent = ""
	}
	if seconds, err := strconv.ParseInt(known["CTIME"], 10, 64); err == nil && seconds > 0 && seconds < 1<<36 {
		out.Created = time.Unix(seconds, 0).UTC()
	}
	out.Alias, out.Description = readDescription(known["DESCRIPTION"])
	return out, nil
}

func metaError(format string, values ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, values...), image.ErrUnsafe)
}

func oneOf[T any](known pairs, key string, words map[string]T) (T, error) {
	value, ok := words[known[key]]
	if !ok {
		return value, metaError("%s is %.64q", key, known[key])
	}
	return value, nil
}

// metaSize is SIZE in sectors, or CAP in bytes, which later formats have in its place.
func metaSize(known pairs) (int64, error) {
	key, unit := "SIZE", int64(sector)
	if _, ok := known[key]; !ok {
		key, unit = "CAP", 1
	}
	value, err := strconv.ParseInt(known[key], 10, 64)
	if err != nil || value < 0 || value > largestVolume/unit {
		return 0, metaError("%s is %.64q", key, known[key])
	}
	return value * unit, nil
}

// readDescription reads the two texts of an engine, or the plain one of a converter.
func readDescription(text string) (alias, more string) {
	var read struct{ DiskAlias, DiskDescription string }
	if json.Unmarshal([]byte(text), &read) != nil {
		return "", oneLine(text, 500)
	}
	return oneLine(read.DiskAlias, 255), oneLine(read.DiskDescription, 500)
}
