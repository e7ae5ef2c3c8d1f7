package guestagent

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"vireo/internal/model"
)

// debian is what the agent of a Debian says when it begins.
const debian = `{"__name__": "host-name", "name": "jim-desktop"}
{"__name__": "os-version", "version": "6.1.0-18-amd64"}
{"__name__": "os-info", "version": "12", "distribution": "Debian GNU/Linux", "codename": "bookworm", "arch": "x86_64", "type": "linux", "kernel": "6.1.0-18-amd64"}
{"__name__": "timezone", "zone": "CET", "offset": 60}
{"__name__": "network-interfaces", "interfaces": [{"name": "lo", "hw": "00:00:00:00:00:00", "inet": ["127.0.0.1"], "inet6": ["::1"]}, {"name": "eth0", "hw": "00:1A:4A:00:00:01", "inet": ["192.168.122.7", "192.168.122.7/24"], "inet6": ["fe80::1", "2001:db8::7"]}]}
{"__name__": "applications", "applications": ["linux-image-6.1.0-18", "ovirt-guest-agent-1.0"]}
{"__name__": "active-user", "name": "jim"}
{"__name__": "fqdn", "fqdn": "jim-desktop.example.com"}
{"__name__": "heartbeat", "free-ram": "300", "memory-stat": {"mem_total": 1024, "mem_free": "512", "mem_unused": "256", "mem_cached": 128, "mem_buffers": 64}, "apiVersion": 2}
`

func TestReport(t *testing.T) {
	want := model.GuestReport{
		FQDN: "jim-desktop.example.com",
		OS: &model.GuestOS{
			Architecture: "x86_64", Codename: "bookworm", Distribution: "Debian GNU/Linux", Family: "Linux", Version: "12", Kernel: "6.1.0-18-amd64",
		},
		TimeZone: &model.GuestTimeZone{Name: "CET", UTCOffset: "+01:00"},
		Devices: []model.GuestDevice{{Name: "eth0", MAC: "00:1a:4a:00:00:01", IPs: []model.GuestIP{
			{Address: "192.168.122.7", Version: "v4"}, {Address: "2001:db8::7", Version: "v6"},
		}}},
		IPs:          []model.GuestIP{{Address: "192.168.122.7", Version: "v4"}, {Address: "2001:db8::7", Version: "v6"}},
		Applications: []string{"linux-image-6.1.0-18", "ovirt-guest-agent-1.0"},
		User:         "jim",
		Memory:       &model.GuestMemory{Total: 1 << 20, Unused: 256 << 10, Cached: 128 << 10, Buffered: 64 << 10},
	}
	for _, size := range []int{1, 7, 1 << 20} {
		reader := NewReader(NewBudget(0))
		lines, alive, version := 0, false, -1
		for piece := range slices.Chunk([]byte(debian), size) {
			said := reader.Feed(piece)
			lines += said.Lines
			alive = alive || said.Alive
			version = max(version, said.Version)
			if said.Bad > 0 {
				t.Errorf("%d bad lines", said.Bad)
			}
		}
		if lines != 9 || !alive || version != 2 {
			t.Errorf("in pieces of %d: %d lines, alive %v, version %d", size, lines, alive, version)
		}
		if got := reader.Report(); !reflect.DeepEqual(got, want) {
			t.Errorf("in pieces of %d the report is %+v, want %+v", size, got, want)
		}
	}
}

