package libvirt

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"vireo/internal/host"
)

// systemSockets are where a system daemon listens: the modular daemon first.
var systemSockets = []string{"/run/libvirt/virtqemud-sock", "/run/libvirt/libvirt-sock"}

// localSockets are the sockets to try on this machine. A session's are in the
// user's runtime directory, or below the cache directory where there is none
// (libvirt's virGetUserRuntimeDirectory).
func localSockets(session bool) []string {
	if !session {
		return systemSockets
	}
	directory := sessionDirectory()
	return []string{filepath.Join(directory, "virtqemud-sock"), filepath.Join(directory, "libvirt-sock")}
}

func sessionDirectory() string {
	if runtime := os.Getenv("XDG_RUNTIME_DIR"); runtime != "" {
		return filepath.Join(runtime, "libvirt")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		cache = filepath.Join("/tmp", fmt.Sprintf("vireo-%d", os.Getuid()))
	}
	return filepath.Join(cache, "libvirt")
}

// dialLocal connects to the first socket that answers. Where no daemon of a
// session answers, it starts one.
func dialLocal(ctx context.Context, t target) (net.Conn, error) {
	conn, err := dialFirst(ctx, t.sockets)
	if err == nil || !t.session || ctx.Err() != nil {
		return conn, err
	}
	if startErr := startSessionDaemon(); startErr != nil {
		return nil, errors.Join(err, startErr)
	}
	return dialUntil(ctx, t.sockets)
}

func dialFirst(ctx context.Context, sockets []string) (net.Conn, error) {
	var failures []error
	for _, socket := range sockets {
		conn, err := new(net.Dialer).DialContext(ctx, "unix", socket)
		if err == nil {
			return conn, nil
		}
		failures = append(failures, err)
	}
	return nil, errors.Join(failures...)
}

// dialUntil tries again until a daemon that was just started listens.
func dialUntil(ctx context.Context, sockets []string) (net.Conn, error) {
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := dialFirst(ctx, sockets)
		if err == nil {
			return conn, nil
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		case <-again.C:
		}
	}
}

// startSessionDaemon starts the user's own libvirt daemon, in a session of its
// own so that it outlives us, as libvirt's C library does. It ends by itself
// after two minutes without guests and clients. A second one finds the first's
// lock and ends at once.
func startSessionDaemon() error {
	for _, name := range []string{"virtqemud", "libvirtd"} {
		path, err := findProgram(name)
		if err != nil {
			continue
		}
		command := exec.Command(path, "--daemon", "--timeout=120")
		command.Dir = "/"
		command.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		output, err := command.CombinedOutput()
		if err != nil {
			return fmt.Errorf("starting %s: %w: %.500s", path, err, output)
		}
		return nil
	}
	return refuse(host.RefusedUnsupported, "no libvirt daemon is installed on this machine")
}

// findProgram also looks where daemons are and the PATH of users is not.
func findProgram(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	for _, directory := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/libexec"} {
		if path, err := exec.LookPath(filepath.Join(directory, name)); err == nil {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}
