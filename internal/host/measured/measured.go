package measured

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vireo/internal/host"
)

// Driver is a driver whose calls are counted.
type Driver struct {
	inner    host.Driver
	log      *slog.Logger
	calls    *prometheus.HistogramVec
	failures *prometheus.CounterVec
}

// New wraps a driver. The log gets each failed call at the level debug: whoever
// made the call decides what a failure means.
func New(inner host.Driver, log *slog.Logger) *Driver {
	return &Driver{
		inner: inner, log: log,
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "vireo_host_call_duration_seconds", Help: "How long calls to hosts took, by call.",
			Buckets: []float64{0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60},
		}, []string{"call"}),
		failures: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vireo_host_call_failures_total", Help: "How many calls to hosts failed, by call and cause.",
		}, []string{"call", "cause"}),
	}
}

// Connect counts and passes on.
func (d *Driver) Connect(ctx context.Context, address string) (host.Host, error) {
	began := time.Now()
	inner, err := d.inner.Connect(ctx, address)
	wrapped := &connection{Host: inner, driver: d, address: address}
	wrapped.count("Connect", began, &err)
	if err != nil {
		return nil, err
	}
	return wrapped, nil
}

// Describe and Collect make the figures known to a registry.
func (d *Driver) Describe(out chan<- *prometheus.Desc) {
	d.calls.Describe(out)
	d.failures.Describe(out)
}

// Collect gives the figures.
func (d *Driver) Collect(out chan<- prometheus.Metric) {
	d.calls.Collect(out)
	d.failures.Collect(out)
}

// connection counts the calls of one connection; Watch, Done and Close are the
// inner one's.
type connection struct {
	host.Host
	driver  *Driver
	address string
}

func (c *connection) count(call string, began time.Time, err *error) {
	c.driver.calls.WithLabelValues(call).Observe(time.Since(began).Seconds())
	if *err == nil {
		return
	}
	c.driver.failures.WithLabelValues(call, cause(*err)).Inc()
	c.driver.log.Debug("a call to a host failed", "call", call, "address", c.address, "err", *err)
}

func cause(err error) string {
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "late"
	case errors.Is(err, context.Canceled):
		return "cancelled"
	case errors.Is(err, host.ErrUnreachable):
		return "unreachable"
	case errors.Is(err, host.ErrNotFound):
		return "not_found"
	case errors.Is(err, host.ErrRefused):
		return "refused"
	}
	return "other"
}