func TestSigns(t *testing.T) {
	for line, want := range map[string]Said{
		`{"__name__":"heartbeat"}`:                    {Lines: 1, Alive: true, Changed: true, Version: -1},
		`{"__name__":"heartbeat","apiVersion":"1"}`:   {Lines: 1, Alive: true, Changed: true, Version: 1},
		`{"__name__":"heartbeat","apiVersion":-7}`:    {Lines: 1, Alive: true, Changed: true, Version: 0},
		`{"__name__":"heartbeat","apiVersion":1e300}`: {Lines: 1, Alive: true, Changed: true, Version: 0},
		`{"__name__":"session-startup"}`:              {Lines: 1, Alive: true, Version: -1},
		`{"__name__":"session-logoff"}`:               {Lines: 1, Alive: true, Changed: true, Version: -1},
		`{"__name__":"number-of-cpus","count":2}`:     {Lines: 1, Version: -1},
		`{"__name__":"uninstalled"}`:                  {Lines: 1, Gone: true, Changed: true, Version: -1},
		`{"__name__":"from the future","x":[1,{}]}`:   {Lines: 1, Version: -1},
		``:                        {Version: -1},
		"\r":                      {Version: -1},
		`{}`:                      {Lines: 1, Bad: 1, Version: -1},
		`null`:                    {Lines: 1, Bad: 1, Version: -1},
		`[]`:                      {Lines: 1, Bad: 1, Version: -1},
		`heartbeat`:               {Lines: 1, Bad: 1, Version: -1},
		`{"__name__":7}`:          {Lines: 1, Bad: 1, Version: -1},
		`{"__name__":"heartbeat"`: {Lines: 1, Bad: 1, Version: -1},
		`{"__name__":"applications","applications":[7]}`:                 {Lines: 1, Bad: 1, Version: -1},
		`{"__name__":"applications","applications":7}`:                   {Lines: 1, Changed: true, Version: -1},
		`{"__name__":"network-interfaces","interfaces":{}}`:              {Lines: 1, Changed: true, Version: -1},
		strings.Repeat("[", 100_000):                                     {Lines: 1, Bad: 1, Version: -1},
		`{"__name__":"timezone","zone":"X","offset":[1]}`:                {Lines: 1, Changed: true, Version: -1},
		`{"__name__":"heartbeat","memory-stat":{"mem_total":"a lot"}}`:   {Lines: 1, Alive: true, Changed: true, Version: -1},
		`{"__name__":"heartbeat","memory-stat":{"mem_total":-5}}`:        {Lines: 1, Alive: true, Changed: true, Version: -1},
		"{\"__name__\":\"host-name\",\"name\":\"\xff\xfe\"}":             {Lines: 1, Changed: true, Version: -1},
		`{"__name__":"fqdn","fqdn":"a\u0000b"}` + "\r":                   {Lines: 1, Changed: true, Version: -1},
		`{"__name__":"heartbeat","a":` + strings.Repeat("9", 5000) + "}": {Lines: 1, Alive: true, Changed: true, Version: -1},
	} {
		reader := NewReader(NewBudget(1 << 20))
		if got := reader.Feed([]byte(line + "\n")); got != want {
			t.Errorf("%.80q says %+v, want %+v", line, got, want)
		}
		if memory := reader.Report().Memory; memory != nil {
			t.Errorf("%.80q has the memory %+v", line, memory)
		}
	}
}

func TestNames(t *testing.T) {
	reader := NewReader(NewBudget(0))
	say := func(line, want string) {
		t.Helper()
		reader.Feed([]byte(line + "\n"))
		if got := reader.Report().FQDN; got != want {
			t.Errorf("after %s the guest is called %q, not %q", line, got, want)
		}
	}
	say(`{"__name__":"host-name","name":"short"}`, "short")
	say(`{"__name__":"fqdn","fqdn":"short.example.com"}`, "short.example.com")
	say(`{"__name__":"host-name","name":"other"}`, "short.example.com")
	say(`{"__name__":"fqdn","fqdn":""}`, "other")
	say(`{"__name__":"host-name","name":"third"}`, "third")
	say(`{"__name__":"fqdn","fqdn":" bell\u0007 \ud800 `+strings.Repeat("x", 400)+`"}`, "bell\uFFFD \uFFFD "+strings.Repeat("x", 246))
}

func TestUserLeaves(t *testing.T) {
	reader := NewReader(NewBudget(0))
	for line, want := range map[string]string{`{"__name__":"session-logoff"}`: "", `{"__name__":"active-user","name":"None"}`: "", `{"__name__":"active-user"}`: ""} {
		reader.Feed([]byte("{\"__name__\":\"active-user\",\"name\":\"jim\"}\n" + line + "\n"))
		if got := reader.Report().User; got != want {
			t.Errorf("after %s it is %q who sits there", line, got)
		}
	}
}

func TestReportsAreNotChanged(t *testing.T) {
	reader := NewReader(NewBudget(0))
	reader.Feed([]byte(debian))
	before := reader.Report()
	kept, err := json.Marshal(before)
	if err != nil {
		t.Fatal(err)
	}
	reader.Feed([]byte(strings.NewReplacer("jim", "ann", "192.168", "10.9", "bookworm", "trixie", "CET", "UTC", "1024", "4096").Replace(debian)))
	if after, _ := json.Marshal(before); string(after) != string(kept) {
		t.Errorf("the report became %s", after)
	}
}

func TestTooMuchIsCut(t *testing.T) {
	reader := NewReader(NewBudget(1 << 20))
	many := func(each string, count int) string { return "[" + strings.Repeat(each+",", count) + each + "]" }
	reader.Feed([]byte(`{"__name__":"applications","applications":` + many(`"a"`, 100_000) + "}\n"))
	if got := len(reader.Report().Applications); got != mostApplications {
		t.Errorf("%d applications are kept", got)
	}
	names, _ := json.Marshal(slices.Repeat([]string{strings.Repeat("\u20ac", longestText)}, mostApplications/4))
	reader.Feed([]byte(`{"__name__":"applications","applications":` + string(names) + "}\n"))
	kept := 0
	for _, name := range reader.Report().Applications {
		kept += len(name)
	}
	if kept == 0 || kept > mostText {
		t.Errorf("%d bytes of names are kept", kept)
	}
	reader.Feed([]byte(`{"__name__":"network-interfaces","interfaces":` + many(`{"name":"e","hw":"m"}`, 10_000) + "}\n"))
	if got := len(reader.Report().Devices); got != mostInterfaces {
		t.Errorf("%d devices are kept", got)
	}
	var all []string
	for i := range 5000 {
		all = append(all, fmt.Sprintf("10.0.%d.%d", i/250, i%250))
	}
	addresses, _ := json.Marshal(all)
	reader.Feed([]byte(`{"__name__":"network-interfaces","interfaces":[{"name":"e","hw":"m","inet":` + string(addresses) + "}]}\n"))
	if got := len(reader.Report().IPs); got != mostAddresses {
		t.Errorf("%d addresses are kept", got)
	}
}

