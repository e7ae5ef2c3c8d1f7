package rest_test

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"vireo/internal/rest"
)

// echo answers with what of a request arrived.
var echo = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	_, _ = fmt.Fprintf(w, "%s|%s|%s|%s|%s", r.Proto, r.Method, r.Header.Get("Expect"), r.Header.Get("X-Ovirt-Expect"), body)
})

// serveExpect serves echo behind AllowExpect and returns its address.
func serveExpect(t *testing.T, configuration *tls.Config) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if configuration != nil {
		listener = tls.NewListener(listener, configuration)
	}
	server := &http.Server{Handler: echo, ReadHeaderTimeout: 10 * time.Second}
	done := make(chan error, 1)
	wrapped := rest.AllowExpect(listener)
	go func() { done <- server.Serve(wrapped) }()
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
	})
	return listener.Addr().String()
}

func TestExpectReachesHandlers(t *testing.T) {
	certificates := httptest.NewTLSServer(echo)
	defer certificates.Close()
	for _, protocol := range []string{"http/1.1", "h2"} {
		t.Run(protocol, func(t *testing.T) {
			configuration := certificates.TLS.Clone()
			configuration.NextProtos = []string{protocol}
			address := serveExpect(t, configuration)
			client := certificates.Client().Transport.(*http.Transport).Clone()
			client.ForceAttemptHTTP2 = protocol == "h2"
			client.TLSClientConfig.NextProtos = nil
			defer client.CloseIdleConnections()
			for _, expectation := range []string{"201-created", "", "202-accepted", "100-continue"} {
				request, err := http.NewRequest("POST", "https://"+address+"/", strings.NewReader("Expect: me\r\n\r\n"))
				if err != nil {
					t.Fatal(err)
				}
				if expectation != "" {
					request.Header.Set("Expect", expectation)
				}
				answer, err := (&http.Client{Transport: client}).Do(request)
				if err != nil {
					t.Fatal(err)
				}
				body := readAll(t, answer.Body)
				_ = answer.Body.Close()
				if !strings.Contains(body, "|POST|") || !strings.HasSuffix(body, "|Expect: me\r\n\r\n") {
					t.Errorf("%q: the request arrived as %q", expectation, body)
				}
				if strings.HasPrefix(expectation, "20") && !strings.Contains(body, "|"+expectation+"|") {
					t.Errorf("%q was lost: %q", expectation, body)
				}
				if (protocol == "h2") != (answer.ProtoMajor == 2) {
					t.Errorf("%s was answered over %s", protocol, answer.Proto)
				}
			}
		})
	}
}

// Requests that follow each other on one connection, whole and byte by byte.
func TestExpectFollowsFraming(t *testing.T) {
	requests := "POST / HTTP/1.1\r\nHost: h\r\nExpect: 201-created\r\nContent-Length: 14\r\n\r\nExpect: no\r\n\r\n" +
		"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nexpect:202-accepted\r\n\r\n" +
		"9;x=y\r\nExpect: a\r\n5\r\n\r\n\r\nb\r\n0\r\nExpect: trailer\r\n\r\n" +
		"GET / HTTP/1.1\nHost: h\nEXPECT: 201-created\n\n"
	want := []string{
		"HTTP/1.1|POST||201-created|Expect: no\r\n\r\n",
		"HTTP/1.1|POST||202-accepted|Expect: a\r\n\r\nb",
		"HTTP/1.1|GET||201-created|",
	}
	for _, step := range []int{len(requests), 1, 7} {
		conn, err := net.Dial("tcp", serveExpect(t, nil))
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			for rest := requests; rest != ""; {
				n := min(step, len(rest))
				if _, err := io.WriteString(conn, rest[:n]); err != nil {
					return
				}
				rest = rest[n:]
			}
		}()
		reader := bufio.NewReader(conn)
		for _, expected := range want {
			answer, err := http.ReadResponse(reader, nil)
			if err != nil {
				t.Fatal(err)
			}
			if body := readAll(t, answer.Body); body != expected {
				t.Errorf("in steps of %d: %q instead of %q", step, body, expected)
			}
		}
		_ = conn.Close()
	}
}

func TestPlainRequestToTLSPortIsTold(t *testing.T) {
	certificates := httptest.NewTLSServer(echo)
	defer certificates.Close()
	conn, err := net.Dial("tcp", serveExpect(t, certificates.TLS.Clone()))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := io.WriteString(conn, "GET /api HTTP/1.1\r\nHost: h\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if answer := readAll(t, conn); !strings.Contains(answer, "400 Bad Request") {
		t.Errorf("the answer is %q", answer)
	}
}
