package images_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/disks"
	"vireo/internal/engine/transfers"
	"vireo/internal/host/fake"
	"vireo/internal/model"
	"vireo/internal/server"
)

const mib = 1 << 20

// site is an engine, and its data endpoint over plain HTTP.
type site struct {
	*testing.T
	engine *server.Server
	http   *httptest.Server
	log    *bytes.Buffer
	logMu  *sync.Mutex
}

func newSite(t *testing.T) *site {
	t.Helper()
	world := fake.New(fake.Options{})
	t.Cleanup(world.Close)
	world.AddMachine(fake.MachineSpec{Address: "fake://local"})
	s := &site{T: t, log: &bytes.Buffer{}, logMu: &sync.Mutex{}}
	opened, err := server.Open(t.Context(), server.Config{
		DataDir: t.TempDir(), LocalHost: "fake://local", AdminPassword: "a password for tests", Driver: world.Driver(),
		Log: slog.New(slog.NewTextHandler(s, &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
	if err != nil {
		t.Fatal(err)
	}
	s.engine = opened
	s.http = httptest.NewServer(opened.Handler)
	t.Cleanup(func() {
		s.http.Close()
		if err := opened.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Write keeps what is logged.
func (s *site) Write(line []byte) (int, error) {
	s.logMu.Lock()
	defer s.logMu.Unlock()
	return s.log.Write(line)
}

func (s *site) act(call *engine.Call) model.Object {
	s.Helper()
	result, err := s.engine.Engine.Act(s.Context(), call)
	if err != nil {
		s.Fatalf("%s %s: %v", call.On, call.Name, err)
	}
	return result.Object
}

// begin makes a disk of 8 MiB and a transfer of it, and gives its ticket's address.
func (s *site) begin(direction model.TransferDirection, format, as model.DiskFormat) (model.ID, string) {
	s.Helper()
	disk := s.act(&engine.Call{On: model.KindDisk, Name: "add", Async: new(false), Params: &disks.AddParams{Edit: func(d *model.Disk) error {
		d.ProvisionedSize, d.Format, d.Sparse, d.Interface = 8*mib, format, true, model.DiskVirtio
		return nil
	}}})
	made := s.act(&engine.Call{
		On: model.KindImageTransfer, Name: "add", Async: new(true),
		Params: &transfers.AddParams{Disk: disk.Ref().ID, Direction: direction, Format: as},
	})
	s.engine.Transfers.Opened(s.Context(), made.Ref().ID)
	transfer, _ := s.engine.Inventory.ImageTransfers.Get(made.Ref().ID)
	s.Cleanup(func() { s.end(transfer.ID, "cancel") })
	return transfer.ID, s.http.URL + "/images/" + string(transfer.Ticket)
}

// end ends a transfer, and waits until it is over.
func (s *site) end(id model.ID, how string) model.TransferPhase {
	s.Helper()
	_, _ = s.engine.Engine.Act(context.Background(), &engine.Call{On: model.KindImageTransfer, Name: how, Target: id})
	deadline := time.After(20 * time.Second)
	for {
		changed := s.engine.Inventory.Changed()
		transfer, ok := s.engine.Inventory.ImageTransfers.Get(id)
		if !ok || transfer.Over() {
			return transfer.Phase
		}
		select {
		case <-changed:
		case <-deadline:
			s.Fatalf("the transfer is %s", transfer.Phase)
		}
	}
}

// ask makes a request; headers are lines.
func (s *site) ask(method, at, body string, headers ...string) (int, string, http.Header) {
	s.Helper()
	request, err := http.NewRequestWithContext(s.Context(), method, at, strings.NewReader(body))
	if err != nil {
		s.Fatal(err)
	}
	for _, header := range headers {
		name, value, _ := strings.Cut(header, ": ")
		request.Header.Set(name, value)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		s.Fatalf("%s: %v", method, err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		s.Fatalf("%s: %v", method, err)
	}
	return answer.StatusCode, string(text), answer.Header
}

// want is ask for one code, and a text in the answer.
func (s *site) want(code int, text, method, at, body string, headers ...string) http.Header {
	s.Helper()
	got, said, header := s.ask(method, at, body, headers...)
	if got != code || !strings.Contains(said, text) {
		s.Errorf("%s %q %v: %d %.300q instead of %d with %q", method, body, headers, got, said, code, text)
	}
	return header
}

// TestUpload goes through everything that clients of RHV do with a ticket.
func TestUpload(t *testing.T) {
	s := newSite(t)
	for _, as := range []struct{ disk, format model.DiskFormat }{{model.DiskRaw, model.DiskRaw}, {model.DiskCOW, model.DiskRaw}} {
		t.Run(string(as.disk), func(t *testing.T) {
			id, at := s.begin(model.TransferUpload, as.disk, as.format)
			header := s.want(200, `"max_writers":8`, "OPTIONS", at, "")
			if header.Get("Allow") != "OPTIONS,GET,PUT,PATCH" {
				t.Errorf("Allow is %s", header.Get("Allow"))
			}
			var features struct{ Features []string }
			_, text, _ := s.ask("OPTIONS", at, "")
			if err := json.Unmarshal([]byte(text), &features); err != nil || len(features.Features) != 4 {
				t.Errorf("the features are %s, %v", text, err)
			}
			s.want(200, "", "PUT", at+"?flush=n", strings.Repeat("a", mib), fmt.Sprintf("Content-Range: bytes 0-%d/*", mib-1))
			var parallel sync.WaitGroup
			for i := range 8 {
				parallel.Go(func() {
					s.want(200, "", "PUT", at+"?flush=n", strings.Repeat(string(rune('b'+i)), 4096), fmt.Sprintf("Content-Range: bytes %d-%d/*", 2*mib+4096*i, 2*mib+4096*i+4095))
				})
			}
			parallel.Wait()
			s.want(200, "", "PATCH", at, `{"op":"zero","offset":0,"size":65536,"flush":false}`)
			s.want(200, "", "PATCH", at, `{"op":"flush"}`)
			s.want(206, "\x00\x00aa", "GET", at, "", "Range: bytes=65534-65537")
			s.want(206, "bbccc", "GET", at, "", fmt.Sprintf("Range: bytes=%d-%d", 2*mib+4094, 2*mib+4098))
			code, whole, header := s.ask("GET", at, "")
			if code != 200 || len(whole) != 8*mib || header.Get("Content-Length") != fmt.Sprint(8*mib) {
				t.Errorf("all of it is %d, %d bytes", code, len(whole))
			}
			s.want(200, `{"start":0,"length":65536,"zero":true,"hole":true},{"start":65536,`, "GET", at+"/extents?context=zero", "")
			s.want(404, "context", "GET", at+"/extents?context=dirty", "")
			s.want(200, `"block_size":4194304,"checksum":"`, "GET", at+"/checksum", "")
			s.want(200, `"algorithm":"sha256"`, "GET", at+"/checksum?algorithm=sha256&block_size=65536", "")
			s.want(200, "blake2b", "GET", at+"/checksum/algorithms", "")
			if phase := s.end(id, "finalize"); phase != model.TransferFinishedSuccess {
				t.Errorf("the transfer is %s", phase)
			}
			s.want(403, "ticket", "GET", at, "")
			s.want(403, "ticket", "PUT", at, "x")
		})
	}
	if strings.Contains(s.log.String(), "/images/") {
		t.Error("a ticket was logged")
	}
}

// TestHostile asks for what cannot be. Nothing of it is done, and the next request is
// answered as ever.
func TestHostile(t *testing.T) {
	s := newSite(t)
	_, up := s.begin(model.TransferUpload, model.DiskRaw, "")
	_, down := s.begin(model.TransferDownload, model.DiskCOW, model.DiskRaw)
	s.want(200, "", "PUT", up, "first")
	size := 8 * mib
	for name, c := range map[string]struct {
		code         int
		method, at   string
		body, header string
	}{
		"beyond the end":         {416, "PUT", up, "x", fmt.Sprintf("Content-Range: bytes %d-%d/*", size, size)},
		"over the end":           {416, "PUT", up, "xx", fmt.Sprintf("Content-Range: bytes %d-%d/*", size-1, size)},
		"very far":               {416, "PUT", up, "x", "Content-Range: bytes 9223372036854775807-9223372036854775807/*"},
		"too far":                {400, "PUT", up, "x", "Content-Range: bytes 9223372036854775808-9223372036854775809/*"},
		"negative":               {400, "PUT", up, "x", "Content-Range: bytes -5-0/*"},
		"backwards":              {400, "PUT", up, "x", "Content-Range: bytes 5-4/*"},
		"no size":                {400, "PUT", up, "x", "Content-Range: bytes 0-0"},
		"other units":            {400, "PUT", up, "x", "Content-Range: blocks 0-0/*"},
		"words":                  {400, "PUT", up, "x", "Content-Range: bytes a-b/c"},
		"plus sign":              {400, "PUT", up, "x", "Content-Range: bytes +1-+2/*"},
		"flush":                  {400, "PUT", up + "?flush=perhaps", "x", ""},
		"close":                  {400, "PUT", up + "?close=perhaps", "x", ""},
		"range beyond":           {416, "GET", up, "", fmt.Sprintf("Range: bytes=%d-", size)},
		"range over":             {416, "GET", up, "", fmt.Sprintf("Range: bytes=0-%d", size)},
		"suffix":                 {416, "GET", up, "", "Range: bytes=-5"},
		"several":                {416, "GET", up, "", "Range: bytes=0-1,3-4"},
		"range backwards":        {416, "GET", up, "", "Range: bytes=5-4"},
		"zero beyond":            {416, "PATCH", up, fmt.Sprintf(`{"op":"zero","offset":%d,"size":1}`, size), ""},
		"zero over":              {416, "PATCH", up, `{"op":"zero","offset":1,"size":9223372036854775807}`, ""},
		"zero negative":          {400, "PATCH", up, `{"op":"zero","offset":-1,"size":1}`, ""},
		"zero less than nothing": {400, "PATCH", up, `{"op":"zero","size":-1}`, ""},
		"zero of no size":        {400, "PATCH", up, `{"op":"zero"}`, ""},
		"unknown operation":      {400, "PATCH", up, `{"op":"shred"}`, ""},
		"no JSON":                {400, "PATCH", up, `op=zero`, ""},
		"long patch":             {400, "PATCH", up, `{"op":"` + strings.Repeat("x", 5000) + `"}`, ""},
		"method":                 {405, "DELETE", up, "", ""},
		"method of extents":      {405, "PUT", up + "/extents", "x", ""},
		"unknown path":           {404, "GET", up + "/secrets", "", ""},
		"no ticket":              {404, "GET", s.http.URL + "/images/", "", ""},
		"unknown ticket":         {403, "GET", s.http.URL + "/images/" + string(model.NewID()), "", ""},
		"way out":                {404, "GET", s.http.URL + "/images/..%2f..%2fetc", "", ""},
		"writing a download":     {403, "PUT", down, "x", ""},
		"zeroing a download":     {403, "PATCH", down, `{"op":"zero","size":1}`, ""},
		"algorithm":              {400, "GET", up + "/checksum?algorithm=md4", "", ""},
		"block size":             {400, "GET", up + "/checksum?block_size=1", "", ""},
		"huge block":             {400, "GET", up + "/checksum?block_size=1073741824", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var headers []string
			if c.header != "" {
				headers = append(headers, c.header)
			}
			code, text, _ := s.ask(c.method, c.at, c.body, headers...)
			if code != c.code || strings.Count(text, "\n") != 1 {
				t.Errorf("%d %q", code, text)
			}
			s.want(206, "first", "GET", up, "", "Range: bytes=0-4")
		})
	}
}

// raw sends a request as it stands, and gives what comes back.
func (s *site) raw(text string, then func(net.Conn)) string {
	s.Helper()
	conn, err := net.Dial("tcp", s.http.Listener.Addr().String())
	if err != nil {
		s.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	if _, err := conn.Write([]byte(text)); err != nil {
		s.Fatal(err)
	}
	then(conn)
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return err.Error()
	}
	defer answer.Body.Close()
	said, _ := io.ReadAll(answer.Body)
	return answer.Status + " " + string(said)
}

// TestLies sends less than was announced, nothing announced, and a body that waits.
func TestLies(t *testing.T) {
	s := newSite(t)
	id, at := s.begin(model.TransferUpload, model.DiskRaw, "")
	path := strings.TrimPrefix(at, s.http.URL)
	said := s.raw("PUT "+path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nshort", func(conn net.Conn) {
		_ = conn.(*net.TCPConn).CloseWrite() //nolint:forcetypeassert // it was dialled as one
	})
	if !strings.HasPrefix(said, "400 ") {
		t.Errorf("a short body: %s", said)
	}
	said = s.raw("PUT "+path+" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", func(net.Conn) {})
	if !strings.HasPrefix(said, "400 ") || !strings.Contains(said, "Content-Length") {
		t.Errorf("a body in chunks: %s", said)
	}
	// A client that sends nothing more does not keep the transfer from ending.
	said = s.raw("PUT "+path+" HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nslow", func(net.Conn) {
		if phase := s.end(id, "cancel"); phase != model.TransferFinishedCleanup {
			t.Errorf("the transfer is %s", phase)
		}
	})
	if strings.HasPrefix(said, "200 ") {
		t.Errorf("a body that waits: %s", said)
	}
	for _, disk := range s.engine.Inventory.Disks.All() {
		t.Errorf("the disk %s is left", disk.Alias)
	}
}

// TestManyConnections opens more than are served at once: all are answered.
func TestManyConnections(t *testing.T) {
	s := newSite(t)
	_, at := s.begin(model.TransferUpload, model.DiskCOW, model.DiskRaw)
	var all sync.WaitGroup
	for i := range 60 {
		all.Go(func() {
			s.want(200, "", "PUT", at+"?flush=n", strings.Repeat("x", 100_000), fmt.Sprintf("Content-Range: bytes %d-%d/*", i*100_000, i*100_000+99_999))
		})
	}
	all.Wait()
	_, whole, _ := s.ask("GET", at, "")
	if strings.Count(whole, "x") != 6_000_000 {
		t.Errorf("%d bytes were written", strings.Count(whole, "x"))
	}
}

// TestImageFile uploads an image file, which grows as it comes, in any order.
func TestImageFile(t *testing.T) {
	s := newSite(t)
	id, at := s.begin(model.TransferUpload, model.DiskCOW, "")
	s.want(200, "", "PUT", at, "later", "Content-Range: bytes 100000-100004/*")
	s.want(200, "", "PUT", at, "first")
	s.want(200, `[{"start":0,`, "GET", at+"/extents", "")
	s.want(206, "later", "GET", at, "", "Range: bytes=100000-")
	if phase := s.end(id, "finalize"); phase != model.TransferFinishedFailure {
		t.Errorf("what is no image was taken: it is %s", phase)
	}
	transfer, _ := s.engine.Inventory.ImageTransfers.Get(id)
	if disk, ok := s.engine.Inventory.Disks.Get(transfer.Disk); !ok || disk.Status != model.DiskIllegal {
		t.Errorf("the disk is %+v", disk)
	}
}

// TestPages lets pages of other origins upload.
func TestPages(t *testing.T) {
	s := newSite(t)
	_, at := s.begin(model.TransferUpload, model.DiskRaw, "")
	header := s.want(200, "", "OPTIONS", at, "", "Origin: https://elsewhere")
	if header.Get("Access-Control-Allow-Origin") != "*" || header.Get("Access-Control-Max-Age") != "86400" {
		t.Errorf("the header is %v", header)
	}
	if header := s.want(200, "", "OPTIONS", s.http.URL+"/images/*", ""); header.Get("Allow") == "" || header.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the header is %v", header)
	}
}
