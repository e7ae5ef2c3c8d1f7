package server

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"vireo/internal/model"
	"vireo/internal/rest"
	"vireo/internal/rest/consoles"
	"vireo/internal/rest/images"
	"vireo/internal/web"
)

// handler joins the edge with what else is served: metrics and health.
func (s *Server) handler() http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	registry.MustRegister(&inventoryMetrics{s.Inventory}, s.jobs, s.hosts)
	api := rest.New(rest.Options{
		Engine: s.Engine, Logins: s.Directory, Sessions: s.Sessions, Vault: s.Vault, Log: s.Log, Registry: registry,
		CSRFProtection:   func() bool { return s.Values.Bool("CSRFProtection") },
		CustomProperties: func() string { return s.Values.String("UserDefinedVMProperties") },
		Release:          s.Version,
		Transfers:        s.Transfers,
		Screens:          s.Consoles,
		Authority:        s.authority,
		Instance:         s.Engine.ID,
	})
	data := &images.Server{Sessions: s.Transfers, Log: s.Log}
	screens := &consoles.Server{Room: s.Consoles, Log: s.Log}
	metrics := promhttp.HandlerFor(registry, promhttp.HandlerOpts{})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, images.Prefix) {
			data.ServeHTTP(w, r)
			return
		}
		if consoles.Serves(r.URL.Path) {
			screens.ServeHTTP(w, r)
			return
		}
		if web.Serves(r.URL.Path) {
			web.ServeHTTP(w, r)
			return
		}
		switch r.URL.Path {
		case "/metrics":
			metrics.ServeHTTP(w, r)
		case "/healthz":
			s.health(w)
		default:
			api.ServeHTTP(w, r)
		}
	})
}

// health says whether the engine can do its work: 200 and ok, or 503 and why.
func (s *Server) health(w http.ResponseWriter) {
	select {
	case <-s.Store.Fenced():
		http.Error(w, "the engine has lost its right to write", http.StatusServiceUnavailable)
		return
	default:
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("ok\n"))
}

// jobMetrics counts ended jobs and their durations.
type jobMetrics struct{ *prometheus.HistogramVec }

func newJobMetrics() *jobMetrics {
	return &jobMetrics{prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "vireo_job_duration_seconds", Help: "How long jobs took, by action and result.",
		Buckets: []float64{0.005, 0.02, 0.1, 0.5, 1, 2, 5, 15, 60, 300, 1800},
	}, []string{"action", "result"})}
}

func (m *jobMetrics) ended(job *model.Job) {
	m.WithLabelValues(job.Action, string(job.Status)).Observe(job.EndTime.Sub(job.StartTime).Seconds())
}

// errNoAuthority: the operator has brought certificates of another authority.
var errNoAuthority = errors.New("the engine's certificate is not of its own CA")

// authority is the certificate of the engine's CA.
func (s *Server) authority() ([]byte, error) {
	if s.Certificate != "" {
		return nil, errNoAuthority
	}
	return os.ReadFile(filepath.Join(s.DataDir, authorityFile))
}
