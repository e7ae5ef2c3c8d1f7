package server_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"vireo/internal/audit"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/store"
)

// TestPrune: events and ended jobs older than they are kept for go, and nothing
// else does.
func TestPrune(t *testing.T) {
	s := newSite(t)
	s.config.Overrides = map[string]string{"AuditLogAgingThreshold": "24h", "JobCleanupThreshold": "1h"}
	s.start()
	old := time.Now().UTC().Add(-25 * time.Hour)
	aged := func(age time.Duration, status model.JobStatus) *model.Job {
		at := time.Now().UTC().Add(-age)
		job := &model.Job{
			ID: model.NewID(), Action: "vm.start", Path: "launch", Monitored: true, External: true,
			Status: status, StartTime: at, LastUpdated: at,
		}
		if status != model.JobStarted {
			job.EndTime = at
		}
		return job
	}
	ended, fresh, running := aged(2*time.Hour, model.JobFinished), aged(time.Minute, model.JobFailed), aged(48*time.Hour, model.JobStarted)
	err := s.engine.Inventory.Update(context.Background(), func(tx *inventory.Tx) error {
		for range 1500 {
			event := audit.New(audit.EngineStarted, audit.About{Detail: "Long ago."})
			event.Time = old
			tx.Event(event)
		}
		tx.Event(audit.New(audit.EngineStarted, audit.About{Detail: "Just now."}))
		for _, job := range []*model.Job{ended, fresh, running} {
			tx.PutJob(job)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	s.end()

	s.start()
	s.comes("old events have gone", func() bool {
		left := 0
		err := s.engine.Store.Events(context.Background(), store.EventQuery{Until: old.Add(time.Minute)}, func(*model.Event) bool {
			left++
			return true
		})
		return err == nil && left == 0
	})
	s.comes("the old job has gone", func() bool {
		job, err := s.engine.Store.Job(context.Background(), ended.ID)
		return err == nil && job == nil
	})
	s.want(200, "GET", "/api/events", "", "Just now.")
	for what, id := range map[string]model.ID{"fresh": fresh.ID, "running": running.ID} {
		if job, err := s.engine.Store.Job(context.Background(), id); err != nil || job == nil {
			t.Errorf("the %s job has gone: %v", what, err)
		}
	}
}

// TestMetrics: the figures that the operator needs are there, by route and not by
// address, and nobody has to log in for them.
func TestMetrics(t *testing.T) {
	s := newSite(t)
	s.start()
	vm := s.addVM("counted")
	s.want(200, "POST", "/api/vms/"+vm+"/start", "<action/>")
	s.until("/api/vms/"+vm, "<state>up</state>")
	s.want(404, "GET", "/api/vms/"+string(model.NewID()), "")
	got := s.ask("GET", "/metrics", "", "Authorization", "")
	for _, line := range []string{
		`vireo_vms{status="up"} 1`,
		`vireo_vms{status="down"} 0`,
		`vireo_hosts{status="up"} 1`,
		`vireo_jobs_running 0`,
		`vireo_http_requests_total{code="404",method="GET",route="/vms/{vm}"} 1`,
		`vireo_http_requests_total{code="200",method="POST",route="/vms/{vm}/start"} 1`,
		`vireo_job_duration_seconds_count{action="vm.start",result="finished"} 1`,
		`vireo_host_call_duration_seconds_count{call="Boot"} 1`,
		`vireo_host_call_failures_total{call="Guest",cause="not_found"}`,
		`process_resident_memory_bytes`,
	} {
		if !strings.Contains(got.body, "\n"+line) {
			t.Errorf("no %s", line)
		}
	}
	if strings.Contains(got.body, vm) {
		t.Error("the figures name a VM")
	}
	s.comes("the health of a fenced engine is told", func() bool { return s.ask("GET", "/healthz", "", "Authorization", "").code == 200 })
}

// TestHealthOfFenced: an engine without the right to write is not well.
func TestHealthOfFenced(t *testing.T) {
	s := newSite(t)
	s.start()
	handler, recorder := s.engine.Handler, &recorded{header: http.Header{}}
	s.stop()
	if err := s.outcome(); err != nil {
		t.Fatal(err)
	}
	if err := s.engine.Close(); err != nil {
		t.Fatal(err)
	}
	s.engine = nil
	request, err := http.NewRequest(http.MethodGet, "/healthz", nil)
	if err != nil {
		t.Fatal(err)
	}
	handler.ServeHTTP(recorder, request)
	if recorder.code != http.StatusServiceUnavailable {
		t.Errorf("the answer was %d", recorder.code)
	}
}

type recorded struct {
	header http.Header
	code   int
}

func (r *recorded) Header() http.Header            { return r.header }
func (r *recorded) WriteHeader(code int)           { r.code = code }
func (r *recorded) Write(data []byte) (int, error) { return len(data), nil }

// TestSecretsStayOutOfTheLog goes through everything that has to do with secrets,
// with the most talkative log, and then looks for them.
func TestSecretsStayOutOfTheLog(t *testing.T) {
	s := newSite(t)
	s.start()
	vm := s.addVM("quiet")
	opened := s.ask("GET", "/api", "", "Prefer", "persistent-auth")
	token := opened.header.Get("JSESSIONID")
	if token == "" {
		t.Fatal("no session was opened")
	}
	cookie := []string{"Authorization", "", "Cookie", "JSESSIONID=" + token, "Prefer", "persistent-auth"}
	s.ask("GET", "/api/vms", "", cookie...)
	s.ask("GET", "/api/nonsense;jsessionid="+token, "", cookie...)
	wrong := base64.StdEncoding.EncodeToString([]byte("admin@internal:a wrong guess"))
	if got := s.ask("GET", "/api", "", "Authorization", "Basic "+wrong); got.code != 401 {
		t.Fatalf("a wrong password: %d", got.code)
	}
	s.ask("POST", "/api/vms/"+vm+"/start", "<action><vm><initialization><root_password>for the guest</root_password></initialization></vm></action>")
	s.ask("POST", "/api/vms/"+vm+"/start", "<action/>")
	s.until("/api/vms/"+vm, "<state>up</state>")
	ticket := s.ask("POST", "/api/vms/"+vm+"/ticket", "<action><ticket><value>t1cketvl</value><expiry>2</expiry></ticket></action>")
	s.ask("POST", "/api/vms/"+vm+"/ticket", "<action><ticket><value>t1cketvl</value><expiry>none</expiry></ticket></action>")
	s.ask("POST", "/api/vms", "<vm><name>of the body</name")
	s.ask("GET", "/api/vms?search="+"in+the+query%3D", "")
	tools := s.tools()
	defer tools.Close()
	if err := tools.ResetPassword(context.Background(), "a new secret"); err != nil {
		t.Fatal(err)
	}
	if err := tools.ResetPassword(context.Background(), ""); err != nil {
		t.Fatal(err)
	}
	made := strings.TrimSpace(s.read("admin-password"))
	user, _ := s.engine.Inventory.Users.Get(model.ID("fdfc627c-d875-11e0-90f0-83df133b58cc"))
	s.end()

	log := s.log.String()
	if !strings.Contains(log, "level=DEBUG") || !strings.Contains(log, "user=admin@internal") {
		t.Fatalf("this is not the log of the requests:\n%s", log)
	}
	if made := regexp.MustCompile(`<value>([^<]*)</value>`).FindStringSubmatch(ticket.body); made != nil && made[1] != "t1cketvl" {
		t.Errorf("the ticket is %s", made[1])
	}
	for what, secret := range map[string]string{
		"password": password, "Basic credentials": base64.StdEncoding.EncodeToString([]byte("admin@internal:" + password)),
		"session": token, "wrong password": "a wrong guess", "wrong credentials": wrong, "new password": "a new secret",
		"made password": made, "hash": user.PasswordHash, "guest's password": "for the guest", "ticket": "t1cketvl",
	} {
		if secret == "" {
			t.Errorf("there is no %s to look for", what)
			continue
		}
		for line := range strings.SplitSeq(log, "\n") {
			if strings.Contains(line, secret) {
				t.Errorf("the %s is in the log: %s", what, line)
			}
		}
	}
}
