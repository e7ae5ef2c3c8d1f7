package wire

import (
	"bytes"
	"errors"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"
)

func newReader(data []byte) io.Reader { return bytes.NewReader(data) }

func readXML(text string, limits Limits) (machine, error) {
	var m machine
	err := ReadXML(strings.NewReader(text), "vm", &m, limits)
	return m, err
}

func readJSON(text string, limits Limits) (machine, error) {
	var m machine
	err := ReadJSON(strings.NewReader(text), &m, limits)
	return m, err
}

func TestReadXML(t *testing.T) {
	named := machine{resource: resource{Name: new("web1")}}
	tests := []struct {
		name string
		text string
		want machine
	}{
		{"empty", `<vm/>`, machine{}},
		{"with declaration, mark, comments and blanks", "\ufeff<?xml version='1.0'?>\n<!-- a -->\n<vm><!-- b --><name>we<!-- c -->b1</name></vm>\n<!-- d -->\n", named},
		{"character data", `<vm><name><![CDATA[web1]]></name></vm>`, named},
		{"in Latin 1", "<?xml version='1.0' encoding='ISO-8859-1'?><vm><name>\xfc</name></vm>", machine{resource: resource{Name: new("ü")}}},
		{"in ASCII", "<?xml version='1.0' encoding='us-ascii'?><vm><name>web1</name></vm>", named},
		{"with namespaces", `<v:vm xmlns:v="urn:x" xmlns="urn:y" v:id="no"><v:name>web1</v:name></v:vm>`, named},
		{"unknown elements and attributes", `<vm new="1"><new a="b"><name>no</name></new><name><b>no</b>web1</name></vm>`, named},
		{"any order", `<vm><link rel="a"/><memory> 5 </memory><name>web1</name><link rel="b"/></vm>`, machine{
			resource: resource{Name: new("web1"), Links: []link{{Rel: "a"}, {Rel: "b"}}}, Memory: new(int64(5)),
		}},
		{"the last one wins", `<vm><name>no</name><cpu><shares>9</shares></cpu><name>web1</name><cpu/></vm>`, machine{
			resource: resource{Name: new("web1")}, CPU: &cpu{},
		}},
		{"present and empty", `<vm id=""><name/><display></display><memory/></vm>`, machine{
			resource: resource{ID: new(""), Name: new("")}, Display: &display{}, Memory: new(int64(0)),
		}},
		{"value beside attributes", `<vm><storage_manager priority="+5"> TRUE </storage_manager><version major="3"> x </version></vm>`, machine{
			Manager: &manager{Priority: new(5), Is: new(true)}, Version: version{Major: 3, Full: " x "},
		}},
		{"no value beside attributes", `<vm><storage_manager/></vm>`, machine{Manager: &manager{}}},
		{"text keeps its blanks", "<vm><name> a\r\n b </name></vm>", machine{resource: resource{Name: new(" a\n b ")}}},
		{"lists of scalars", `<vm><word>a</word><word/><flag>0</flag><figure>1.000e+02</figure></vm>`, machine{
			Words: []string{"a", ""}, Flags: []*bool{new(false)}, Figures: []float64{100},
		}},
		{"date with Z", `<vm><creation_time>2016-03-01T13:41:24.405Z</creation_time></vm>`, machine{CreationTime: &moment}},
		{"date with a zone", `<vm><creation_time>2016-03-01T14:41:24.405+01:00</creation_time></vm>`, machine{CreationTime: &moment}},
		{"date with a zone without colon", `<vm><creation_time>2016-03-01T14:41:24.405+0100</creation_time></vm>`, machine{CreationTime: &moment}},
		{"date with microseconds and no zone", `<vm><creation_time> 2016-03-01T13:41:24.405999 </creation_time></vm>`, machine{CreationTime: &moment}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := readXML(test.text, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %s, want %s", AppendXML(nil, "vm", got), AppendXML(nil, "vm", test.want))
			}
		})
	}
}

