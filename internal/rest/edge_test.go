package rest_test

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"vireo/internal/rest"
)

func TestHead(t *testing.T) {
	e := newEdge(t)
	get, head := e.do("GET", "/api/hosts", ""), e.do("HEAD", "/api/hosts", "")
	if head.Code != 200 || head.Body.Len() != 0 || head.Header().Get("Content-Length") != get.Header().Get("Content-Length") {
		t.Errorf("HEAD: %d, %d bytes, %v", head.Code, head.Body.Len(), head.Header())
	}
	for _, method := range []string{"GET", "HEAD"} {
		links := e.do(method, "/ovirt-engine/api/v3", "").Header().Get("Link")
		if !strings.Contains(links, "<https://engine.example/ovirt-engine/api/v3/vms>; rel=vms,") {
			t.Errorf("%s: Link is %q", method, links)
		}
	}
}

func TestOptionsNeedsNoLogin(t *testing.T) {
	e := newEdge(t)
	for path, want := range map[string]string{
		"/api": "GET, HEAD, OPTIONS", "/api/vms": "GET, HEAD, POST, OPTIONS", "/api/vms/" + unknownID: "GET, HEAD, PUT, DELETE, OPTIONS",
		"/api/vms/" + unknownID + "/start": "POST, OPTIONS", "/api/capabilities": "GET, HEAD, OPTIONS",
	} {
		w := e.do("OPTIONS", path, "", "Authorization:")
		if w.Code != 200 || w.Header().Get("Allow") != want || w.Body.Len() != 0 {
			t.Errorf("OPTIONS %s: %d %q %s", path, w.Code, w.Header().Get("Allow"), w.Body)
		}
	}
	e.check(e.do("OPTIONS", "/api/toasters", "", "Authorization:"), 404, "OPTIONS of nothing", "<fault>")
}

// TestLogsAndMetrics: each request is logged with its ids and without its query,
// password or session, and counted by its route.
func TestLogsAndMetrics(t *testing.T) {
	var log bytes.Buffer
	registry := prometheus.NewRegistry()
	e := newEdge(t, func(o *rest.Options) {
		o.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		o.Registry = registry
	})
	log.Reset()
	session := sessionOf(t, e.do("GET", "/api/vms?search=name%3Dsecretname&password=geheim", "", "Correlation-Id: my-id", "Prefer: persistent-auth"))
	e.do("POST", "/api/vms/"+unknownID+"/start", "<action/>")
	lost := e.do("GET", "/no/such/path", "").Header().Get("X-Request-Id")
	text := log.String()
	if lost == "" || !strings.Contains(text, "request="+lost) {
		t.Errorf("the request %q is not in the log:\n%s", lost, text)
	}
	for _, wanted := range []string{"correlation=my-id", "path=/api/vms", "code=200", "method=GET", "duration=", "request=", "user=admin@internal", "code=404", "refusal="} {
		if !strings.Contains(text, wanted) {
			t.Errorf("no %q in the log:\n%s", wanted, text)
		}
	}
	for _, unwanted := range []string{"secretname", "geheim", password, session} {
		if strings.Contains(text, unwanted) {
			t.Errorf("%q is in the log:\n%s", unwanted, text)
		}
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	routes := map[string]float64{}
	for _, family := range families {
		if family.GetName() != "vireo_http_requests_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			key := ""
			for _, label := range metric.GetLabel() {
				key += label.GetValue() + " "
			}
			routes[key] = metric.GetCounter().GetValue()
		}
	}
	for _, wanted := range []string{"200 GET /vms ", "404 POST /vms/{vm}/start ", "404 GET none "} {
		if routes[wanted] != 1 {
			t.Errorf("%q was counted %v times: %v", wanted, routes[wanted], routes)
		}
	}
}

func TestGracePeriodIsWaited(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	e.want(200, "POST", "/api/vms/"+vm+"/stop", "<action><grace_period><expiry>20</expiry></grace_period></action>", "<expiry>20</expiry>", "<state>complete</state>")
}

// TestCommandsOutlastTheDeadlineOfBodies: the time that a client has for sending
// its request is not the time that the command has.
func TestCommandsOutlastTheDeadlineOfBodies(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	for _, protocol := range []int{1, 2} {
		server := httptest.NewUnstartedServer(e.api)
		server.Config.ReadTimeout = 250 * time.Millisecond
		server.EnableHTTP2 = protocol == 2
		server.StartTLS()
		request := e.request("POST", "/api/vms/"+vm+"/stop", "<action><grace_period><expiry>600</expiry></grace_period></action>")
		request.RequestURI = ""
		request.URL.Host = server.Listener.Addr().String()
		answer, err := server.Client().Do(request)
		if err != nil {
			t.Fatal(err)
		}
		if body := readAll(t, answer.Body); answer.StatusCode != 200 || answer.ProtoMajor != protocol {
			t.Errorf("%s: %d %s", answer.Proto, answer.StatusCode, body)
		}
		_ = answer.Body.Close()
		server.Close()
	}
}

// TestManyAtOnce is for the race detector.
func TestManyAtOnce(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	var work sync.WaitGroup
	for i := range 8 {
		work.Go(func() {
			for range 20 {
				paths := []string{"/api/vms;detail=disks?search=name%3Dw*", "/api/vms/" + vm, "/api/events;max=3", "/api", "/api/hosts", "/api/capabilities", "/api/disks", "/api/jobs"}
				if w := e.do("GET", paths[i%len(paths)], ""); w.Code != 200 {
					t.Errorf("%s: %d", paths[i%len(paths)], w.Code)
				}
				e.do("PUT", "/api/vms/"+vm, "<vm><description>d</description></vm>")
			}
		})
	}
	work.Wait()
}
