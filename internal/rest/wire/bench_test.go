package wire

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"
	"testing"
	"time"
)

// filledMachine is as large as a virtual machine of the API: about 3 KB of XML.
func filledMachine(number int) *machine {
	id := fmt.Sprintf("5114bb3e-a4e6-44b2-b783-%012d", number)
	href := "/api/vms/" + id
	m := &machine{
		resource: resource{
			Href: &href, ID: &id, Actions: &actions{},
			Name: new(fmt.Sprintf("web%d", number)), Comment: new("a machine"),
		},
		Status: &status{State: "up"}, Memory: new(int64(1 << 30)),
		CPU: &cpu{Topology: &topology{Sockets: 1, Cores: 2, Threads: new(1)}, Shares: 512},
		OS:  &osShape{Type: "rhel_7x64", Boot: []boot{{"hd"}, {"network"}}}, CreationTime: &moment,
		Stateless: new(false), HighlyUp: &ha{Priority: 50}, Display: &display{Address: new("192.0.2.17")},
		Manager: &manager{Priority: new(5), Is: new(true)}, Version: version{Major: 3}, Load: 12.5, Started: moment,
	}
	for rel := range strings.FieldsSeq("start stop shutdown suspend detach migrate export move ticket cancelmigration reboot clone logon") {
		m.Actions.Links = append(m.Actions.Links, &link{Href: href + "/" + rel, Rel: rel})
	}
	for rel := range strings.FieldsSeq("applications disks nics numanodes cdroms snapshots tags permissions statistics reporteddevices watchdogs sessions") {
		m.Links = append(m.Links, link{Href: href + "/" + rel, Rel: rel})
	}
	return m
}

func filledMachines(count int) *machines {
	list := &machines{}
	for i := range count {
		list.VM = append(list.VM, filledMachine(i))
	}
	return list
}

func BenchmarkAppendXML1000(b *testing.B) {
	list := filledMachines(1000)
	var text []byte
	b.ReportAllocs()
	for b.Loop() {
		text = AppendXML(text[:0], "vms", list)
	}
	b.SetBytes(int64(len(text)))
}

func BenchmarkAppendJSON1000(b *testing.B) {
	list := filledMachines(1000)
	var text []byte
	b.ReportAllocs()
	for b.Loop() {
		text = AppendJSON(text[:0], list, JSON{})
	}
	b.SetBytes(int64(len(text)))
}

func BenchmarkReadXMLMachine(b *testing.B) {
	text := AppendXML(nil, "vm", filledMachine(1))
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var m machine
		if err := ReadXML(newReader(text), "vm", &m, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkReadJSONMachine(b *testing.B) {
	text := AppendJSON(nil, filledMachine(1), JSON{})
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		var m machine
		if err := ReadJSON(newReader(text), &m, Limits{}); err != nil {
			b.Fatal(err)
		}
	}
}

// The same machine for the standard library, to compare with.
type standardLink struct {
	Href string `xml:"href,attr" json:"href"`
	Rel  string `xml:"rel,attr" json:"rel"`
}

type standardBoot struct {
	Dev string `xml:"dev,attr" json:"dev"`
}

type standardMachine struct {
	Href    string         `xml:"href,attr" json:"href"`
	ID      string         `xml:"id,attr" json:"id"`
	Actions []standardLink `xml:"actions>link" json:"actions"`
	Name    string         `xml:"name" json:"name"`
	Comment string         `xml:"comment" json:"comment"`
	Links   []standardLink `xml:"link" json:"link"`
	State   string         `xml:"status>state" json:"state"`
	Memory  int64          `xml:"memory" json:"memory"`
	CPU     struct {
		Topology struct {
			Sockets int `xml:"sockets,attr" json:"sockets"`
			Cores   int `xml:"cores,attr" json:"cores"`
			Threads int `xml:"threads,attr" json:"threads"`
		} `xml:"topology" json:"topology"`
		Shares int `xml:"shares" json:"shares"`
	} `xml:"cpu" json:"cpu"`
	OS struct {
		Type string         `xml:"type,attr" json:"type"`
		Boot []standardBoot `xml:"boot" json:"boot"`
	} `xml:"os" json:"os"`
	CreationTime time.Time `xml:"creation_time" json:"creation_time"`
	Stateless    bool      `xml:"stateless" json:"stateless"`
	Enabled      bool      `xml:"high_availability>enabled" json:"enabled"`
	Priority     int       `xml:"high_availability>priority" json:"priority"`
	Address      string    `xml:"display>address" json:"address"`
	Manager      struct {
		Priority int  `xml:"priority,attr" json:"priority"`
		Is       bool `xml:",chardata" json:"value"`
	} `xml:"storage_manager" json:"storage_manager"`
	Load      float64   `xml:"load" json:"load"`
	StartTime time.Time `xml:"start_time" json:"start_time"`
}

type standardMachines struct {
	XMLName xml.Name          `xml:"vms" json:"-"`
	VM      []standardMachine `xml:"vm" json:"vm"`
}

func standardList(b *testing.B, count int) *standardMachines {
	list := &standardMachines{}
	if err := xml.Unmarshal(AppendXML(nil, "vms", filledMachines(count)), list); err != nil {
		b.Fatal(err)
	}
	if len(list.VM) != count || len(list.VM[0].Actions) != 13 {
		b.Fatal("the standard library's machines are not the same ones")
	}
	return list
}

func BenchmarkStandardXML1000(b *testing.B) {
	list := standardList(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		text, err := xml.MarshalIndent(list, "", "    ")
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(text)))
	}
}

func BenchmarkStandardJSON1000(b *testing.B) {
	list := standardList(b, 1000)
	b.ReportAllocs()
	for b.Loop() {
		text, err := json.Marshal(list)
		if err != nil {
			b.Fatal(err)
		}
		b.SetBytes(int64(len(text)))
	}
}
