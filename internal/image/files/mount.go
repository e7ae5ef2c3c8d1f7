package files

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"time"

	"vireo/internal/image"
	"vireo/internal/model"
)

// Limits of a mount: how long the programs may take, and how long the name of a
// mount point may be.
const (
	mountLimit = 3 * time.Minute
	nameLimit  = 255
)

// MountPoint is a directory below the one for mounts, called by the place as RHV
// calls its own: with _ for / and __ for _.
func (f *Files) MountPoint(domain *model.StorageDomain) (string, error) {
	if err := checkPlace(domain); err != nil || domain.StorageType == model.StorageLocalFS {
		return "", err
	}
	if f.mounts == "" {
		return "", &image.PlaceError{Why: "This engine has no directory to mount storage in"}
	}
	name := strings.NewReplacer("_", "__", "/", "_").Replace(domain.Place())
	if len(name) > nameLimit {
		return "", &image.PlaceError{Why: "The path is too long"}
	}
	return filepath.Join(f.mounts, name), nil
}

// Connect runs mount. Who mounts where something is mounted already would cover it.
func (f *Files) Connect(ctx context.Context, domain *model.StorageDomain) error {
	mounted, err := f.Connected(domain)
	if mounted || err != nil {
		return err
	}
	if os.Geteuid() != 0 {
		return &image.PlaceError{Why: "The engine does not run as root and cannot mount; " +
			"have the system mount it, and add the directory as localfs"}
	}
	wanted, err := f.MountPoint(domain)
	if err != nil {
		return err
	}
	if wanted != domain.Mount {
		return &image.PlaceError{Why: "It was added with another data directory, and would be mounted at " + domain.Mount}
	}
	if err := os.MkdirAll(domain.Mount, 0o755); err != nil {
		return &image.PlaceError{Why: "The directory to mount it at cannot be made", Cause: err}
	}
	kind, options := mountArguments(domain)
	return runMount(ctx, "mount", "It could not be mounted", "-t", kind, "-o", options, "--", domain.Place(), domain.Mount)
}

// Disconnect runs umount. What is still open there keeps the file system alive, but
// not in its place.
func (f *Files) Disconnect(ctx context.Context, domain *model.StorageDomain) error {
	if domain.Mount == "" {
		return nil
	}
	for {
		mounted, err := f.Connected(domain)
		if err != nil {
			return err
		}
		if !mounted {
			break
		}
		failure := runMount(ctx, "umount", "It could not be unmounted", domain.Mount)
		if failure != nil && runMount(ctx, "umount", "", "-l", domain.Mount) != nil {
			return failure
		}
	}
	// What is not empty is not ours to remove.
	_ = os.Remove(domain.Mount)
	return nil
}

// Connected looks at the kernel's table of mounts, which does not touch the file
// system: one whose server is silent would hang.
func (f *Files) Connected(domain *model.StorageDomain) (bool, error) {
	if domain.Mount == "" {
		return true, nil
	}
	table, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return false, fmt.Errorf("reading the table of mounts: %w", err)
	}
	for line := range strings.Lines(string(table)) {
		if fields := strings.Fields(line); len(fields) > 4 && unescape(fields[4]) == domain.Mount {
			return true, nil
		}
	}
	return false, nil
}

