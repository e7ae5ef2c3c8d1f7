package libvirt

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/digitalocean/go-libvirt"

	"vireo/internal/host"
)

// refuse makes a refusal in our own words.
func refuse(code host.RefusalCode, format string, args ...any) error {
	return &host.RefusedError{Code: code, Reason: fmt.Sprintf(format, args...)}
}

// unreachable says that the host did not answer, keeping the cause.
func unreachable(doing string, cause error) error {
	return fmt.Errorf("%s: %w: %w", doing, host.ErrUnreachable, cause)
}

// refusals maps libvirt's error codes to the refusals that the engine acts upon.
// A code that is not here is RefusedOther.
var refusals = map[libvirt.ErrorNumber]host.RefusalCode{
	libvirt.ErrAgentUnresponsive:   host.RefusedAgent,
	libvirt.ErrAgentUnsynced:       host.RefusedAgent,
	libvirt.ErrAgentCommandTimeout: host.RefusedAgent,
	libvirt.ErrAgentCommandFailed:  host.RefusedAgent,

	libvirt.ErrOperationInvalid: host.RefusedState,
	libvirt.ErrOperationTimeout: host.RefusedState, // another job holds the guest
	libvirt.ErrOperationAborted: host.RefusedState,
	libvirt.ErrResourceBusy:     host.RefusedState,

	libvirt.ErrDomExist: host.RefusedExists,

	libvirt.ErrNoSupport:            host.RefusedUnsupported,
	libvirt.ErrConfigUnsupported:    host.RefusedUnsupported,
	libvirt.ErrOperationUnsupported: host.RefusedUnsupported,
	libvirt.ErrArgumentUnsupported:  host.RefusedUnsupported,
	libvirt.ErrCPUIncompatible:      host.RefusedUnsupported,

	libvirt.ErrNoMemory:     host.RefusedResource,
	libvirt.ErrNoNetwork:    host.RefusedResource,
	libvirt.ErrSystemError:  host.RefusedResource, // a file that is not there, no space
	libvirt.ErrOpenFailed:   host.RefusedResource,
	libvirt.ErrReadFailed:   host.RefusedResource,
	libvirt.ErrWriteFailed:  host.RefusedResource,
	libvirt.ErrNoStorageVol: host.RefusedResource,
}

// translate turns an error of the library into one of host's three.
func translate(doing string, err error) error {
	if err == nil {
		return nil
	}
	var answer libvirt.Error
	if !errors.As(err, &answer) {
		if errors.Is(err, libvirt.ErrUnsupported) {
			return fmt.Errorf("%s: %w", doing, refuse(host.RefusedUnsupported, "this libvirt is too old for it"))
		}
		if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
			return fmt.Errorf("%s: %w", doing, err)
		}
		return unreachable(doing, err)
	}
	number := libvirt.ErrorNumber(answer.Code)
	if number == libvirt.ErrNoDomain {
		return fmt.Errorf("%s: %w", doing, host.ErrNotFound)
	}
	code := refusals[number]
	vague := number == libvirt.ErrInternalError || number == libvirt.ErrOperationFailed
	if vague && outOfResources(answer.Message) {
		code = host.RefusedResource
	}
	return fmt.Errorf("%s: %w", doing, &host.RefusedError{Code: code, Reason: answer.Message})
}

// isTranslated says that an error is one of host's three already, or the context's.
func isTranslated(err error) bool {
	for _, known := range []error{
		host.ErrUnreachable, host.ErrNotFound, host.ErrRefused, context.Canceled, context.DeadlineExceeded,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// sortOut translates an error unless that was done.
func sortOut(doing string, err error) error {
	if err == nil || isTranslated(err) {
		return err
	}
	return translate(doing, err)
}

// outOfResources finds in what QEMU printed before it gave up the causes that
// libvirt has no code for.
func outOfResources(message string) bool {
	for _, sign := range []string{
		"Cannot allocate memory", "cannot set up guest memory", "No space left on device",
		"No such file or directory", "Permission denied", "Failed to get \"write\" lock",
	} {
		if strings.Contains(message, sign) {
			return true
		}
	}
	return false
}

// libvirtCode is the number of libvirt's own error in err's chain, 0 if none.
// It is for calls that are made inside this package and not translated yet.
func libvirtCode(err error) libvirt.ErrorNumber {
	if answer, ok := errors.AsType[libvirt.Error](err); ok {
		return libvirt.ErrorNumber(answer.Code)
	}
	return 0
}
