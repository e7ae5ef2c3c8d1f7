package search

import (
	"errors"
	"reflect"
	"strings"
	"testing"
)

func is(field, value string) Comparison { return Comparison{field, Equal, value} }

func free(word string) FreeText { return FreeText{Op: Equal, Word: word} }

func TestParse(t *testing.T) {
	byName := &Sort{Field: "name"}
	tests := []struct {
		text string
		kind *Kind
		want Query
		back string // what String returns
	}{
		{"", vms, Query{}, ""},
		{" \t ", vms, Query{}, ""},
		{"VMs:", vms, Query{}, ""},
		{"name=vm1", vms, Query{Where: is("name", "vm1")}, "name = vm1"},
		{"VMs: name = vm1", vms, Query{Where: is("name", "vm1")}, "name = vm1"},
		{"vm:name=vm1", vms, Query{Where: is("name", "vm1")}, "name = vm1"},
		{"Machines : NAME= vm1", vms, Query{Where: is("name", "vm1")}, "name = vm1"},
		{` datacenter="Default"`, vms, Query{Where: is("datacenter", "Default")}, "datacenter = Default"},
		{"SORTBY NAME ASC page 1", vms, Query{Sort: byName, Page: 1}, "sortby name page 1"},
		{"sortby name", vms, Query{Sort: byName}, "sortby name"},
		{"SortBy Memory DESC", vms, Query{Sort: &Sort{"memory", true}}, "sortby memory desc"},
		{"page 12", vms, Query{Page: 12}, "page 12"},
		{"web* sortby host.name desc page 3", vms, Query{free("web*"), &Sort{"hosts.name", true}, 3}, "web* sortby hosts.name desc page 3"},
		{"severity=error", events, Query{Where: is("severity", "error")}, "severity = error"},
		{"events.severity>normal", vms, Query{Where: Comparison{"events.severity", Greater, "normal"}}, "events.severity > normal"},
		{"event.Severity >= warning", vms, Query{Where: Comparison{"events.severity", GreaterOrEqual, "warning"}}, "events.severity >= warning"},
		{"users.name=jim", vms, Query{Where: is("users.name", "jim")}, "users.name = jim"},
		{"users = jim", vms, Query{Where: FreeText{"users", Equal, "jim"}}, "users = jim"},
		{"User!=jim", vms, Query{Where: FreeText{"users", NotEqual, "jim"}}, "users != jim"},
		{"name!=a", vms, Query{Where: Comparison{"name", NotEqual, "a"}}, "name != a"},
		{"memory<1024", vms, Query{Where: Comparison{"memory", Less, "1024"}}, "memory < 1024"},
		{"memory<=1024", vms, Query{Where: Comparison{"memory", LessOrEqual, "1024"}}, "memory <= 1024"},
		{"creationdate>12/31/2015", vms, Query{Where: Comparison{"creationdate", Greater, "12/31/2015"}}, "creationdate > 12/31/2015"},
		{"creationdate = Yesterday", vms, Query{Where: is("creationdate", "Yesterday")}, "creationdate = Yesterday"},
		{`creationdate<"1/2/2016 10:30"`, vms, Query{Where: Comparison{"creationdate", Less, "1/2/2016 10:30"}}, `creationdate < "1/2/2016 10:30"`},
		{"uptime>1.02:03:04", vms, Query{Where: Comparison{"uptime", Greater, "1.02:03:04"}}, `uptime > "1.02:03:04"`},
		{`name="a ""b"" c"`, vms, Query{Where: is("name", `a "b" c`)}, `name = "a ""b"" c"`},
		{`name=""`, vms, Query{Where: is("name", "")}, `name = ""`},
		{`name="dom\user"`, vms, Query{Where: is("name", `dom\user`)}, `name = "dom\user"`},
		{`host=null`, vms, Query{Where: is("host", `null`)}, `host = null`},
		{"name=a=b", vms, Query{Where: is("name", "a=b")}, `name = "a=b"`},
		{"name=and", vms, Query{Where: is("name", "and")}, `name = "and"`},
		{"name=žluť", vms, Query{Where: is("name", "žluť")}, `name = "žluť"`},
		{"name=f(1) or name=(g)", vms, Query{Where: Or{is("name", "f(1)"), is("name", "(g)")}}, `name = "f(1)" or name = "(g)"`},
		{"(name=f(1))", vms, Query{Where: is("name", "f(1)")}, `name = "f(1)"`},
		{"usrname=admin@internal", events, Query{Where: is("usrname", "admin@internal")}, "usrname = admin@internal"},
		{"web", vms, Query{Where: free("web")}, "web"},
		{`"two words"`, vms, Query{Where: free("two words")}, `"two words"`},
		{`"and"`, vms, Query{Where: free("and")}, `"and"`},
		{"fe80::1", vms, Query{Where: free("fe80::1")}, `"fe80::1"`},
		{"beef:1", vms, Query{Where: free("beef:1")}, `"beef:1"`},
		{"what!", vms, Query{Where: free("what!")}, `"what!"`},
		{"type=65 or type=140", events, Query{Where: Or{is("type", "65"), is("type", "140")}}, "type = 65 or type = 140"},
		{
			"type=839 or type=887 and hosts.name=x", events,
			Query{Where: Or{is("type", "839"), And{is("type", "887"), is("host.name", "x")}}},
			"type = 839 or type = 887 and host.name = x",
		},
		{
			"(type=839 or type=887) and host.name=x", events,
			Query{Where: And{Or{is("type", "839"), is("type", "887")}, is("host.name", "x")}},
			"(type = 839 or type = 887) and host.name = x",
		},
		{
			"name=a or name=b status=up", vms,
			Query{Where: And{Or{is("name", "a"), is("name", "b")}, is("status", "up")}},
			"(name = a or name = b) and status = up",
		},
		{
			"a AND (b And (c) aNd d)or(e)", vms,
			Query{Where: Or{And{free("a"), free("b"), free("c"), free("d")}, free("e")}},
			"a and b and c and d or e",
		},
		{"a or (b or c)", vms, Query{Where: Or{free("a"), free("b"), free("c")}}, "a or b or c"},
		{"status=powering_up", vms, Query{Where: is("status", "powering_up")}, "status = powering_up"},
		{"correlation_id=2f0a-1", events, Query{Where: is("correlation_id", "2f0a-1")}, "correlation_id = 2f0a-1"},
		{"type=1158 and message=*x*", events, Query{Where: And{is("type", "1158"), is("message", "*x*")}}, "type = 1158 and message = *x*"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			q, err := Parse(test.text, test.kind)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*q, test.want) {
				t.Errorf("got %#v, want %#v", *q, test.want)
			}
			if back := q.String(); back != test.back {
				t.Errorf("it reads %q, want %q", back, test.back)
			}
			again, err := Parse(q.String(), test.kind)
			if err != nil || !reflect.DeepEqual(again, q) {
				t.Errorf("parsed again it is %v, %v", again, err)
			}
		})
	}
}

