package client_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vireo/internal/client"
	"vireo/internal/host/fake"
	"vireo/internal/model"
	"vireo/internal/server"
)

const password = "correct horse battery"

// site is an engine that is served over TLS, and a login to it.
type site struct {
	*testing.T
	world   *fake.World
	engine  *server.Server
	options client.Options
	session *client.Session
	domain  *model.StorageDomain
}

func newSite(t *testing.T) *site {
	t.Helper()
	world := fake.New(fake.Options{})
	t.Cleanup(world.Close)
	world.AddMachine(fake.MachineSpec{Address: "fake://local"})
	s := &site{T: t, world: world}
	var err error
	s.engine, err = server.Open(t.Context(), server.Config{
		DataDir: t.TempDir(), Listen: "127.0.0.1:0", LocalHost: "fake://local", AdminPassword: password,
		Driver: world.Driver(), Log: slog.New(slog.DiscardHandler),
	})
	must(t, "Open", err)
	ctx, stop := context.WithCancel(context.Background())
	ready, ended := make(chan string, 1), make(chan error, 1)
	go func() { ended <- s.engine.Serve(ctx, func(address string) { ready <- address }) }()
	t.Cleanup(func() {
		stop()
		if err := errors.Join(<-ended, s.engine.Close()); err != nil {
			t.Error(err)
		}
	})
	s.options = client.Options{User: "admin@internal", Password: password}
	select {
	case address := <-ready:
		s.options.URL = "https://" + address + "/ovirt-engine/api"
		s.options.Authority, err = os.ReadFile(filepath.Join(s.engine.DataDir, "ca.pem"))
		must(t, "the CA", err)
	case err := <-ended:
		t.Fatal(err)
	}
	s.session, err = client.Open(t.Context(), s.options)
	must(t, "Open", err)
	t.Cleanup(func() { must(t, "Close", s.session.Close(context.Background())) })
	s.domain = s.engine.Inventory.StorageDomains.Named("local-data")[0]
	return s
}

func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// volume is the path of a disk's volume.
func (s *site) volume(disk string) string {
	s.Helper()
	found, ok := s.engine.Inventory.Disks.Get(model.ID(disk))
	if !ok {
		s.Fatalf("there is no disk %s", disk)
	}
	return filepath.Join(s.domain.Path, string(s.domain.ID), "images", disk, string(found.Volume))
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	output, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v: %s", name, strings.Join(args, " "), err, output)
	}
	return string(output)
}

// rawFile makes a file with data here and there, and holes.
func rawFile(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "disk.raw")
	file, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	noise := make([]byte, 3<<20+17)
	_, _ = rand.Read(noise)
	for _, offset := range []int64{0, 40 << 20, 90<<20 + 333} {
		if _, err := file.WriteAt(noise, offset); err != nil {
			t.Fatal(err)
		}
	}
	if err := file.Truncate(128<<20 + 100); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestRoundTrip uploads and downloads in every combination of formats; what comes back
// is what was sent, as QEMU sees it, and takes up no more space.
func TestRoundTrip(t *testing.T) {
	s := newSite(t)
	raw := rawFile(t)
	cow := filepath.Join(t.TempDir(), "disk.qcow2")
	run(t, "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-c", raw, cow)
	for name, test := range map[string]struct{ file, format, down, downFormat string }{
		"raw to raw":          {raw, "", "", "raw"},
		"raw to cow":          {raw, "cow", "raw", "raw"},
		"cow to cow":          {cow, "", "", "qcow2"},
		"cow to cow, as seen": {cow, "cow", "raw", "raw"},
	} {
		t.Run(name, func(t *testing.T) {
			told := int64(0)
			up, err := s.session.Upload(t.Context(), test.file, client.UploadOptions{
				Name: name, StorageDomain: "local-data", Format: test.format,
				Progress: func(done, total int64) { told = max(told, done*100/total) },
			})
			must(t, "Upload", err)
			if up.Checksum == "" || told != 100 {
				t.Errorf("the checksum is %q, and %d%% were told", up.Checksum, told)
			}
			disk, err := s.session.FindDisk(t.Context(), name)
			must(t, "FindDisk", err)
			if disk.ID != up.Disk.ID || disk.Status != "ok" {
				t.Errorf("the disk is %+v", disk)
			}
			path := filepath.Join(t.TempDir(), "back")
			_, err = s.session.Download(t.Context(), disk, path, client.DownloadOptions{Format: test.down})
			must(t, "Download", err)
			format := "raw"
			if test.file == cow {
				format = "qcow2"
			}
			run(t, "qemu-img", "compare", "-f", format, "-F", test.downFormat, test.file, path)
			if test.downFormat == "raw" && blocks(t, path) > 12<<20 {
				t.Errorf("it takes up %d bytes", blocks(t, path))
			}
			if taken := blocks(t, s.volume(disk.ID)); taken > 13<<20 {
				t.Errorf("the disk takes up %d bytes", taken)
			}
			if _, err = s.session.Download(t.Context(), disk, path, client.DownloadOptions{}); err == nil {
				t.Error("a file that was there was overwritten")
			}
		})
	}
	if left, _ := filepath.Glob(filepath.Join(s.engine.DataDir, "run", "*")); len(left) > 0 {
		t.Errorf("sockets are left: %v", left)
	}
}