func TestReadJSON(t *testing.T) {
	tests := []struct {
		name string
		text string
		want machine
	}{
		{"empty", "\ufeff {} \n", machine{}},
		{"native values", `{"memory":5,"stateless":true,"load":1e2,"creation_time":1456839684405,"cpu":{"shares":-1}}`, machine{
			Memory: new(int64(5)), Stateless: new(true), Load: 100, CreationTime: &moment, CPU: &cpu{Shares: -1},
		}},
		{"values as strings", `{"memory":"5","stateless":"1","load":"1e2","creation_time":"1456839684405","cpu":{"shares":"-1"}}`, machine{
			Memory: new(int64(5)), Stateless: new(true), Load: 100, CreationTime: &moment, CPU: &cpu{Shares: -1},
		}},
		{"booleans as numbers, dates as text", `{"stateless":0,"creation_time":"2016-03-01T13:41:24.405Z"}`, machine{
			Stateless: new(false), CreationTime: &moment,
		}},
		{"scalars for text", `{"name":12,"comment":true}`, machine{resource: resource{Name: new("12"), Comment: new("true")}}},
		{"null is absent", `{"name":"a","name":null,"display":null,"link":null,"word":["a",null]}`, machine{Words: []string{"a"}}},
		{"unknown members", `{"new":{"name":["no",{}]},"name":"web1","also":[[]],"Name":"no"}`, machine{resource: resource{Name: new("web1")}}},
		{"attributes and elements alike", `{"id":"1","link":[{"rel":"a"},{}],"os":{"boot":[{"dev":"hd"}]}}`, machine{
			resource: resource{ID: new("1"), Links: []link{{Rel: "a"}, {}}}, OS: &osShape{Boot: []boot{{"hd"}}},
		}},
		{"value", `{"storage_manager":{"value":false,"priority":5},"version":{"value":"x"}}`, machine{
			Manager: &manager{Priority: new(5), Is: new(false)}, Version: version{Full: "x"},
		}},
		{"present and empty", `{"name":"","display":{},"link":[]}`, machine{resource: resource{Name: new("")}, Display: &display{}}},
		{"the last one wins", `{"word":["no"],"word":["a"],"cpu":{"shares":1},"cpu":{}}`, machine{Words: []string{"a"}, CPU: &cpu{}}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got, err := readJSON(test.text, Limits{})
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, test.want) {
				t.Errorf("got %s, want %s", AppendJSON(nil, got, JSON{}), AppendJSON(nil, test.want, JSON{}))
			}
		})
	}
}

const notABoolean = `Value "x" isn't a valid boolean, it should be "true" , "false", "0" or "1"`

