package wire

import (
	"bytes"
	"reflect"
	"testing"
)

func seeds(f *testing.F, encode func(root string, shape any) []byte) {
	for _, test := range written {
		f.Add(encode(test.root, test.shape))
	}
}

// What is accepted is written and read back equal, in both formats.
func FuzzXML(f *testing.F) {
	seeds(f, func(root string, shape any) []byte { return AppendXML(nil, root, shape) })
	f.Add([]byte(`<vm><creation_time>2016-03-01T14:41:24.4+01:00</creation_time><word>a&#xD;</word></vm>`))
	f.Add([]byte(`<!DOCTYPE vm [<!ENTITY a "b">]><vm>&a;</vm>`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var first, second machine
		if ReadXML(newReader(body), "vm", &first, Limits{}) != nil {
			return
		}
		text := AppendXML(nil, "vm", first)
		if err := ReadXML(newReader(text), "vm", &second, Limits{Bytes: 1 << 24}); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if again := AppendXML(nil, "vm", second); !bytes.Equal(text, again) {
			t.Fatalf("first\n%s\nthen\n%s", text, again)
		}
		checkJSON(t, second)
	})
}

func FuzzJSON(f *testing.F) {
	seeds(f, func(_ string, shape any) []byte { return AppendJSON(nil, shape, JSON{}) })
	f.Add([]byte(`{"creation_time":"2016-03-01T14:41:24.4+01:00","word":["\ud800",1e5,true,null],"parent":{"flag":[0]}}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		var first machine
		if ReadJSON(newReader(body), &first, Limits{}) != nil {
			return
		}
		checkJSON(t, first)
	})
}

func checkJSON(t *testing.T, first machine) {
	t.Helper()
	for _, format := range []JSON{{}, {LongsAsText: true}} {
		var second machine
		text := AppendJSON(nil, first, format)
		if err := ReadJSON(newReader(text), &second, Limits{Bytes: 1 << 24}); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if !reflect.DeepEqual(first, second) {
			t.Fatalf("changed in\n%s\nto\n%s", text, AppendJSON(nil, second, format))
		}
	}
}
