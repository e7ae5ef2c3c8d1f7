package guestagent

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"vireo/internal/model"
)

// Reader makes a report of what one agent says. It is for one goroutine at a time.
type Reader struct {
	lines  lines
	report model.GuestReport
	// hostName and osVersion are what is known before the better is.
	hostName, osVersion string
}

// NewReader makes a reader of an agent that has said nothing. Its long lines come out of
// the budget.
func NewReader(budget *Budget) *Reader {
	return &Reader{lines: lines{budget: budget}}
}

// Said is what came of some bytes that an agent has sent.
type Said struct {
	// Lines is how many lines ended; Bad how many of them could not be read, or were too
	// long.
	Lines, Bad int
	// Alive says that the agent gave a sign of life; Gone that it has said that it is
	// being removed, which counts until the next sign of life.
	Alive, Gone bool
	// Changed says that the report is another one now.
	Changed bool
	// Version is the version of the protocol that the agent has said; -1 for none.
	Version int
}

// Feed takes what an agent has sent, in pieces of any size.
func (r *Reader) Feed(data []byte) Said {
	said := Said{Version: -1}
	skipped := r.lines.feed(data, func(line []byte) {
		said.Lines++
		heard, err := decode(line)
		if err != nil {
			said.Bad++
			return
		}
		r.take(&heard, &said)
	})
	said.Lines += skipped
	said.Bad += skipped
	return said
}

// Report is all that the agent has said. The value is not changed afterwards.
func (r *Reader) Report() model.GuestReport { return r.report }

// Expire gives up a long line that was begun before a time and has no end yet.
func (r *Reader) Expire(before time.Time) { r.lines.expire(before) }

// Close gives back what an unfinished line has taken.
func (r *Reader) Close() { r.lines.reset() }

// lively are the messages that tell that an agent works (api-v3 3.8), beside heartbeat.
const lively = "session-"

func (r *Reader) take(heard *message, said *Said) {
	if heard.Name == "heartbeat" || strings.HasPrefix(heard.Name, lively) {
		said.Alive, said.Gone = true, false
	}
	if known := readers[heard.Name]; known != nil {
		known(r, heard, said)
		said.Changed = true
	}
}

// readers are the messages that say something of the guest.
var readers = map[string]func(r *Reader, heard *message, said *Said){
	"heartbeat": func(r *Reader, heard *message, said *Said) {
		if heard.Version != nil {
			said.Version = int(min(max(*heard.Version, 0), 1<<30))
		}
		if m := heard.Memory; m != nil && m.Total > 0 {
			r.report.Memory = &model.GuestMemory{
				Total: kibibytes(m.Total), Unused: kibibytes(m.Unused),
				Cached: kibibytes(m.Cached), Buffered: kibibytes(m.Buffered),
			}
		}
	},
	"host-name": func(r *Reader, heard *message, _ *Said) {
		if r.report.FQDN == r.hostName {
			r.report.FQDN = clean(heard.HostName)
		}
		r.hostName = clean(heard.HostName)
	},
	"fqdn": func(r *Reader, heard *message, _ *Said) {
		if r.report.FQDN = clean(heard.FQDN); r.report.FQDN == "" {
			r.report.FQDN = r.hostName
		}
	},
	"os-version": func(r *Reader, heard *message, _ *Said) {
		if r.osVersion = clean(heard.OSVersion); r.report.OS == nil || r.report.OS.Distribution == "" {
			r.report.OS = &model.GuestOS{Version: r.osVersion}
		}
	},
	"os-info": func(r *Reader, heard *message, _ *Said) {
		r.report.OS = &model.GuestOS{
			Architecture: clean(heard.Architecture), Codename: clean(heard.Codename), Distribution: clean(heard.Distribution),
			Family: family(heard.Family), Version: clean(heard.OSVersion), Kernel: clean(heard.Kernel),
		}
		if r.report.OS.Version == "" {
			r.report.OS.Version = r.osVersion
		}
	},
	"timezone": func(r *Reader, heard *message, _ *Said) {
		r.report.TimeZone = &model.GuestTimeZone{Name: clean(heard.Zone), UTCOffset: utcOffset(heard.Offset)}
	},
	"network-interfaces": func(r *Reader, heard *message, _ *Said) { r.network(heard.Interfaces) },
	"applications": func(r *Reader, heard *message, _ *Said) {
		r.report.Applications = make([]string, 0, len(heard.Applications))
		left := mostText
		for _, name := range heard.Applications {
			if name = clean(name); name != "" {
				if left -= len(name); left < 0 {
					break
				}
				r.report.Applications = append(r.report.Applications, name)
			}
		}
	},
	"active-user": func(r *Reader, heard *message, _ *Said) {
		if r.report.User = clean(heard.HostName); r.report.User == "None" {
			r.report.User = ""
		}
	},
	"session-logoff": func(r *Reader, _ *message, _ *Said) { r.report.User = "" },
	"uninstalled": func(_ *Reader, _ *message, said *Said) {
		said.Alive, said.Gone = false, true
	},
}

// network keeps the interfaces without the loopback one, and of their addresses those
// that are of use outside the guest.
func (r *Reader) network(heard interfaces) {
	r.report.Devices, r.report.IPs = []model.GuestDevice{}, []model.GuestIP{}
	seen := make(map[model.GuestIP]bool)
	for _, each := range heard {
		device := model.GuestDevice{Name: clean(each.Name), MAC: strings.ToLower(clean(each.MAC))}
		if device.Name == "lo" || device.MAC == "" || device.MAC == "00:00:00:00:00:00" {
			continue
		}
		for _, list := range []texts{each.V4, each.V6} {
			for _, text := range list {
				ip, good := address(text)
				if !good || seen[ip] || len(device.IPs) >= mostAddresses {
					continue
				}
				seen[ip] = true
				device.IPs = append(device.IPs, ip)
			}
		}
		r.report.Devices = append(r.report.Devices, device)
		r.report.IPs = append(r.report.IPs, device.IPs...)
	}
}

// address reads one, with or without the length of its prefix.
func address(text string) (model.GuestIP, bool) {
	text, _, _ = strings.Cut(text, "/")
	parsed, err := netip.ParseAddr(text)
	if err != nil || parsed.IsLoopback() || parsed.IsLinkLocalUnicast() || parsed.IsUnspecified() || parsed.IsMulticast() {
		return model.GuestIP{}, false
	}
	version := "v6"
	if parsed.Is4() {
		version = "v4"
	}
	return model.GuestIP{Address: parsed.WithZone("").String(), Version: version}, true
}

func kibibytes(count number) int64 { return min(max(int64(count), 0), 1<<50) * 1024 }

// family is Windows or Linux, in the spelling of the other agent.
func family(text string) string {
	switch text = clean(text); strings.ToLower(text) {
	case "linux":
		return "Linux"
	case "windows":
		return "Windows"
	}
	return text
}

// utcOffset writes minutes east of Greenwich as +01:00.
func utcOffset(minutes number) string {
	sign := '+'
	if minutes < 0 {
		sign, minutes = '-', -minutes
	}
	minutes = min(minutes, 24*60)
	return fmt.Sprintf("%c%02d:%02d", sign, minutes/60, minutes%60)
}