func TestReadRefuses(t *testing.T) {
	entities := `<!DOCTYPE vm [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><vm><name>&b;</name></vm>`
	tests := []struct {
		name    string
		read    func(string, Limits) (machine, error)
		text    string
		problem Problem
		detail  string
		path    string
	}{
		{"nothing", readXML, "", Empty, "empty", ""},
		{"blanks", readJSON, " \n", Empty, "empty", ""},
		{"only a declaration", readXML, Declaration, Malformed, "no root element", ""},
		{"text", readXML, "hello", Malformed, "outside of its root", ""},
		{"raw ampersand", readXML, "<vm>\n<name>a < b & c</name></vm>", Malformed, "line 2", "vm/name"},
		{"cut off", readXML, "<vm><name>a", Malformed, "unexpected EOF", "vm/name"},
		{"crossed tags", readXML, "<vm><name></vm></name>", Malformed, "line 1", "vm/name"},
		{"two roots", readXML, "<vm/><vm/>", Malformed, "second root", ""},
		{"text after the root", readXML, "<vm/>x", Malformed, "outside of its root", ""},
		{"wrong root", readXML, "<host/>", WrongRoot, "<host>, it should be <vm>", ""},
		{"not UTF-8", readXML, "<vm><name>\xff</name></vm>", Malformed, "UTF-8", "vm/name"},
		{"control characters", readXML, "<vm><name>&#1;</name></vm>", Malformed, "line 1", "vm/name"},
		{"strange encoding", readXML, "<?xml version='1.0' encoding='EBCDIC'?><vm/>", Malformed, "EBCDIC", ""},
		{"not ASCII", readXML, "<?xml version='1.0' encoding='us-ascii'?><vm>\xfc</vm>", Malformed, "not valid us-ascii", ""},
		{"entity bomb", readXML, entities, Malformed, "not accepted", ""},
		{"unknown entity", readXML, "<vm><name>&bomb;</name></vm>", Malformed, "line 1", "vm/name"},
		{"definitions inside", readXML, "<vm><name><!DOCTYPE x></name></vm>", Malformed, "not accepted", "vm/name"},
		{"definitions in unknown elements", readXML, "<vm><x><!DOCTYPE x></x></vm>", Malformed, "not accepted", "vm"},
		{"definitions among elements", readXML, "<vm><!DOCTYPE x></vm>", Malformed, "not accepted", "vm"},
		{"deep unknown elements", readXML, strings.Repeat("<vm>", 10000), TooDeep, "64 levels", "vm"},
		{"deep known elements", readXML, "<vm>" + strings.Repeat("<parent>", 10000), TooDeep, "64 levels", "vm/parent" + strings.Repeat("/parent", 63)},
		{"deep below text", readXML, "<vm><name>" + strings.Repeat("<b>", 10000), TooDeep, "64 levels", "vm/name"},
		{"bad boolean", readXML, "<vm><stateless>x</stateless></vm>", InvalidValue, notABoolean, "vm/stateless"},
		{"empty boolean", readXML, "<vm><stateless/></vm>", InvalidValue, `Value ""`, "vm/stateless"},
		{"bad number", readXML, "<vm><memory>1 GB</memory></vm>", InvalidValue, `Value "1 GB" isn't a valid integer`, "vm/memory"},
		{"number out of range", readXML, "<vm><cpu><shares>2147483648</shares></cpu></vm>", InvalidValue, "between -2147483648 and 2147483647", "vm/cpu/shares"},
		{"long out of range", readXML, "<vm><memory>9223372036854775808</memory></vm>", InvalidValue, "between -9223372036854775808 and 9223372036854775807", "vm/memory"},
		{"short out of range", readXML, `<vm><cpu><topology cores="65536"/></cpu></vm>`, InvalidValue, "between 0 and 65535", "vm/cpu/topology/@cores"},
		{"negative unsigned", readXML, `<vm><serial>-1</serial></vm>`, InvalidValue, "between 0 and 18446744073709551615", "vm/serial"},
		{"long value", readXML, "<vm><memory>" + strings.Repeat("9", 100) + "</memory></vm>", InvalidValue, `Value "` + strings.Repeat("9", 64) + `…"`, "vm/memory"},
		{"hexadecimal decimal", readXML, "<vm><load>0x1p3</load></vm>", InvalidValue, "decimal", "vm/load"},
		{"infinite decimal", readXML, "<vm><load>inf</load></vm>", InvalidValue, "decimal", "vm/load"},
		{"bad date", readXML, "<vm><creation_time>yesterday</creation_time></vm>", InvalidValue, "date", "vm/creation_time"},
		{"date before the first", readXML, "<vm><creation_time>0000-01-01T00:00:00+10:00</creation_time></vm>", InvalidValue, "date", "vm/creation_time"},
		{"unsigned beyond the range of signed", readXML, `<vm><serial>18446744073709551616</serial></vm>`, InvalidValue, "between 0 and 18446744073709551615", "vm/serial"},
		{"cut off in an unknown element", readXML, "<vm><new><b>", Malformed, "unexpected EOF", "vm"},
		{"cut off among elements", readXML, "<vm><cpu>", Malformed, "unexpected EOF", "vm/cpu"},
		{"cut off in an unknown element inside text", readXML, "<vm><name><b>", Malformed, "unexpected EOF", "vm/name"},
		{"cut off in an unknown member", readJSON, `{"new":[1,`, Malformed, "unexpected end", ""},
		{"bad value", readXML, `<vm><storage_manager>x</storage_manager></vm>`, InvalidValue, notABoolean, "vm/storage_manager"},

		{"array", readJSON, "[]", WrongRoot, "an array, it should be an object", ""},
		{"string", readJSON, `"vm"`, WrongRoot, "a string", ""},
		{"number", readJSON, `5`, WrongRoot, "a number", ""},
		{"boolean", readJSON, `true`, WrongRoot, "a boolean", ""},
		{"null", readJSON, `null`, WrongRoot, "null", ""},
		{"XML", readJSON, `<vm/>`, Malformed, "byte 1", ""},
		{"cut off object", readJSON, `{"name":"a"`, Malformed, "unexpected end", ""},
		{"cut off member", readJSON, `{"name":`, Malformed, "unexpected end", ""},
		{"missing comma", readJSON, `{"name":"a" "id":"b"}`, Malformed, "byte", ""},
		{"comma too many", readJSON, `{"name":"a",}`, Malformed, "byte", ""},
		{"garbage behind", readJSON, `{} {}`, Malformed, "goes on", ""},
		{"garbage behind, too", readJSON, `{}}`, Malformed, "goes on", ""},
		{"not UTF-8 in JSON", readJSON, "{\"name\":\"\xff\"}", Malformed, "UTF-8", ""},
		{"deep unknown members", readJSON, `{"x":` + strings.Repeat("[", 10000), TooDeep, "64 levels", ""},
		{"deep known members", readJSON, strings.Repeat(`{"parent":`, 10000), TooDeep, "64 levels", ""},
		{"object for text", readJSON, `{"name":{}}`, InvalidValue, `"name" is an object`, "name"},
		{"text for object", readJSON, `{"cpu":"x"}`, InvalidValue, `"cpu" is a string, it should be an object`, "cpu"},
		{"object for array", readJSON, `{"link":{}}`, InvalidValue, `"link" is an object, it should be an array`, "link"},
		{"array in an array", readJSON, `{"word":[[]]}`, InvalidValue, `"word" is an array`, "word"},
		{"bad boolean in JSON", readJSON, `{"parent":{"stateless":"x"}}`, InvalidValue, notABoolean, "parent/stateless"},
		{"fraction for integer", readJSON, `{"memory":5.0}`, InvalidValue, `Value "5.0"`, "memory"},
		{"integer out of range", readJSON, `{"memory":9223372036854775808}`, InvalidValue, "between", "memory"},
		{"date out of range", readJSON, `{"creation_time":9223372036854775807}`, InvalidValue, "date", "creation_time"},
		{"decimal out of range", readJSON, `{"load":1e999}`, InvalidValue, "decimal", "load"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.read(test.text, Limits{})
			var fault *Error
			if !errors.As(err, &fault) {
				t.Fatalf("got error %v, want an Error", err)
			}
			if fault.Problem != test.problem || !strings.Contains(fault.Detail, test.detail) || fault.Path != test.path {
				t.Errorf("got problem %d, %q at %q, want %d, %q at %q",
					fault.Problem, fault.Detail, fault.Path, test.problem, test.detail, test.path)
			}
			if wantsValue := test.problem == InvalidValue; wantsValue != (fault.Reason == "Invalid value") {
				t.Errorf("reason is %q", fault.Reason)
			}
			if !strings.Contains(err.Error(), fault.Reason) || !strings.Contains(err.Error(), fault.Detail) {
				t.Errorf("the text of the error is %q", err)
			}
		})
	}
}

