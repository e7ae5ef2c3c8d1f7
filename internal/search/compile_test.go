package search

import (
	"slices"
	"strings"
	"testing"
	"time"
)

var someVMs = []*vm{
	{
		name: "Web1", description: "front end", status: "up", cluster: "Default", host: "alpha", memory: 1024, uptime: 7200,
		created: now.AddDate(0, 0, -1), tags: []string{"web", "production"}, users: []string{"jim", "Ann"},
		severities: []string{"normal", "error"}, stateless: true,
	},
	{
		name: "db", description: "behind web1", status: "powering_up", cluster: "Other", host: "beta", memory: 4096, uptime: 90,
		created: now, users: []string{"jimmy"}, severities: []string{"warning"},
	},
	{name: "a_b", status: "down", memory: 512, tags: []string{"web"}, severities: []string{"normal"}},
	{name: "null", description: `say "hi"`, status: "paused", memory: 512, created: now.AddDate(0, 0, -7)},
}

func find(t *testing.T, text string, options Options) string {
	t.Helper()
	q, err := Parse(text, vms)
	if err != nil {
		t.Fatal(err)
	}
	filter, err := Compile(q, vms, options)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, row := range Select(filter, someVMs) {
		names = append(names, row.name)
	}
	return strings.Join(names, " ")
}