func TestParseRefuses(t *testing.T) {
	tests := []struct {
		text     string
		position int
		message  string
	}{
		{"nonsense=5", 1, `VMs have no field "nonsense"`},
		{"name=a and  foo.name=5", 13, `VMs have no field "foo.name"`},
		{"s=5", 1, `VMs have no field "s"`},
		{"name=", 6, `a value is missing after "="`},
		{"(name=)", 7, `a value is missing after "="`},
		{"name = > 5", 8, `a value is missing between "=" and ">"`},
		{"name==a", 6, `a value is missing between "=" and "="`},
		{"=a", 1, `a field name is missing before "="`},
		{"!=a", 1, `a field name is missing before "!="`},
		{"and name=a", 1, `a condition is missing before "and"`},
		{"name=a or", 10, "a condition is missing at the end"},
		{"name=a or and b", 11, `a condition is missing before "and"`},
		{"name=a and sortby name", 12, `a condition is missing before "sortby"`},
		{"()", 2, `a condition is missing before ")"`},
		{"(name=a", 1, "the closing parenthesis is missing"},
		{"(name=a sortby name)", 1, "the closing parenthesis is missing"},
		{"a)", 2, `nothing may follow here, but ")" does`},
		{`name="a`, 6, "the closing quote is missing"},
		{`žluť "a`, 6, "the closing quote is missing"},
		{`"name"=a`, 1, `the field name before "=" must not be in quotes`},
		{"name<a", 5, `"name" can be compared with "=" and "!=", not with "<"`},
		{"status >= up", 8, `"status" can be compared with "=" and "!=", not with ">="`},
		{"stateless>true", 10, `"stateless" can be compared`},
		{"users>jim", 6, `words are looked for with "=" and "!=", not with ">"`},
		{"memory=lots", 1, `"memory" is compared with a number, not with "lots"`},
		{"memory=0x10", 1, `"memory" is compared with a number`},
		{"memory<null", 1, `"memory" is compared with a number`},
		{"creationdate=soon", 1, `"creationdate" is compared with a date`},
		{"creationdate=31/12/2015", 1, `"creationdate" is compared with a date`},
		{"uptime>long", 1, `"uptime" is compared with a duration`},
		{"uptime>1:2:3:4", 1, `"uptime" is compared with a duration`},
		{"uptime>1:x", 1, `"uptime" is compared with a duration`},
		{"sortby", 7, `a field name is missing after "sortby"`},
		{"sortby nonsense", 8, `VMs have no field "nonsense"`},
		{"sortby name up", 13, `nothing may follow here, but "up" does`},
		{"sortby name and a", 13, `nothing may follow here`},
		{"page", 5, `"page" needs a number from 1 on, not ""`},
		{"page 0", 6, `"page" needs a number from 1 on, not "0"`},
		{"page two", 6, `not "two"`},
		{"page 99999999999", 6, `"page" needs a number`},
		{"page 1 sortby name", 8, `nothing may follow here`},
		{"Hosts: name=a", 1, `this collection has VMs, not "Hosts"`},
		{"a\xff", 1, "not valid UTF-8"},
		{strings.Repeat("x", 100) + "=5", 1, `"` + strings.Repeat("x", 64) + `…"`},
		{strings.Repeat("x", MaxLength+1), 1, "it is longer than 16384 bytes"},
		{strings.Repeat("(", MaxParentheses+1), 65, "conditions nest deeper than 64 levels"},
		{"a or b c or " + strings.Repeat("(a or b c or ", 64) + "x" + strings.Repeat(")", 64), 1, "conditions nest deeper than 64 levels"},
		{strings.Repeat("a ", MaxConditions+1), 1025, "there are more than 512 conditions"},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			q, err := Parse(test.text, vms)
			var wrong *SyntaxError
			if !errors.As(err, &wrong) {
				t.Fatalf("got %v, %v", q, err)
			}
			if wrong.Position != test.position || !strings.Contains(wrong.Message, test.message) {
				t.Errorf("got %d, %q, want %d, %q", wrong.Position, wrong.Message, test.position, test.message)
			}
			if !strings.HasPrefix(err.Error(), "The search text is wrong at character ") {
				t.Errorf("the error reads %q", err)
			}
		})
	}
}

