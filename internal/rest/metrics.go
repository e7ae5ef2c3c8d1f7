package rest

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics counts requests by route and code.
type metrics struct {
	requests  *prometheus.CounterVec
	durations *prometheus.HistogramVec
}

func newMetrics(registry prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "vireo_http_requests_total",
			Help: "Requests that were answered, by method, route and code.",
		}, []string{"method", "route", "code"}),
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "vireo_http_request_duration_seconds",
			Help:    "How long requests took to be answered, by method and route.",
			Buckets: []float64{.001, .005, .025, .1, .5, 2.5, 10, 60},
		}, []string{"method", "route"}),
	}
	if registry != nil {
		registry.MustRegister(m.requests, m.durations)
	}
	return m
}

// observe counts one request. Methods that nobody knows share one name, so that
// clients cannot make up series.
func (m *metrics) observe(method, route string, code int, took time.Duration) {
	switch method {
	case "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS":
	default:
		method = "other"
	}
	m.requests.WithLabelValues(method, route, strconv.Itoa(code)).Inc()
	m.durations.WithLabelValues(method, route).Observe(took.Seconds())
}
