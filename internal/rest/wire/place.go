package wire

import "reflect"

// place returns where the next value of the field f in the struct v belongs: a new
// slice element, a new struct or scalar behind a pointer, or the field itself,
// emptied. The last of several elements wins where only one can be kept.
func (b *budget) place(f *field, v reflect.Value) (reflect.Value, error) {
	target := f.in(v)
	if f.slice {
		if target.Len() == target.Cap() {
			// Growing copies and leaves the old array to the collector: that counts too.
			if err := b.spend(target.Type().Elem().Size() * uintptr(target.Len()+1)); err != nil {
				return target, err
			}
			target.Grow(1)
		}
		target.SetLen(target.Len() + 1)
		target = target.Index(target.Len() - 1)
	}
	if f.pointer {
		if err := b.spend(f.typ.Size()); err != nil {
			return target, err
		}
		target.Set(reflect.New(f.typ))
		return target.Elem(), nil
	}
	target.SetZero()
	return target, nil
}

// intoShape checks that a caller handed in a pointer to a shape and empties it.
func intoShape(shape any) (reflect.Value, *plan) {
	v := reflect.ValueOf(shape)
	if v.Kind() != reflect.Pointer || v.IsNil() {
		panic("wire: reading needs a pointer to a struct")
	}
	p := planOf(v.Type().Elem())
	v.Elem().SetZero()
	return v.Elem(), p
}
