package files_test

import (
	"os"
	"path/filepath"
	"testing"

	"vireo/internal/image"
	"vireo/internal/image/files"
	"vireo/internal/model"
)

// toolOf is Files with a qemu-img that is a script for the shell.
func toolOf(t *testing.T, script string) *files.Files {
	t.Helper()
	path := filepath.Join(t.TempDir(), "qemu-img")
	must(t, os.WriteFile(path, []byte("#!/bin/sh\n"+script), 0o700))
	f, err := files.New(files.Options{QEMUImg: path})
	must(t, err)
	return f
}

func TestAnswersOfTheTool(t *testing.T) {
	real := newFiles(t)
	domain := formatted(t, real, model.StorageDomainData)
	disk := newDisk(t, real, domain, model.DiskRaw, true)
	for _, test := range []struct {
		name, script string
		want         error
	}{
		{"it is limited in memory", `until [ "$(ulimit -v)" = 1048576 ]; do :; done; echo '{"format":"raw"}'`, nil},
		{"it is limited in time", `until [ "$(ulimit -t)" = 20 ]; do :; done; echo '{"format":"raw"}'`, nil},
		{"it is killed", `kill -9 $$`, image.ErrUnsafe},
		{"it complains", `echo 'Could not open' >&2; exit 1`, image.ErrUnsafe},
		{"it cannot read", `echo 'Input/output error' >&2; exit 1`, image.ErrUnavailable},
		{"it answers another format", `echo '{"format":"qcow2"}'`, image.ErrUnsafe},
		{"it answers no JSON", `echo nonsense`, image.ErrUnsafe},
		{"it answers without end", `echo '{"format":"raw","x":"'; head -c 3000000 /dev/zero; echo '"}'`, image.ErrUnsafe},
		{"it names a data file", `echo '{"format":"raw","format-specific":{"data":{"data-file":"/etc/passwd"}}}'`, image.ErrUnsafe},
		{"it names a backing file outside", `echo '{"format":"raw","backing-filename":"/etc/passwd","backing-filename-format":"raw"}'`, image.ErrUnsafe},
	} {
		t.Run(test.name, func(t *testing.T) {
			wantError(t, pathOf(t, toolOf(t, test.script), domain, disk), test.want)
		})
	}
}

func TestToolThatFindsTheDomainFull(t *testing.T) {
	f := toolOf(t, `echo 'qemu-img: x: No space left on device' >&2; exit 1`)
	domain := formatted(t, f, model.StorageDomainData)
	disk := &model.Disk{ID: model.NewID(), Volume: model.NewID(), Format: model.DiskCOW, Sparse: true, ProvisionedSize: 1 << 20}
	wantError(t, f.Create(t.Context(), domain, specOf(disk)), image.ErrNoSpace)
	wantNames(t, filepath.Join(rootOf(domain), "images"))
}
