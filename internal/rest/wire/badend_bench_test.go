package wire

import (
	"strings"
	"testing"
)

// badEnds are bodies of almost 1 MiB that are malformed at their very end only.
var badEnds = map[string]struct {
	read                   func(string, Limits) (machine, error)
	begin, one, end, wrong string
}{
	"XML/text":             {readXML, "<vm><comment>", "long words of text ", "</comment>", "</host>"},
	"XML/lines":            {readXML, "<vm><comment>", "ab\n", "</comment>", "</host>"},
	"XML/characters":       {readXML, "<vm><comment>", "&lt;", "</comment>", "</host>"},
	"XML/comments":         {readXML, "<vm>", "<!-- a comment -->", "", "</host>"},
	"XML/unknown elements": {readXML, "<vm>", "<x/>", "", "</host>"},
	"XML/nested elements":  {readXML, "<vm>", "<x><y><z>w</z></y></x>", "", "</host>"},
	"XML/scalars":          {readXML, "<vm>", "<memory>1</memory>", "", "</host>"},
	"XML/structs":          {readXML, "<vm>", `<link rel="a"/>`, "", "</host>"},
	"XML/attributes":       {readXML, "<vm>", `<link rel="a" href="b" c="d" e="f" g="h"/>`, "", "</host>"},
	"XML/one tag":          {readXML, "<vm ", `a="b" `, ">", "</host>"},
	"XML/a name":           {readXML, "<vm><", "n", "/>", "</host>"},
	"JSON/text":            {readJSON, `{"comment":"`, "long words of text ", `"`, "]"},
	"JSON/escapes":         {readJSON, `{"comment":"`, `\n`, `"`, "]"},
	"JSON/numbers":         {readJSON, `{"x":[0`, ",1", "]", "]"},
	"JSON/unknown members": {readJSON, `{"x":0`, `,"y":{}`, "", "]"},
	"JSON/known members":   {readJSON, `{"x":0`, `,"memory":1`, "", "]"},
	"JSON/structs":         {readJSON, `{"link":[{}`, `,{"rel":"a"}`, "]", "]"},
	"JSON/blanks":          {readJSON, `{"x":0`, " ", "", "]"},
}

func badEnd(name string) string {
	each := badEnds[name]
	around := len(each.begin) + len(each.end) + len(each.wrong)
	return each.begin + strings.Repeat(each.one, (defaultBytes-around)/len(each.one)) + each.end + each.wrong
}

// BenchmarkBadEnd is what it costs to refuse such a body. A long text, a long name
// and a tag of very many attributes cost what encoding/xml takes for them: it cannot
// be stopped within one piece.
func BenchmarkBadEnd(b *testing.B) {
	for name, each := range badEnds {
		b.Run(name, func(b *testing.B) {
			text := badEnd(name)
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := each.read(text, Limits{}); err == nil {
					b.Fatal("it was taken")
				}
			}
		})
	}
}