// unescape reads a path as the kernel's tables write it.
func unescape(path string) string {
	return strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`).Replace(path)
}

// mountArguments are the type and the options of a mount. Nothing on storage is
// ever run, or a device. NFS gives up after a while, so that guests see errors and
// are paused rather than hang.
func mountArguments(domain *model.StorageDomain) (kind, options string) {
	words := []string{"nosuid", "nodev"}
	kind = domain.VFSType
	if domain.StorageType == model.StorageNFS {
		kind = "nfs"
		timeout, retransmissions := domain.NFSTimeout, domain.NFSRetransmissions
		if timeout == 0 {
			timeout = 600
		}
		if retransmissions == 0 {
			retransmissions = 6
		}
		words = append(words, "soft", "nosharecache", fmt.Sprintf("timeo=%d", timeout), fmt.Sprintf("retrans=%d", retransmissions))
		if version := nfsVersions[domain.NFSVersion]; version != "" {
			words = append(words, "nfsvers="+version)
		}
	}
	if domain.MountOptions != "" {
		words = append(words, domain.MountOptions)
	}
	return kind, strings.Join(words, ",")
}

var nfsVersions = map[string]string{"": "", "auto": "", "v3": "3", "v4": "4", "v4_0": "4.0", "v4_1": "4.1", "v4_2": "4.2"}

// What places and options may consist of. Names of helpers and of FUSE programs are
// run by mount, so there is a list of these.
var (
	address = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$|^\[[0-9A-Fa-f:.]+\]$`)
	plain   = regexp.MustCompile(`^[A-Za-z0-9_./:@+,=~ -]+$`)
	option  = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_.-]*(=[A-Za-z0-9_./:@+%~-]*)?$`)
	vfsType = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]{0,31}$`)
	fuses   = []string{"fuse.bindfs", "fuse.cephfs", "fuse.fuse2fs", "fuse.glusterfs", "fuse.mfsmount", "fuse.sshfs", "fuseblk"}
	// forbidden options change what the engine relies on, or run a program.
	forbidden = []string{
		"suid", "dev", "remount", "move", "user", "users", "owner", "group", "helper", "uhelper", "noauto", "ro",
	}
)

// checkPlace refuses what cannot be mounted, or would do something else.
func checkPlace(domain *model.StorageDomain) error {
	refuse := func(format string, args ...any) error { return &image.PlaceError{Why: fmt.Sprintf(format, args...)} }
	path := domain.Path
	switch {
	case path == "" || len(path) > 1024 || !plain.MatchString(path) || strings.HasPrefix(path, "-"):
		return refuse("The path is not one that can be used")
	case slices.Contains(strings.Split(path, "/"), ".."):
		return refuse("The path may not contain ..")
	case domain.Address != "" && !address.MatchString(domain.Address):
		return refuse("The address is neither a host name nor an IP address")
	}
	switch domain.StorageType {
	case model.StorageLocalFS:
		if !filepath.IsAbs(path) || filepath.Clean(path) != path || path == "/" {
			return refuse("The path must be that of a directory, from the root on")
		}
		return nil
	case model.StorageNFS:
		if domain.Address == "" || !filepath.IsAbs(path) {
			return refuse("NFS needs an address, and a path from the root on")
		}
		if _, known := nfsVersions[domain.NFSVersion]; !known {
			return refuse("The version of NFS must be auto, v3, v4, v4_0, v4_1 or v4_2")
		}
	case model.StoragePosixFS:
		if !vfsType.MatchString(domain.VFSType) && !slices.Contains(fuses, domain.VFSType) || domain.VFSType == "fuse" {
			return refuse("The file system type %.40q is not one that can be mounted; of FUSE these can be: %s",
				domain.VFSType, strings.Join(fuses, ", "))
		}
	default:
		return refuse("The storage type must be localfs, posixfs or nfs")
	}
	return checkOptions(domain.MountOptions)
}

func checkOptions(options string) error {
	if options == "" {
		return nil
	}
	for word := range strings.SplitSeq(options, ",") {
		name, _, _ := strings.Cut(word, "=")
		if !option.MatchString(word) || len(options) > 1024 || slices.Contains(forbidden, name) || strings.HasPrefix(strings.ToLower(name), "x-") {
			return &image.PlaceError{Why: fmt.Sprintf("The mount option %.40q is not allowed", word)}
		}
	}
	return nil
}

// runMount runs one of mount's programs. What it says goes into the reason: nobody
// else knows it.
func runMount(ctx context.Context, program, why string, args ...string) error {
	path, err := exec.LookPath(program)
	if err != nil {
		return &image.PlaceError{Why: why, Cause: err}
	}
	limited, cancel := context.WithTimeout(ctx, mountLimit)
	defer cancel()
	cmd := exec.CommandContext(limited, path, args...)
	cmd.Env = []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	cmd.WaitDelay = 5 * time.Second
	// FUSE programs live on as daemons; a signal for the engine is none for them.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	var said bounded
	cmd.Stdout, cmd.Stderr = &said, &said
	err = cmd.Run()
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
		return nil
	case limited.Err() != nil:
		return &image.PlaceError{Why: why + ": it took too long", Cause: limited.Err()}
	}
	return &image.PlaceError{Why: why + ": " + strings.TrimRight(oneLine(strings.TrimSpace(said.String()), 300), ". "), Cause: err}
}