func TestParseLimits(t *testing.T) {
	for name, text := range map[string]string{
		"length":      strings.Repeat("x", MaxLength),
		"parentheses": strings.Repeat("(", MaxParentheses) + "a" + strings.Repeat(")", MaxParentheses),
		"conditions":  strings.Repeat("a ", MaxConditions),
		"groups":      "(a " + strings.Repeat("(a) ", MaxConditions-1) + ")",
	} {
		if _, err := Parse(text, vms); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParse: nothing panics, and what is accepted reads the same again and can be
// evaluated.
func FuzzParse(f *testing.F) {
	for _, text := range []string{
		"VMs: name=a* and (status!=up or memory>=1024) users.name=jim sortby name desc page 2",
		`"free text" or creationdate<yesterday`, `name="a ""b"" c"`, "events.severity>normal", "uptime>1.02:03:04",
		" SORTBY NAME ASC page 1", "stateless=true tag=x", "name=f(1) or users!=null",
	} {
		f.Add(text)
	}
	rows := append(manyVMs(5), &vm{})
	f.Fuzz(func(t *testing.T, text string) {
		q, err := Parse(text, vms)
		if err != nil {
			return
		}
		// The canonical text may be longer than what was accepted.
		if canonical := q.String(); len(canonical) <= MaxLength {
			again, err := Parse(canonical, vms)
			if err != nil || !reflect.DeepEqual(q, again) {
				t.Fatalf("%q became %q, and that %v, %v", text, canonical, again, err)
			}
		}
		filter, err := Compile(q, vms, Options{Now: now})
		if err != nil {
			t.Fatalf("%q does not compile: %v", text, err)
		}
		Select(filter, rows)
	})
}