func TestLongLines(t *testing.T) {
	budget := NewBudget(MaxLine)
	first, second := NewReader(budget), NewReader(budget)
	long := []byte(`{"__name__":"fqdn","fqdn":"` + strings.Repeat("x", 100_000))
	first.Feed(long)
	if said := second.Feed(append(slices.Clone(long), []byte("\"}\n")...)); said.Lines != 1 || said.Bad != 0 {
		t.Errorf("a line that comes in one piece needs no budget: %+v", said)
	}
	second.Feed(long)
	if said := second.Feed([]byte("\"}\n{\"__name__\":\"heartbeat\"}\n")); said.Lines != 2 || said.Bad != 1 || !said.Alive {
		t.Errorf("without a budget: %+v", said)
	}
	if said := first.Feed([]byte("\"}\n")); said.Lines != 1 || said.Bad != 0 {
		t.Errorf("with the budget: %+v", said)
	}
	if budget.left.Load() != MaxLine {
		t.Errorf("%d of the budget are left", budget.left.Load())
	}
	// One that never ends is given up, and takes nothing.
	for range 2 * MaxLine / len(long) {
		first.Feed(long)
	}
	if len(first.lines.partial) != 0 || budget.left.Load() != MaxLine {
		t.Errorf("%d bytes are kept, %d of the budget are left", len(first.lines.partial), budget.left.Load())
	}
	if said := first.Feed([]byte("\n{\"__name__\":\"heartbeat\"}\n")); said.Bad != 1 || !said.Alive {
		t.Errorf("after a line without end: %+v", said)
	}
	if said := first.Feed([]byte(strings.Repeat(" ", MaxLine+1) + "\n")); said.Bad != 1 {
		t.Errorf("a line that is too long: %+v", said)
	}
	// One that stands still is given up too, and its rest passed over.
	first.Feed(long)
	first.Expire(time.Now().Add(-time.Minute))
	if budget.left.Load() == MaxLine {
		t.Error("a line was given up too early")
	}
	first.Expire(time.Now().Add(time.Minute))
	if said := first.Feed([]byte("\"}\n{\"__name__\":\"heartbeat\"}\n")); budget.left.Load() != MaxLine || said.Bad != 1 || !said.Alive {
		t.Errorf("after a line that stood still: %+v, %d of the budget are left", said, budget.left.Load())
	}
	second.Feed(long)
	second.Close()
	if budget.left.Load() != MaxLine {
		t.Errorf("%d of the budget are left after Close", budget.left.Load())
	}
}

// mostShown is what a report may take as JSON, whatever an agent says, in bytes: with each
// byte of the applications' names written as six.
const mostShown = 6*mostText + 4*mostApplications + 512<<10

// FuzzReader: whatever an agent says, what is kept is bounded and can be shown, and how
// it is cut into pieces makes no difference.
func FuzzReader(f *testing.F) {
	f.Add([]byte(debian), 5)
	f.Add([]byte("{\"__name__\":\"heartbeat\",\"memory-stat\":{\"mem_total\":\"1e9\"}}\n\n\xff\n"), 3)
	f.Add([]byte(`{"__name__":"network-interfaces","interfaces":[{"name":"\ud800","hw":"::","inet":["1.2.3.4/",null]}]}`+"\n"), 1)
	f.Fuzz(func(t *testing.T, text []byte, size int) {
		whole, cut := NewReader(NewBudget(MaxLine)), NewReader(NewBudget(MaxLine))
		said := whole.Feed(text)
		lines, bad := 0, 0
		for piece := range slices.Chunk(text, max(size, 1)) {
			part := cut.Feed(piece)
			lines, bad = lines+part.Lines, bad+part.Bad
		}
		if lines != said.Lines || bad != said.Bad || !reflect.DeepEqual(whole.Report(), cut.Report()) {
			t.Fatalf("in pieces of %d: %d lines, %d bad, %+v; whole: %+v, %+v", size, lines, bad, cut.Report(), said, whole.Report())
		}
		shown, err := json.Marshal(whole.Report())
		if err != nil || !utf8.Valid(shown) || len(shown) > mostShown {
			t.Fatalf("the report cannot be shown: %v, %d bytes of %d", err, len(shown), len(text))
		}
	})
}
