package wire

import (
	"math"
	"testing"
	"time"
)

var moment = time.Date(2016, 3, 1, 13, 41, 24, 405e6, time.UTC)

// A shape and what it looks like in XML (without the declaration), in the JSON of
// version 3 and, where that differs, in that of version 4.
var written = []struct {
	name   string
	root   string
	shape  any
	xml    string
	json   string
	json64 string
}{
	{"an empty collection", "vms", machines{}, "<vms/>\n", `{}`, ``},
	{"a nil pointer", "vms", (*machines)(nil), "<vms/>\n", `{}`, ``},
	{
		"a machine", "vm",
		&machine{
			resource: resource{
				Href:    new("/api/vms/1"),
				ID:      new("1"),
				Actions: &actions{Links: []*link{nil, {Href: "/api/vms/1/start", Rel: "start"}}},
				Name:    new("web1"),
				Comment: new(""),
				Links:   []link{{Href: "/api/vms/1/disks", Rel: "disks"}},
			},
			Status:       &status{State: "down"},
			Memory:       new(int64(1 << 30)),
			CPU:          &cpu{Topology: &topology{Sockets: 1, Cores: 2}},
			OS:           &osShape{Boot: []boot{{"hd"}, {"network"}}},
			CreationTime: &moment,
			Stateless:    new(false),
			Display:      &display{},
			Manager:      &manager{Priority: new(5), Is: new(true)},
			Version:      version{Major: 3},
			Load:         12.5,
			Words:        []string{"one", ""},
		},
		`<vm href="/api/vms/1" id="1">
    <actions>
        <link href="/api/vms/1/start" rel="start"/>
    </actions>
    <name>web1</name>
    <comment/>
    <link href="/api/vms/1/disks" rel="disks"/>
    <status>
        <state>down</state>
    </status>
    <memory>1073741824</memory>
    <cpu>
        <topology sockets="1" cores="2"/>
        <shares>0</shares>
    </cpu>
    <os type="">
        <boot dev="hd"/>
        <boot dev="network"/>
    </os>
    <creation_time>2016-03-01T13:41:24.405Z</creation_time>
    <stateless>false</stateless>
    <display/>
    <storage_manager priority="5">true</storage_manager>
    <version major="3"/>
    <load>12.5</load>
    <word>one</word>
    <word/>
</vm>
`,
		`{"href":"/api/vms/1","id":"1","actions":{"link":[{"href":"/api/vms/1/start","rel":"start"}]},` +
			`"name":"web1","comment":"","link":[{"href":"/api/vms/1/disks","rel":"disks"}],` +
			`"status":{"state":"down"},"memory":1073741824,` +
			`"cpu":{"topology":{"sockets":"1","cores":"2"},"shares":"0"},` +
			`"os":{"type":"","boot":[{"dev":"hd"},{"dev":"network"}]},"creation_time":1456839684405,` +
			`"stateless":"false","display":{},"storage_manager":{"priority":"5","value":"true"},` +
			`"version":{"major":"3"},"load":12.5,"word":["one",""]}`,
		`{"href":"/api/vms/1","id":"1","actions":{"link":[{"href":"/api/vms/1/start","rel":"start"}]},` +
			`"name":"web1","comment":"","link":[{"href":"/api/vms/1/disks","rel":"disks"}],` +
			`"status":{"state":"down"},"memory":"1073741824",` +
			`"cpu":{"topology":{"sockets":"1","cores":"2"},"shares":"0"},` +
			`"os":{"type":"","boot":[{"dev":"hd"},{"dev":"network"}]},"creation_time":1456839684405,` +
			`"stateless":"false","display":{},"storage_manager":{"priority":"5","value":"true"},` +
			`"version":{"major":"3"},"load":12.5,"word":["one",""]}`,
	},
	{
		"a collection", "vms",
		machines{VM: []*machine{{}, nil, {resource: resource{Name: new("b")}}}},
		"<vms>\n    <vm/>\n    <vm>\n        <name>b</name>\n    </vm>\n</vms>\n",
		`{"vm":[{},{"name":"b"}]}`, ``,
	},
	{
		"a list of absent ones", "vms",
		machines{VM: []*machine{nil, nil}, Size: new(uint32(0))},
		"<vms>\n    <size>0</size>\n</vms>\n", `{"size":"0"}`, ``,
	},
	{
		"texts to escape", "vm",
		machine{resource: resource{
			ID:      new("a<\"b\">&'\n\t\r\x01"),
			Name:    new("a<\"b\">&'\n\t\r\x01"),
			Comment: new("žluť \xff \ufffe \U0001F600 <&>"),
		}},
		"<vm id=\"a&lt;&quot;b&quot;&gt;&amp;'&#xA;&#x9;&#xD;\uFFFD\">\n" +
			"    <name>a&lt;\"b\"&gt;&amp;'\n\t&#xD;\uFFFD</name>\n" +
			"    <comment>žluť \uFFFD \uFFFD \U0001F600 &lt;&amp;&gt;</comment>\n</vm>\n",
		`{"id":"a<\"b\">&'\n\t\r\u0001","name":"a<\"b\">&'\n\t\r\u0001","comment":"žluť ` + "\uFFFD \ufffe \U0001F600" + ` <&>"}`, ``,
	},
	{
		"numbers at their ends", "vm",
		machine{
			Memory: new(int64(math.MinInt64)), Serial: math.MaxUint64, Load: math.NaN(),
			Figures: []float64{0, math.Inf(1), 1e-7, 1e21, 0.1}, HighlyUp: &ha{Expiry: math.MaxUint32},
		},
		"<vm>\n    <memory>-9223372036854775808</memory>\n" +
			"    <high_availability>\n        <enabled>false</enabled>\n        <expiry>4294967295</expiry>\n    </high_availability>\n" +
			"    <figure>0</figure>\n    <figure>1e-07</figure>\n    <figure>1e+21</figure>\n    <figure>0.1</figure>\n" +
			"    <serial>18446744073709551615</serial>\n</vm>\n",
		`{"memory":-9223372036854775808,"high_availability":{"enabled":"false","expiry":"4294967295"},` +
			`"figure":[0,1e-07,1e+21,0.1],"serial":18446744073709551615}`,
		`{"memory":"-9223372036854775808","high_availability":{"enabled":"false","expiry":"4294967295"},` +
			`"figure":[0,1e-07,1e+21,0.1],"serial":"18446744073709551615"}`,
	},
	{
		"a date with a zone", "vm",
		machine{CreationTime: new(moment.In(time.FixedZone("", 3600)))},
		"<vm>\n    <creation_time>2016-03-01T14:41:24.405+01:00</creation_time>\n</vm>\n",
		`{"creation_time":1456839684405}`, ``,
	},
}

