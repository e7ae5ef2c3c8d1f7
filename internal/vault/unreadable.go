package vault

import (
	"reflect"

	"vireo/internal/model"
)

// Unreadable says whether a value, or anything that it holds, is a secret that
// cannot be revealed.
func (v *Vault) Unreadable(value any) bool { return v.unreadable(reflect.ValueOf(value)) }

func (v *Vault) unreadable(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Pointer:
		return !value.IsNil() && v.unreadable(value.Elem())
	case reflect.Slice:
		for i := range value.Len() {
			if v.unreadable(value.Index(i)) {
				return true
			}
		}
	case reflect.Map:
		for _, each := range value.Seq2() {
			if v.unreadable(each) {
				return true
			}
		}
	case reflect.Struct:
		for _, field := range value.Fields() {
			if v.unreadable(field) {
				return true
			}
		}
	case reflect.String:
		if value.Type() == reflect.TypeFor[model.Secret]() {
			_, err := v.Reveal(model.Secret(value.String()))
			return err != nil
		}
	}
	return false
}