func blocks(t *testing.T, path string) int64 {
	t.Helper()
	return 512 * int64(atoi(t, run(t, "stat", "-c", "%b", path)))
}

func atoi(t *testing.T, text string) (n int) {
	t.Helper()
	for _, c := range strings.TrimSpace(text) {
		n = n*10 + int(c-'0')
	}
	return n
}

// TestRefusedUploads sends what cannot be: nothing of it stays.
func TestRefusedUploads(t *testing.T) {
	s := newSite(t)
	backed := filepath.Join(t.TempDir(), "backed.qcow2")
	run(t, "qemu-img", "create", "-q", "-f", "qcow2", "-u", "-b", "/etc/passwd", "-F", "raw", backed, "8M")
	broken := filepath.Join(t.TempDir(), "broken.qcow2")
	run(t, "qemu-img", "create", "-q", "-f", "qcow2", broken, "8M")
	file, err := os.OpenFile(broken, os.O_WRONLY, 0)
	must(t, "OpenFile", err)
	_, err = file.WriteAt(bytes.Repeat([]byte{0xff}, 8), 40) // where its tables are
	must(t, "WriteAt", errors.Join(err, file.Close()))
	text := filepath.Join(t.TempDir(), "text.xz")
	must(t, "WriteFile", os.WriteFile(text, []byte("\xfd7zXZ\x00 and so on"), 0o600))
	for name, test := range map[string]struct {
		file, format, domain, want string
	}{
		"backing file": {backed, "", "", "stands on a backing file"},
		"broken":       {broken, "", "", "cannot be read as qcow2"},
		"compressed":   {text, "", "", "unpack it first"},
		"no domain":    {broken, "", "elsewhere", "not found"},
		"to raw":       {broken, "raw", "", "convert"},
		"no file":      {"/nowhere", "", "", "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := s.session.Upload(t.Context(), test.file, client.UploadOptions{Format: test.format, StorageDomain: test.domain})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("the error is %v", err)
			}
		})
	}
	for _, disk := range s.engine.Inventory.Disks.All() {
		if disk.Status == model.DiskLocked || disk.Status == model.DiskOK {
			t.Errorf("the disk %s is left, %s", disk.Alias, disk.Status)
		}
	}
}

// TestCancelledUpload gives up in the middle: there is no disk then.
func TestCancelledUpload(t *testing.T) {
	s := newSite(t)
	ctx, cancel := context.WithCancel(t.Context())
	_, err := s.session.Upload(ctx, rawFile(t), client.UploadOptions{Progress: func(done, _ int64) {
		if done > 1<<20 {
			cancel()
		}
	}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	deadline := time.After(20 * time.Second)
	for s.engine.Inventory.Disks.Len() > 0 {
		select {
		case <-s.engine.Inventory.Changed():
		case <-deadline:
			t.Fatalf("the disk is left: %+v", s.engine.Inventory.Disks.All()[0])
		}
	}
}

// TestWrongPassword: the engine says what is wrong.
func TestWrongPassword(t *testing.T) {
	s := newSite(t)
	wrong := s.options
	wrong.Password = "guess"
	if _, err := client.Open(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), "user name or password") {
		t.Errorf("the error is %v", err)
	}
	wrong.Authority = nil
	if _, err := client.Open(t.Context(), wrong); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("the error is %v", err)
	}
}