func TestReadLimits(t *testing.T) {
	padded := func(size int) string {
		return "<vm><name>" + strings.Repeat("x", size-len("<vm><name></name></vm>")) + "</name></vm>"
	}
	many := func(start, one, end string, count int) string {
		return start + strings.Repeat(one, count) + end
	}
	tests := []struct {
		name   string
		read   func(string, Limits) (machine, error)
		text   string
		limits Limits
		want   Problem // 0: accepted
	}{
		{"1 MiB", readXML, padded(1 << 20), Limits{}, 0},
		{"1 MiB and a byte", readXML, padded(1<<20 + 1), Limits{}, TooLarge},
		{"1 MiB and a byte in JSON", readJSON, "{}" + strings.Repeat(" ", 1<<20-1), Limits{}, TooLarge},
		{"own size, just", readJSON, `{}`, Limits{Bytes: 2}, 0},
		{"own size, over", readJSON, `{} `, Limits{Bytes: 2}, TooLarge},
		{"own depth, just", readXML, `<vm><cpu><x/></cpu></vm>`, Limits{Depth: 3}, 0},
		{"own depth, over", readXML, `<vm><cpu><x/></cpu></vm>`, Limits{Depth: 2}, TooDeep},
		{"own depth in JSON, just", readJSON, `{"x":[{"\"[":"[[["}]}`, Limits{Depth: 3}, 0},
		{"own depth in JSON, over", readJSON, `{"x":[{}]}`, Limits{Depth: 2}, TooDeep},
		{"large structs from short elements", readXML, many("<vm>", "<snapshot/>", "</vm>", 60000), Limits{Pieces: 1 << 20}, TooLarge},
		{"large structs from short members", readJSON, many(`{"snapshot":[{}`, ",{}", "]}", 200000), Limits{Pieces: 1 << 20}, TooLarge},
		{"many links", readXML, many("<vm>", `<link rel="a"/>`, "</vm>", 6000), Limits{}, 0},
		{"own memory, over", readXML, many("<vm>", `<link rel="a"/>`, "</vm>", 6000), Limits{Memory: 1 << 10}, TooLarge},
		// The root's two tags count too.
		{"pieces, just", readXML, many("<vm>", "<x/>", "</vm>", 9999), Limits{}, 0},
		{"pieces, over", readXML, many("<vm>", "<x/>", "</vm>\n", 9999), Limits{}, TooLarge},
		{"attributes are pieces", readXML, many("<vm ", `a="" `, "/>", 20000), Limits{}, TooLarge},
		{"pieces inside of text", readXML, many("<vm><name>", "<x/>", "</name></vm>", 10000), Limits{}, TooLarge},
		{"comments are pieces", readXML, many("<vm>", "<!-- -->", "</vm>", 20000), Limits{}, TooLarge},
		{"pieces in JSON, just", readJSON, many(`{"x":[0`, ",1", "]}", 19994), Limits{}, 0},
		{"pieces in JSON, over", readJSON, many(`{"x":[0`, ",1", "]}", 19996), Limits{}, TooLarge},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := test.read(test.text, test.limits)
			var got Problem
			var fault *Error
			if errors.As(err, &fault) {
				got = fault.Problem
			}
			if got != test.want || err != nil && fault == nil {
				t.Errorf("got error %v, want problem %d", err, test.want)
			}
		})
	}
}

