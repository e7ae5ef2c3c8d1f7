package ldap

import (
	"context"
	"errors"
	"fmt"
	"time"

	protocol "github.com/go-ldap/ldap/v3"

	"vireo/internal/auth"
)

// ask does something with a connection to the first server that answers. A server
// that falls silent meanwhile is given up for the next, so do may be begun twice.
// The errors of do are returned as they are; that nobody answers is
// [auth.ErrUnavailable].
func (d *Directory) ask(ctx context.Context, do func(*protocol.Conn) error) error {
	bounded, cancel := context.WithTimeout(ctx, whole)
	defer cancel()
	until, _ := bounded.Deadline()
	var failures error
	for _, one := range d.inTurn() {
		if bounded.Err() != nil {
			break
		}
		err := d.askOne(bounded, one, until, do)
		if err == nil || isAnswer(err) {
			d.rest(one, false)
			return err
		}
		d.rest(one, true)
		failures = errors.Join(failures, err)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return fmt.Errorf("%w: %w", auth.ErrUnavailable, errors.Join(failures, bounded.Err()))
}

func (d *Directory) askOne(ctx context.Context, one server, until time.Time, do func(*protocol.Conn) error) error {
	connection, err := d.dial(one, until)
	if err != nil {
		return err
	}
	defer func() { _ = connection.Close() }() // all that was asked has been answered
	defer context.AfterFunc(ctx, func() { _ = connection.Close() })()
	return do(connection)
}

// isAnswer says whether an error is what was asked for, and no failure of a server.
func isAnswer(err error) bool {
	return errors.Is(err, auth.ErrDenied) || errors.Is(err, auth.ErrDisabled) || errors.Is(err, errAmbiguous)
}

// errAmbiguous is a login that more than one entry has.
var errAmbiguous = errors.New("more than one entry of the directory has this name")

// search gives the entries that a filter selects, at most limit of them.
func (d *Directory) search(connection *protocol.Conn, filter string, limit int) ([]*protocol.Entry, error) {
	request := protocol.NewSearchRequest(d.settings.Base, protocol.ScopeWholeSubtree, protocol.NeverDerefAliases,
		limit, int(callLimit/time.Second), false, filter, d.schema.attributes(), nil)
	found, err := connection.Search(request)
	switch {
	case protocol.IsErrorWithCode(err, protocol.LDAPResultNoSuchObject):
		return nil, fmt.Errorf("the base %q: %w", d.settings.Base, err)
	case protocol.IsErrorWithCode(err, protocol.LDAPResultSizeLimitExceeded) && found != nil:
	case err != nil:
		return nil, fmt.Errorf("searching: %w", err)
	}
	return found.Entries[:min(limit, len(found.Entries))], nil
}
