package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
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
	closeTimeout  = 5 * time.Second
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
	api := &http.Server{Handler: s.Handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: bodyTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader,
		ErrorLog: slog.NewLogLogger(s.Log.Handler(), slog.LevelDebug)}
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
		// The waiting of synchronous actions must not hold up the stop.
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

func (s *Server) listen(certificates pki.Source) (*listeners, error) {
	plain, err := net.Listen("tcp", s.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", s.Listen, err)
	}
	open := &listeners{api: []net.Listener{rest.AllowExpect(tls.NewListener(plain, &tls.Config{
		MinVersion: tls.VersionTLS12, NextProtos: []string{"h2", "http/1.1"},
		GetCertificate: certificates.GetCertificate,
	}))}}
	if s.ListenHTTP != "" {
		if err := loopback(s.ListenHTTP); err != nil {
			return nil, err
		}
		http, err := net.Listen("tcp", s.ListenHTTP)
		if err != nil {
			return nil, fmt.Errorf("listening on %s: %w", s.ListenHTTP, err)
		}
		open.api = append(open.api, rest.AllowExpect(http))
	}
	// The lock of the data is held: a socket that is there was left by a crash.
	path := filepath.Join(s.DataDir, controlSocket)
	_ = os.Remove(path)
	if open.control, err = net.Listen("unix", path); err != nil {
		return nil, fmt.Errorf("making the control socket: %w", err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		return nil, fmt.Errorf("closing the control socket to others: %w", err)
	}
	return open, nil
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

// certificates are the operator's own, or those of the engine's CA, whose
// certificate is put where clients find it.
func (s *Server) certificates() (pki.Source, error) {
	if s.Certificate != "" || s.Key != "" {
		return pki.OpenFiles(s.Certificate, s.Key)
	}
	folder := filepath.Join(s.DataDir, caFolder)
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
			s.Log.Error("the server's certificate could not be renewed; the present one goes on being used",
				"expires", source.Expires(), "err", err)
		}
	}
}