// A connection that breaks is not the body's fault.
func TestReadReportsABrokenReader(t *testing.T) {
	broken := errors.New("connection reset")
	for _, err := range []error{
		ReadXML(iotest.ErrReader(broken), "vm", &machine{}, Limits{}),
		ReadJSON(iotest.ErrReader(broken), &machine{}, Limits{}),
	} {
		var fault *Error
		if !errors.Is(err, broken) || errors.As(err, &fault) {
			t.Errorf("got %v", err)
		}
	}
}

func TestReadEmptiesTheShape(t *testing.T) {
	m := machine{Load: 5}
	if err := ReadJSON(strings.NewReader("{}"), &m, Limits{}); err != nil || m.Load != 0 {
		t.Errorf("got %v, %v", m.Load, err)
	}
}

func TestReadWantsAPointer(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	_ = ReadJSON(strings.NewReader("{}"), machine{}, Limits{})
}

// Whatever is written comes back the same, through both formats.
func TestFormatsAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := machineOf(2).Draw(t, "machine")
		first := AppendXML(nil, "vm", m)
		var fromXML, fromJSON machine
		if err := ReadXML(newReader(first), "vm", &fromXML, Limits{}); err != nil {
			t.Fatalf("%v in\n%s", err, first)
		}
		format := JSON{LongsAsText: rapid.Bool().Draw(t, "longs as text")}
		text := AppendJSON(nil, fromXML, format)
		if err := ReadJSON(newReader(text), &fromJSON, Limits{}); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if second := AppendXML(nil, "vm", fromJSON); !bytes.Equal(first, second) {
			t.Fatalf("XML was\n%s\nby way of\n%s\nit is\n%s", first, text, second)
		}
	})
}

// TestMalformedXMLIsNotRepeated: a password that was sent without escapes is no
// part of what is said of it.
func TestMalformedXMLIsNotRepeated(t *testing.T) {
	for _, password := range []string{
		"a&geheim;b", "a&geheim b", "a<geheim", "a<geheim>b", "a</geheim>b", "a<geheim b='c'", "a<geheim:x:y>", "a<?geheim", "a<!geheim", "a<![CDATA[geheim",
		"a<geheim=1>", "&#geheim;", "a<1geheim>", "a\x00geheim", "a<x geheim>", "a<x a=geheim>", "a<x a='<geheim'>", "<!--geheim--geheim-->",
	} {
		var shape struct {
			Password *string `wire:"password"`
		}
		err := ReadXML(strings.NewReader("<vm><password>"+password+"</password></vm>"), "vm", &shape, Limits{})
		if err == nil {
			continue // a tag that is passed over
		}
		if strings.Contains(err.Error(), "geheim") {
			t.Errorf("%q: %v", password, err)
		}
	}
}
