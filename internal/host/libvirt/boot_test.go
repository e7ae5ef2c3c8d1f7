package libvirt

import (
	"errors"
	"testing"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
)

func TestPortsThatOthersTake(t *testing.T) {
	said := func(message string) error {
		return libvirt.Error{Code: uint32(libvirt.ErrInternalError), Message: message}
	}
	taken := translate("starting", said("qemu-system-x86_64: -vnc 127.0.0.1:0: Failed to find an available port: Address already in use"))
	other := translate("starting", said("Cannot allocate memory"))
	for name, test := range map[string]struct {
		answers []error
		tries   int
		want    error
	}{
		"free":                {[]error{nil}, 1, nil},
		"taken once":          {[]error{taken, nil}, 2, nil},
		"taken by and by":     {[]error{taken, taken, taken}, portTries, taken},
		"another refusal":     {[]error{other}, 1, other},
		"then another":        {[]error{taken, other}, 2, other},
		"no answer":           {[]error{host.ErrUnreachable}, 1, host.ErrUnreachable},
		"then no answer":      {[]error{taken, host.ErrUnreachable}, 2, host.ErrUnreachable},
		"taken, then refused": {[]error{taken, taken, other}, 3, other},
	} {
		tries := 0
		err := untilPortIsFree(func() error { tries++; return test.answers[tries-1] })
		if tries != test.tries || !errors.Is(err, test.want) {
			t.Errorf("%s: %v after %d tries, want %v after %d", name, err, tries, test.want, test.tries)
		}
	}
}
