package main

import (
	"reflect"
	"slices"
	"strings"
	"time"
)

// standardTwin copies a shape into a struct of the same fields with the tags of
// encoding/xml and encoding/json, so that both codecs write the same content.
func standardTwin(shape any) any {
	value := reflect.ValueOf(shape).Elem()
	twin := reflect.New(twinType(value.Type(), nil)).Elem()
	copyInto(twin, value)
	return twin.Addr().Interface()
}

var moments = reflect.TypeFor[time.Time]()

// twinType makes the type; embedded structs become their fields, in place. around
// are the structs it stands in: one that holds itself cannot be made, and lists of
// VMs do not use such fields.
func twinType(t reflect.Type, around []reflect.Type) reflect.Type {
	switch {
	case t == moments:
		return t
	case t.Kind() == reflect.Pointer:
		return reflect.PointerTo(twinType(t.Elem(), around))
	case t.Kind() == reflect.Slice:
		return reflect.SliceOf(twinType(t.Elem(), around))
	case t.Kind() != reflect.Struct:
		return t
	}
	if slices.Contains(around, t) {
		return reflect.TypeFor[struct{}]()
	}
	around = append(slices.Clone(around), t)
	var fields []reflect.StructField
	for _, index := range flat(t) {
		field := t.FieldByIndex(index)
		fields = append(fields, reflect.StructField{
			Name: field.Name, Type: twinType(field.Type, around), Tag: twinTag(field.Tag.Get("wire")),
		})
	}
	return reflect.StructOf(fields)
}

func twinTag(tag string) reflect.StructTag {
	name, options, _ := strings.Cut(tag, ",")
	switch {
	case name == "-":
		return `xml:"-" json:"-"`
	case strings.Contains(options, "value"):
		return `xml:",chardata" json:"value,omitempty"`
	case strings.Contains(options, "attr"):
		return reflect.StructTag(`xml:"` + name + `,attr,omitempty" json:"` + name + `,omitempty"`)
	}
	return reflect.StructTag(`xml:"` + name + `,omitempty" json:"` + name + `,omitempty"`)
}

// flat lists the fields of a shape, with those of embedded structs.
func flat(t reflect.Type) [][]int {
	var indexes [][]int
	for i := range t.NumField() {
		field := t.Field(i)
		if !field.IsExported() {
			continue
		}
		if field.Anonymous && field.Tag.Get("wire") == "" {
			for _, inner := range flat(field.Type) {
				indexes = append(indexes, append([]int{i}, inner...))
			}
			continue
		}
		indexes = append(indexes, []int{i})
	}
	return indexes
}

func copyInto(to, from reflect.Value) {
	switch {
	case from.Type() == moments:
		to.Set(from)
	case from.Kind() == reflect.Pointer:
		if !from.IsNil() {
			to.Set(reflect.New(to.Type().Elem()))
			copyInto(to.Elem(), from.Elem())
		}
	case from.Kind() == reflect.Slice:
		if from.IsNil() {
			return
		}
		to.Set(reflect.MakeSlice(to.Type(), from.Len(), from.Len()))
		for i := range from.Len() {
			copyInto(to.Index(i), from.Index(i))
		}
	case from.Kind() == reflect.Struct:
		for i, index := range flat(from.Type())[:to.NumField()] {
			copyInto(to.Field(i), from.FieldByIndex(index))
		}
	default:
		to.Set(from)
	}
}
