package v3

import (
	"reflect"
	"time"
)

var timeType = reflect.TypeFor[time.Time]()

// ForgetUnchanged removes from a request what equals the representation that the
// client was shown, so that a client which sends all of it back changes only
// what it meant to (clients 1.6). A VM that runs shows the boot sequence, display
// and memory that it really uses, which must not become its configuration.
func ForgetUnchanged[T any](request, shown *T) {
	forget(reflect.ValueOf(request).Elem(), reflect.ValueOf(shown).Elem())
}

func forget(request, shown reflect.Value) {
	for i := range request.NumField() {
		asked, known := request.Field(i), shown.Field(i)
		switch {
		case asked.Kind() == reflect.Struct && request.Type().Field(i).Anonymous:
			forget(asked, known)
		case asked.IsZero():
		case reflect.DeepEqual(asked.Interface(), known.Interface()):
			asked.SetZero()
		case isStructPointer(asked) && !known.IsNil() && !asked.Elem().IsZero():
			forget(asked.Elem(), known.Elem())
			if asked.Elem().IsZero() {
				asked.SetZero()
			}
		}
	}
}

func isStructPointer(v reflect.Value) bool {
	return v.Kind() == reflect.Pointer && v.Type().Elem().Kind() == reflect.Struct && v.Type().Elem() != timeType
}