func TestMatch(t *testing.T) {
	tests := []struct{ text, want string }{
		{"", "a_b db null Web1"},
		{"name=web1", "Web1"},
		{"name=WEB*", "Web1"},
		{"name=*1", "Web1"},
		{"name=*b*", "a_b db Web1"},
		{"name=a*b", "a_b"},
		{"name=a*b*b", ""},
		{"name=aXb", ""},
		{"name=*", "a_b db null Web1"},
		{"name!=w*", "a_b db null"},
		{"cluster=*", "db Web1"},
		{`cluster=""`, "a_b null"},
		{"cluster=null", "a_b null"},
		{"cluster!=null", "db Web1"},
		{"cluster!=default", "a_b db null"},
		{"name=null", "null"},
		{"name!=null", "a_b db Web1"},
		{"tag=web", "a_b Web1"},
		{"tag=w*b and tag=production", "Web1"},
		{"tag!=web", "db null"},
		{"tag=null", "db null"},
		{"storage.name=x", ""},
		{"storage.name!=x", "a_b db null Web1"},
		{"status=up", "Web1"},
		{"status=UP", "Web1"},
		{"status=poweringup", "db"},
		{"status=powering_up", ""},
		{"status!=powering_up", "a_b db null Web1"},
		{"status=p*", "db null"},
		{"status!=up", "a_b db null"},
		{"status=null", ""},
		{"stateless=true", "Web1"},
		{"stateless=Yes", "Web1"},
		{"stateless!=1", "a_b db null"},
		{"stateless=no", "a_b db null"},
		{"memory=512", "a_b null"},
		{"memory!=512", "db Web1"},
		{"memory<1024", "a_b null"},
		{"memory<=1024", "a_b null Web1"},
		{"memory>1e3", "db Web1"},
		{"memory>=1024.5", "db"},
		{"memory=null", ""},
		{"uptime>1h", "Web1"},
		{"uptime=02:00", "Web1"},
		{"uptime=0.02:00:00", "Web1"},
		{"uptime<=90 and uptime>00:01", "db"},
		{"uptime<1.00:00", "a_b db null Web1"},
		{"creationdate=today", "db"},
		{"creationdate=yesterday", "Web1"},
		{"creationdate=Tuesday", "Web1"},
		{"creationdate=wednesday", "null"},
		{"creationdate=3/1/2016", "Web1"},
		{"creationdate=03/01/16", "Web1"},
		{"creationdate=2016-03-01", "Web1"},
		{`creationdate="Mar 1, 2016"`, "Web1"},
		{`creationdate="3/1/2016 15:30"`, "Web1"},
		{`creationdate="3/1/2016 3:30 PM"`, "Web1"},
		{`creationdate="2016-03-01 15:29"`, ""},
		{`creationdate=2016-03-01T14:30:00Z`, "Web1"},
		{"creationdate!=today", "a_b null Web1"},
		{"creationdate<yesterday", "null"},
		{"creationdate<=yesterday", "null Web1"},
		{"creationdate>yesterday", "db Web1"},
		{"creationdate>=today", "db"},
		{"creationdate=null", "a_b"},
		{"users.name=jim", "Web1"},
		{"users.name=jim*", "db Web1"},
		{"users=jim", "db Web1"},
		{"users!=ann", "a_b db null"},
		{"hosts.name=beta", "db"},
		{"events.severity>normal", "db Web1"},
		{"events.severity>=warning", "db Web1"},
		{"events.severity<warning", "a_b Web1"},
		{"events.severity<=warning", "a_b db Web1"},
		{"events.severity=alert", ""},
		{"events.severity>nonsense", ""},
		{"events.severity=null", "null"},
		{"web1", "db Web1"},
		{"EB", "db Web1"},
		{"web* front", "Web1"},
		{`"front end"`, "Web1"},
		{`"say ""hi"""`, "null"},
		{"production", ""},
		{"alpha or beta", "db Web1"},
		{"name=db or name=web1 and status=down", "db"},
		{"(name=db or name=web1) and status=up", "Web1"},
		{"name=db or name=web1 status=up", "Web1"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			if got := find(t, test.text, Options{Now: now}); got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

func TestMatchCaseSensitive(t *testing.T) {
	for text, want := range map[string]string{
		"name=web1": "", "name=Web1": "Web1", "name=W*": "Web1", "name=w*": "",
		"WEB": "", "Web": "Web1", "status=UP": "Web1", "NAME=db": "db",
	} {
		if got := find(t, text, Options{Now: now, CaseSensitive: true}); got != want {
			t.Errorf("%s found %q, want %q", text, got, want)
		}
	}
}

func TestOrder(t *testing.T) {
	tests := []struct{ text, want string }{
		{"sortby name", "a_b db null Web1"},
		{"sortby name desc", "Web1 null db a_b"},
		{"sortby memory", "a_b null Web1 db"},
		{"sortby memory desc", "db Web1 a_b null"},
		{"sortby cluster", "Web1 db a_b null"},
		{"sortby cluster desc", "db Web1 a_b null"},
		{"sortby status", "a_b Web1 db null"},
		{"sortby stateless", "a_b db null Web1"},
		{"sortby creationdate", "null Web1 db a_b"},
		{"sortby uptime desc", "Web1 db a_b null"},
		{"sortby tag", "a_b Web1 db null"},
		{"memory>600 sortby name desc", "Web1 db"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			if got := find(t, test.text, Options{Now: now}); got != test.want {
				t.Errorf("found %q, want %q", got, test.want)
			}
		})
	}
}

// Without an order of its own a kind leaves rows as they come.
func TestNoOrder(t *testing.T) {
	kind := &Kind{Name: "VMs", Fields: vms.Fields}
	filter, err := Compile(&Query{}, kind, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := Select(filter, someVMs); !slices.Equal(got, someVMs) {
		t.Errorf("the order changed")
	}
}

func TestPage(t *testing.T) {
	rows := []int{1, 2, 3, 4, 5}
	tests := []struct {
		page, size int
		want       []int
	}{
		{0, 2, rows},
		{1, 0, rows},
		{1, 2, []int{1, 2}},
		{2, 2, []int{3, 4}},
		{3, 2, []int{5}},
		{4, 2, nil},
		{1, 9, rows},
		{2, 5, nil},
		{1 << 31, 1 << 31, nil},
	}
	for _, test := range tests {
		if got := Page(rows, test.page, test.size); !slices.Equal(got, test.want) {
			t.Errorf("page %d of %d is %v, want %v", test.page, test.size, got, test.want)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	for name, q := range map[string]*Query{
		"unknown field":       {Where: And{is("name", "a"), Or{is("x", "a"), is("name", "b")}}},
		"unknown order":       {Sort: &Sort{Field: "x"}},
		"value of other type": {Where: is("memory", "lots")},
		"no date":             {Where: is("creationdate", "soon")},
		"no node":             {Where: And{nil, nil}},
	} {
		if _, err := Compile(q, vms, Options{}); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for _, text := range []string{"severity=error", "words", ""} {
		q, err := Parse(text, events)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Compile(q, events, Options{}); err == nil {
			t.Errorf("%q compiles for rows that cannot be read", text)
		}
	}
}

// What a reader of the tree that asks a database needs.
func TestMatching(t *testing.T) {
	severity, _ := events.Field("SEVERITY")
	status, _ := vms.Field("status")
	stateless, _ := vms.Field("stateless")
	tests := []struct {
		field *Field
		op    Op
		value string
		want  []string
	}{
		{severity, Greater, "normal", []string{"warning", "error", "alert"}},
		{severity, LessOrEqual, "Warning", []string{"normal", "warning"}},
		{severity, Equal, "*r*", []string{"normal", "warning", "error", "alert"}},
		{severity, Equal, "none", nil},
		{status, NotEqual, "poweringup", []string{"powering_up"}},
		{stateless, Equal, "*", []string{"false", "true"}},
	}
	for _, test := range tests {
		if got := test.field.Matching(test.op, test.value); !slices.Equal(got, test.want) {
			t.Errorf("%s %s %s is %v, want %v", test.field.Name, test.op, test.value, got, test.want)
		}
	}
}

// Days follow the time zone, also where one lasts 23 hours.
func TestParseDateInSummerTime(t *testing.T) {
	prague, err := time.LoadLocation("Europe/Prague")
	if err != nil {
		prague = time.FixedZone("", 3600)
	}
	from, to, err := ParseDate("3/27/2016", now.In(prague))
	if err != nil {
		t.Fatal(err)
	}
	if from.Day() != 27 || to.Day() != 28 || from.Hour() != 0 || to.Hour() != 0 {
		t.Errorf("the day lasts from %v to %v", from, to)
	}
}

func BenchmarkSelect10000(b *testing.B) {
	rows := manyVMs(10000)
	for _, text := range []string{
		"name=web-00017", "name=web-0001* and status=up", "machines", "status=up and memory>=2048 sortby memory desc",
	} {
		b.Run(text, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				q, err := Parse(text, vms)
				if err != nil {
					b.Fatal(err)
				}
				filter, err := Compile(q, vms, Options{Now: now})
				if err != nil {
					b.Fatal(err)
				}
				if len(Select(filter, rows)) == 0 {
					b.Fatal("found nothing")
				}
			}
		})
	}
}
