package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"vireo/internal/pki"
	"vireo/internal/rest"
)

// Limits of connections. Answers may take minutes (synchronous actions), so
// there is no limit on writing one.
const (
	headerTimeout = 10 * time.Second
	bodyTimeout   = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	// waitTimeout is how long requests may go on undisturbed when the engine
	// stops; closeTimeout how long they may then take to end.
	waitTimeout  = 500 * time.Millisecond
	closeTimeout = 5 * time.Second

	maxHeader     = 64 << 10
	refreshPeriod = time.Hour
	controlSocket = "control.sock"
	authorityFile = "ca.pem"
	caFolder      = "pki"
)

// Serve answers requests until the context ends or the right to write is lost;
// the latter is an error. ready, which may be nil, is called when all listeners
// are open, with the address of the HTTPS one.
func (s *Server) Serve(ctx context.Context, ready func(address string)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	certificates, err := s.certificates()
	if err != nil {
		return err
	}
	listeners, err := s.listen(certificates)
	if err != nil {
		return err
	}
	// Requests live on for a moment when ctx has ended.
	requests, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	api := &http.Server{
		Handler: s.Handler, BaseContext: func(net.Listener) context.Context { return requests },
		ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug),
	}
	control := &http.Server{Handler: s.control(), ReadHeaderTimeout: headerTimeout, MaxHeaderBytes: maxHeader}

	work, ctx := errgroup.WithContext(ctx)
	for _, listener := range listeners.api {
		work.Go(func() error { return served(api.Serve(listener)) })
	}
	work.Go(func() error { return served(control.Serve(listeners.control)) })
	work.Go(func() error { s.prune(ctx); return nil })
	work.Go(func() error { s.refresh(ctx, certificates); return nil })
	work.Go(func() error {
		select {
		case <-s.Store.Fenced():
			return errors.New("the engine has lost its right to write and stops; guests run on")
		case <-ctx.Done():
			return nil
		}
	})
	work.Go(func() error {
		<-ctx.Done()
		// The waiting of synchronous actions must not hold up the stop: they are
		// answered that the work goes on, which it does with the next engine.
		defer time.AfterFunc(waitTimeout, giveUp).Stop()
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
		defer cancel()
		if err := api.Shutdown(bounded); err != nil {
			_ = api.Close()
		}
		return control.Close()
	})
	if ready != nil {
		ready(listeners.api[0].Addr().String())
	}
	return work.Wait()
}

func served(err error) error {
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

type listeners struct {
	api     []net.Listener
	control net.Listener
}

func (l *listeners) close() {
	for _, each := range append(l.api, l.control) {
		if each != nil {
			_ = each.Close()
		}
	}
}

func (s *Server) listen(certificates pki.Source) (open *listeners, err error) {
	open = &listeners{}
	defer func() {
		if err != nil {
			open.close()
		}
	}()
	if s.ListenHTTP != "" {
		if err := loopback(s.ListenHTTP); err != nil {
			return open, err
		}
	}
	plain, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return open, fmt.Errorf("listening on %s: %w", s.Listen, err)
	}
	open.api = append(open.api, rest.AllowExpect(tls.NewListener(plain, &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: certificates.GetCertificate,
	})))
	if s.ListenHTTP != "" {
		http, err := net.Listen("tcp", s.ListenHTTP)
		if err != nil {
			return open, fmt.Errorf("listening on %s: %w", s.ListenHTTP, err)
		}
		open.api = append(open.api, rest.AllowExpect(http))
	}
	open.control, err = listenControl(filepath.Join(s.DataDir, controlSocket))
	return open, err
}

// listenControl makes the control socket, which is its owner's alone from the
// first moment on. The lock of the data is held: a socket that is there was left
// by a crash.
func listenControl(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("removing an old control socket: %w", err)
	}
	mode := func(_, _ string, socket syscall.RawConn) error {
		var failure error
		err := socket.Control(func(fd uintptr) { failure = syscall.Fchmod(int(fd), 0o600) })
		return errors.Join(err, failure)
	}
	listener, err := (&net.ListenConfig{Control: mode}).Listen(context.Background(), "unix", path)
	if err != nil {
		return nil, fmt.Errorf("making the control socket: %w", err)
	}
	return listener, nil
}

// loopback refuses an address of plain HTTP that others could reach.
func loopback(address string) error {
	name, _, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("the address of --listen-http is not host:port: %w", err)
	}
	if ip := net.ParseIP(name); name != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("--listen-http is for a reverse proxy on this machine and takes loopback addresses only, not %s", address)
	}
	return nil
}

// PKIFolder is where an engine keeps its authority, its certificates and its ssh key.
func PKIFolder(dataDir string) string { return filepath.Join(dataDir, caFolder) }

// certificates are the operator's own, or those of the engine's CA, whose
// certificate is put where clients find it.
func (s *Server) certificates() (pki.Source, error) {
	if s.Certificate != "" || s.Key != "" {
		return pki.OpenFiles(s.Certificate, s.Key)
	}
	folder := PKIFolder(s.DataDir)
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("making the folder of certificates: %w", err)
	}
	name, _, err := net.SplitHostPort(s.Listen)
	if err != nil {
		return nil, fmt.Errorf("the address of --listen is not host:port: %w", err)
	}
	keeper, err := pki.Open(folder, []string{name})
	if err != nil {
		return nil, err
	}
	return keeper, s.publish(keeper)
}

// publish writes the CA's certificate into the data directory.
func (s *Server) publish(source pki.Source) error {
	path := filepath.Join(s.DataDir, authorityFile)
	authority := source.Authority()
	if len(authority) == 0 {
		return nil
	}
	if err := os.WriteFile(path+".new", authority, 0o644); err != nil {
		return fmt.Errorf("writing the CA's certificate: %w", err)
	}
	return os.Rename(path+".new", path)
}

func (s *Server) refresh(ctx context.Context, source pki.Source) {
	ticker := time.NewTicker(refreshPeriod)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		err := source.Refresh()
		if err == nil {
			err = s.publish(source)
		}
		if err != nil {
			s.Log.ErrorContext(ctx, "the server's certificate could not be renewed; the present one goes on being used",
				"expires", source.Expires(), "err", err)
		}
	}
}
