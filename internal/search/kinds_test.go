package search

import (
	"fmt"
	"testing"
	"time"
)

// The kinds of the tests resemble those of the API.

type vm struct {
	name, status, cluster, datacenter, host string
	description                             string
	memory                                  float64
	uptime                                  float64
	created                                 time.Time
	tags                                    []string
	users                                   []string
	severities                              []string
	stateless                               bool
}

var severities = Words("normal", "warning", "error", "alert")

var vms = &Kind{
	Name:     "VMs",
	Prefixes: []string{"Machine"},
	SortBy:   "name",
	Fields: []Field{
		{Name: "name", Free: true, Values: TextOf(func(v *vm) string { return v.name })},
		{Name: "description", Free: true, Values: TextOf(func(v *vm) string { return v.description })},
		{Name: "cluster", Values: TextOf(func(v *vm) string { return v.cluster })},
		{Name: "datacenter", Values: TextOf(func(v *vm) string { return v.datacenter })},
		{Name: "host", Free: true, Values: TextOf(func(v *vm) string { return v.host })},
		{
			Name: "status", Type: Enum,
			Words:  []Word{{"down", ""}, {"up", ""}, {"poweringup", "powering_up"}, {"paused", ""}},
			Values: TextOf(func(v *vm) string { return v.status }),
		},
		{Name: "memory", Type: Number, Values: NumberOf(func(v *vm) float64 { return v.memory })},
		{Name: "uptime", Type: Duration, Values: NumberOf(func(v *vm) float64 { return v.uptime })},
		{Name: "creationdate", Type: Date, Values: DateOf(func(v *vm) time.Time { return v.created })},
		{Name: "tag", Values: TextsOf(func(v *vm) []string { return v.tags })},
		{Name: "stateless", Type: Bool, Values: BoolOf(func(v *vm) bool { return v.stateless })},
		{Name: "users.name", Free: true, Values: TextsOf(func(v *vm) []string { return v.users })},
		{Name: "hosts.name", Values: TextOf(func(v *vm) string { return v.host })},
		{Name: "storage.name", Values: TextsOf(func(*vm) []string { return nil })},
		{
			Name: "events.severity", Type: Enum, Words: severities, Ordered: true,
			Values: TextsOf(func(v *vm) []string { return v.severities }),
		},
	},
}

// events live in a database: nothing reads them from rows.
var events = &Kind{
	Name:       "Events",
	SortBy:     "id",
	Descending: true,
	Fields: []Field{
		{Name: "id", Type: Number},
		{Name: "type", Type: Number},
		{Name: "message", Free: true},
		{Name: "severity", Type: Enum, Words: severities, Ordered: true},
		{Name: "time", Type: Date},
		{Name: "vm.id"},
		{Name: "host.name"},
		{Name: "usrname"},
		{Name: "correlation_id"},
	},
}

// now is a Wednesday.
var now = time.Date(2016, 3, 2, 15, 30, 0, 0, time.FixedZone("", 3600))

func manyVMs(count int) []*vm {
	rows := make([]*vm, count)
	for i := range rows {
		rows[i] = &vm{
			name:    fmt.Sprintf("Web-%05d", (i*7919)%count),
			status:  []string{"up", "down", "paused"}[i%3],
			cluster: []string{"Default", "Other"}[i%2], datacenter: "Default",
			memory:      float64(1024 * (i%4 + 1)),
			created:     now.AddDate(0, 0, -i%100),
			description: "one of very many machines",
			tags:        []string{"production", "web"},
		}
	}
	return rows
}

func TestKindsAreWellDescribed(t *testing.T) {
	for _, kind := range []*Kind{vms, events} {
		if err := kind.Check(); err != nil {
			t.Error(err)
		}
	}
	for name, kind := range map[string]*Kind{
		"a field twice":      {Name: "X", Fields: []Field{{Name: "user.name"}, {Name: "users.name"}}},
		"capital letters":    {Name: "X", Fields: []Field{{Name: "Name"}}},
		"no name":            {Name: "X", Fields: []Field{{}}},
		"blank in a name":    {Name: "X", Fields: []Field{{Name: "a b"}}},
		"enum without words": {Name: "X", Fields: []Field{{Name: "a", Type: Enum}}},
		"words without enum": {Name: "X", Fields: []Field{{Name: "a", Words: severities}}},
		"unknown order":      {Name: "X", SortBy: "b", Fields: []Field{{Name: "a"}}},
	} {
		if kind.Check() == nil {
			t.Errorf("%s: Check finds nothing wrong", name)
		}
	}
}