func TestWrite(t *testing.T) {
	for _, test := range written {
		t.Run(test.name, func(t *testing.T) {
			if got, want := string(AppendXML(nil, test.root, test.shape)), Declaration+test.xml; got != want {
				t.Errorf("XML is\n%s\nwant\n%s", got, want)
			}
			if got := string(AppendJSON(nil, test.shape, JSON{})); got != test.json {
				t.Errorf("JSON is\n%s\nwant\n%s", got, test.json)
			}
			want := test.json64
			if want == "" {
				want = test.json
			}
			if got := string(AppendJSON(nil, test.shape, JSON{LongsAsText: true})); got != want {
				t.Errorf("JSON with longs as text is\n%s\nwant\n%s", got, want)
			}
		})
	}
}

func TestWriteKeepsWhatIsThere(t *testing.T) {
	if got := string(AppendXMLElement([]byte("before\n"), "vms", machines{}, 1)); got != "before\n    <vms/>\n" {
		t.Errorf("got %q", got)
	}
	if got := string(AppendJSON([]byte("before "), machines{}, JSON{})); got != "before {}" {
		t.Errorf("got %q", got)
	}
}

// A list may be put together from elements that were rendered one by one.
func TestElementsMakeADocument(t *testing.T) {
	list := machines{VM: []*machine{filledMachine(1), filledMachine(2)}}
	pieces := []byte(Declaration + "<vms>\n")
	for _, vm := range list.VM {
		pieces = AppendXMLElement(pieces, "vm", vm, 1)
	}
	pieces = append(pieces, "</vms>\n"...)
	if whole := string(AppendXML(nil, "vms", list)); whole != string(pieces) {
		t.Errorf("pieces make\n%s\nthe document is\n%s", pieces, whole)
	}
}

func TestDeepIndentation(t *testing.T) {
	var m *machine
	for range 40 {
		m = &machine{Parent: m}
	}
	var back machine
	document := AppendXML(nil, "vm", m)
	if err := ReadXML(newReader(document), "vm", &back, Limits{}); err != nil {
		t.Fatal(err)
	}
	if again := AppendXML(nil, "vm", back); string(again) != string(document) {
		t.Errorf("got\n%s\nwant\n%s", again, document)
	}
}
