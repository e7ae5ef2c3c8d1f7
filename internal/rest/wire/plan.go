package wire

import (
	"fmt"
	"reflect"
	"strings"
	"sync"
	"time"
)

// kind is how a single value is written and read.
type kind uint8

const (
	textKind kind = iota
	boolKind
	intKind  // 32 bits or fewer, signed; text in JSON
	uintKind // 32 bits or fewer, unsigned; text in JSON
	longKind
	ulongKind
	decimalKind
	dateKind
	structKind
)

// plan is a shape compiled for writing and reading.
type plan struct {
	attributes []*field
	elements   []*field
	value      *field
	members    []*field // what JSON writes, in order: attributes, value, elements

	attributeNamed map[string]*field
	elementNamed   map[string]*field
	memberNamed    map[string]*field
}

// field is one named place of a shape.
type field struct {
	name    string
	index   []int // path through embedded structs
	kind    kind
	bits    int
	pointer bool // the field, or the slice's element, is a pointer
	slice   bool
	keep    bool
	typ     reflect.Type // of one value, without slice and pointer
	plan    *plan        // for structKind

	start, end []byte // <name>, </name>\n
	attribute  []byte // ' name="'
	member     []byte // "name":
}

// in returns the field's place in the struct v.
func (f *field) in(v reflect.Value) reflect.Value {
	for _, i := range f.index {
		v = v.Field(i)
	}
	return v
}

// plans holds a *plan per reflect.Type. Only finished plans get in.
var plans sync.Map

// Prepare compiles shapes ahead of their first use and panics, naming type and
// field, at one that cannot be represented. Call it at start-up with a value (or
// nil pointer) of each root shape.
func Prepare(shapes ...any) {
	for _, shape := range shapes {
		t := reflect.TypeOf(shape)
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		planOf(t)
	}
}

func planOf(t reflect.Type) *plan {
	found, _ := plans.Load(t)
	if p, ok := found.(*plan); ok {
		return p
	}
	if t.Kind() != reflect.Struct {
		panic(fmt.Sprintf("wire: %s is not a struct", t))
	}
	// Shapes may contain themselves, so a plan is entered before it is filled,
	// in a map of this compilation alone until all of them are complete.
	c := compilation{}
	p := c.compile(t)
	for t, p := range c {
		plans.LoadOrStore(t, p)
	}
	return p
}

type compilation map[reflect.Type]*plan

func (c compilation) compile(t reflect.Type) *plan {
	if p, ok := c[t]; ok {
		return p
	}
	p := &plan{
		attributeNamed: map[string]*field{},
		elementNamed:   map[string]*field{},
		memberNamed:    map[string]*field{},
	}
	c[t] = p
	c.fields(p, t, t, nil)
	p.members = append(p.members, p.attributes...)
	if p.value != nil {
		if len(p.elements) > 0 {
			panic(fmt.Sprintf("wire: %s has a value and elements", t))
		}
		p.members = append(p.members, p.value)
	}
	p.members = append(p.members, p.elements...)
	for _, f := range p.members {
		if p.memberNamed[f.name] != nil {
			panic(fmt.Sprintf("wire: %s names %q twice", t, f.name))
		}
		p.memberNamed[f.name] = f
	}
	return p
}

// fields adds the fields of t, which is shape itself or embedded in it at path.
func (c compilation) fields(p *plan, shape, t reflect.Type, path []int) {
	for i := range t.NumField() {
		member := t.Field(i)
		tag, tagged := member.Tag.Lookup("wire")
		index := append(append([]int(nil), path...), i)
		switch {
		case tag == "-" || !member.IsExported() && !member.Anonymous:
		case member.Anonymous && !tagged && member.Type.Kind() == reflect.Struct:
			c.fields(p, shape, member.Type, index)
		case !tagged || !member.IsExported():
			panic(fmt.Sprintf("wire: %s.%s has no tag", shape, member.Name))
		default:
			c.add(p, shape, member, tag, index)
		}
	}
}

func (c compilation) add(p *plan, shape reflect.Type, member reflect.StructField, tag string, index []int) {
	name, options, _ := strings.Cut(tag, ",")
	f := &field{name: name, index: index}
	attribute, value := false, false
	for option := range strings.SplitSeq(options, ",") {
		switch option {
		case "attr":
			attribute = true
		case "value":
			value = true
			f.name = "value"
		case "keep":
			f.keep = true
		case "":
		default:
			panic(fmt.Sprintf("wire: %s.%s has the unknown option %q", shape, member.Name, option))
		}
	}
	c.resolve(f, shape, member)
	if f.name == "" || strings.ContainsAny(f.name, "<>&\"' ") {
		panic(fmt.Sprintf("wire: %s.%s has the bad name %q", shape, member.Name, f.name))
	}
	if (attribute || value) && (f.slice || f.kind == structKind) {
		panic(fmt.Sprintf("wire: %s.%s must be a single scalar", shape, member.Name))
	}
	f.start = []byte("<" + f.name + ">")
	f.end = []byte("</" + f.name + ">\n")
	f.attribute = []byte(" " + f.name + `="`)
	f.member = []byte(`"` + f.name + `":`)
	switch {
	case value:
		p.value = f
	case attribute:
		p.attributes = append(p.attributes, f)
		p.attributeNamed[f.name] = f
	default:
		p.elements = append(p.elements, f)
		p.elementNamed[f.name] = f
	}
}

var dateType = reflect.TypeFor[time.Time]()

// resolve finds out from the Go type how the field is written.
func (c compilation) resolve(f *field, shape reflect.Type, member reflect.StructField) {
	t := member.Type
	if t.Kind() == reflect.Slice {
		f.slice = true
		t = t.Elem()
	}
	if t.Kind() == reflect.Pointer {
		f.pointer = true
		t = t.Elem()
	}
	f.typ = t
	switch t.Kind() {
	case reflect.String:
		f.kind = textKind
	case reflect.Bool:
		f.kind = boolKind
	case reflect.Int, reflect.Int32:
		f.kind, f.bits = intKind, 32
	case reflect.Int16:
		f.kind, f.bits = intKind, 16
	case reflect.Uint, reflect.Uint32:
		f.kind, f.bits = uintKind, 32
	case reflect.Uint16:
		f.kind, f.bits = uintKind, 16
	case reflect.Int64:
		f.kind, f.bits = longKind, 64
	case reflect.Uint64:
		f.kind, f.bits = ulongKind, 64
	case reflect.Float64:
		f.kind = decimalKind
	case reflect.Struct:
		f.kind = structKind
		if t == dateType {
			f.kind = dateKind
		} else {
			f.plan = c.compile(t)
		}
	default:
		panic(fmt.Sprintf("wire: %s.%s is of the type %s, which has no representation", shape, member.Name, member.Type))
	}
}
