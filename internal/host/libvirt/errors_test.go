package libvirt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
)

func TestTranslatedErrors(t *testing.T) {
	of := func(code libvirt.ErrorNumber, message string) error {
		return fmt.Errorf("wrapped: %w", libvirt.Error{Code: uint32(code), Message: message})
	}
	for _, c := range []struct {
		err  error
		is   error
		code host.RefusalCode
	}{
		{err: io.EOF, is: host.ErrUnreachable},
		{err: libvirt.ErrInterrupted, is: host.ErrUnreachable},
		{err: errClosed, is: host.ErrUnreachable},
		{err: context.Canceled, is: context.Canceled},
		{err: of(libvirt.ErrNoDomain, "no"), is: host.ErrNotFound},
		{err: of(libvirt.ErrAgentUnresponsive, "no"), is: host.ErrRefused, code: host.RefusedAgent},
		{err: of(libvirt.ErrOperationInvalid, "no"), is: host.ErrRefused, code: host.RefusedState},
		{err: of(libvirt.ErrDomExist, "no"), is: host.ErrRefused, code: host.RefusedExists},
		{err: of(libvirt.ErrConfigUnsupported, "no"), is: host.ErrRefused, code: host.RefusedUnsupported},
		{err: of(libvirt.ErrNoNetwork, "no"), is: host.ErrRefused, code: host.RefusedResource},
		{err: of(libvirt.ErrInternalError, "no"), is: host.ErrRefused, code: host.RefusedOther},
		{err: of(libvirt.ErrInternalError, "qemu: cannot set up guest memory 'pc.ram'"), is: host.ErrRefused, code: host.RefusedResource},
		{err: of(libvirt.ErrOperationFailed, "write: No space left on device"), is: host.ErrRefused, code: host.RefusedResource},
		{err: libvirt.ErrUnsupported, is: host.ErrRefused, code: host.RefusedUnsupported},
	} {
		got := sortOut("trying", c.err)
		if !errors.Is(got, c.is) {
			t.Errorf("%v became %v", c.err, got)
		}
		if errors.Is(c.is, host.ErrRefused) {
			refusal(t, got, c.code)
		}
		if again := sortOut("again", got); again.Error() != got.Error() {
			t.Errorf("%v was translated twice: %v", got, again)
		}
	}
	if sortOut("nothing", nil) != nil {
		t.Error("success became an error")
	}
}
