package files

import (
	"context"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// stirPause is how long one wait for the kernel lasts: then the set of directories is
// looked at again.
const stirPause = time.Second

// watched is a directory that is followed, with the names in it that matter.
type watched struct {
	path  string
	names []string
}

// Stir calls stirred when something is mounted, unmounted or remounted, and when one
// of the directories that roots gives, the roots of domains, is renamed, removed or
// made, until ctx ends. Directories on the network are not to be among them: to ask
// for these could hang.
func Stir(ctx context.Context, roots func() []string, stirred func()) {
	mounts, err := unix.Open("/proc/self/mountinfo", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer func() { _ = unix.Close(mounts) }()
	names, err := unix.InotifyInit1(unix.IN_NONBLOCK | unix.IN_CLOEXEC)
	if err != nil {
		return
	}
	defer func() { _ = unix.Close(names) }()
	follow := map[int]watched{}
	for ctx.Err() == nil {
		followAll(names, follow, roots())
		fds := []unix.PollFd{{Fd: int32(mounts), Events: unix.POLLPRI}, {Fd: int32(names), Events: unix.POLLIN}}
		if n, err := unix.Poll(fds, int(stirPause.Milliseconds())); err != nil || n == 0 {
			continue
		}
		if fds[0].Revents != 0 || fds[1].Revents != 0 && matters(names, follow) {
			stirred()
		}
	}
}

// followAll follows, for each root, its parent, itself and its metadata. To follow
// twice is to follow once.
func followAll(names int, follow map[int]watched, roots []string) {
	for _, root := range roots {
		for _, each := range []watched{
			{filepath.Dir(filepath.Dir(root)), []string{filepath.Base(filepath.Dir(root))}},
			{filepath.Dir(root), []string{filepath.Base(root)}},
			{root, []string{"dom_md", "images"}},
			{filepath.Join(root, "dom_md"), []string{"metadata"}},
		} {
			id, err := unix.InotifyAddWatch(names, each.path,
				unix.IN_MOVED_FROM|unix.IN_MOVED_TO|unix.IN_DELETE|unix.IN_CREATE|unix.IN_ONLYDIR)
			if err != nil {
				continue // what is not there yet is seen when it comes
			}
			known := follow[id]
			for _, name := range each.names {
				if !strings.Contains("/"+strings.Join(known.names, "/")+"/", "/"+name+"/") {
					known.names = append(known.names, name)
				}
			}
			follow[id] = watched{each.path, known.names}
		}
	}
}

// matters reads what has happened and says whether any of it is about a name that is
// followed: every check of a domain makes files of its own.
func matters(names int, follow map[int]watched) (any bool) {
	buffer := make([]byte, 16<<10)
	for {
		n, err := unix.Read(names, buffer)
		if err != nil || n < unix.SizeofInotifyEvent {
			return any
		}
		for at := 0; at+unix.SizeofInotifyEvent <= n; {
			id := int(int32(word(buffer[at:])))
			mask := word(buffer[at+4:])
			length := int(word(buffer[at+12:]))
			end := min(at+unix.SizeofInotifyEvent+length, n)
			name := strings.TrimRight(string(buffer[at+unix.SizeofInotifyEvent:end]), "\x00")
			at = end
			if mask&unix.IN_IGNORED != 0 {
				delete(follow, id)
				any = true
				continue
			}
			for _, wanted := range follow[id].names {
				any = any || name == wanted
			}
		}
	}
}

// word reads a number in the order of the machines that this runs on.
func word(b []byte) uint32 {
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}
