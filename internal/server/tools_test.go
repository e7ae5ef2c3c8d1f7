package server_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vireo/internal/option"
	"vireo/internal/server"
)

// withTools does something with a running engine and again with a resting one.
func withTools(t *testing.T, do func(t *testing.T, s *site, tools server.Tools)) {
	for _, resting := range []bool{false, true} {
		name := "running"
		if resting {
			name = "resting"
		}
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.start()
			if resting {
				s.end()
			}
			tools := s.tools()
			do(t, s, tools)
			if err := tools.Close(); err != nil {
				t.Error(err)
			}
			if resting {
				s.start()
			}
		})
	}
}

func (s *site) tools() server.Tools {
	s.Helper()
	tools, err := server.OpenTools(context.Background(), s.config.DataDir, s.config.Database)
	if err != nil {
		s.Fatal(err)
	}
	return tools
}

func valueOf(t *testing.T, tools server.Tools, name string) string {
	t.Helper()
	values, err := tools.Options(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	for _, each := range values {
		if each.Name == name {
			return each.Value
		}
	}
	t.Fatalf("there is no option %s", name)
	return ""
}

func TestOptions(t *testing.T) {
	withTools(t, func(t *testing.T, _ *site, tools server.Tools) {
		ctx := context.Background()
		for _, bad := range []struct{ name, value, why string }{
			{"NoSuchOption", "1", "NoSuchOption"},
			{"engine.id", "mine", "engine.id"},
			{"VmRebootTimeout", "soon", "a time such as 30s"},
			{"VmRebootTimeout", "99999999999999999", "a time such as 30s"},
			{"HostCallTimeout", "0", "at least 1"},
			{"HostCallTimeout", "-5s", "at least 1"},
			{"AuditLogAgingThreshold", "0", "at least 3600"},
			{"MaxVmCpus", "many", "a whole number"},
			{"MaxVmCpus", "0", "at least 1"},
			{"CSRFProtection", "yes", "true or false"},
			{"MacPoolRanges", "00:1a:4a:00:00:01", "MacPoolRanges"},
		} {
			_, known := option.Find(bad.name)
			before := ""
			if known {
				before = valueOf(t, tools, bad.name)
			}
			err := tools.SetOption(ctx, bad.name, bad.value)
			if err == nil || !strings.Contains(err.Error(), bad.why) {
				t.Errorf("%s %q: %v", bad.name, bad.value, err)
			}
			if known && valueOf(t, tools, bad.name) != before {
				t.Errorf("%s %q was refused and set", bad.name, bad.value)
			}
		}
		for _, step := range []struct{ name, value, want string }{
			{"vmreboottimeout", "7m", "7m"}, {"VmRebootTimeout", "90", "90"}, {"VmRebootTimeout", "", "3m"},
		} {
			if err := tools.SetOption(ctx, step.name, step.value); err != nil {
				t.Fatal(err)
			}
			if got := valueOf(t, tools, "VmRebootTimeout"); got != step.want {
				t.Errorf("after %q the option is %q", step.value, got)
			}
		}
		if err := tools.SetOption(ctx, "SearchResultsLimit", "7"); err != nil {
			t.Fatal(err)
		}
	})
}

// TestOptionsAreKept: what was set at rest counts after the start.
func TestOptionsAreKept(t *testing.T) {
	s := newSite(t)
	s.start()
	s.end()
	tools := s.tools()
	if err := tools.SetOption(context.Background(), "SearchResultsLimit", "7"); err != nil {
		t.Fatal(err)
	}
	if err := tools.Close(); err != nil {
		t.Fatal(err)
	}
	s.start()
	if got := s.engine.Values.Int("SearchResultsLimit"); got != 7 {
		t.Errorf("the option is %d", got)
	}
}

// TestResetPassword: the old password and every session end with it.
func TestResetPassword(t *testing.T) {
	s := newSite(t)
	s.start()
	opened := s.ask("GET", "/api", "", "Prefer", "persistent-auth")
	cookie, _, _ := strings.Cut(opened.header.Get("Set-Cookie"), ";")
	if opened.code != 200 || cookie == "" {
		t.Fatalf("no session: %d", opened.code)
	}
	session := []string{"Authorization", "", "Cookie", cookie, "Prefer", "persistent-auth"}
	if got := s.ask("GET", "/api", "", session...); got.code != 200 {
		t.Fatalf("the session is not taken: %d", got.code)
	}

	tools := s.tools()
	defer tools.Close()
	if err := tools.ResetPassword(context.Background(), "a second password"); err != nil {
		t.Fatal(err)
	}
	if got := s.ask("GET", "/api", "", session...); got.code != 401 {
		t.Errorf("the session goes on: %d", got.code)
	}
	if got := s.ask("GET", "/api", ""); got.code != 401 {
		t.Errorf("the old password is taken: %d", got.code)
	}
	s.config.AdminPassword = "a second password"
	s.want(http.StatusOK, "GET", "/api", "")

	// One that is made up stands in the file; one that is given makes that file
	// useless.
	if err := tools.ResetPassword(context.Background(), ""); err != nil {
		t.Fatal(err)
	}
	s.config.AdminPassword = strings.TrimSpace(s.read("admin-password"))
	s.want(http.StatusOK, "GET", "/api", "")
	if got := s.mode("admin-password"); got != 0o600 {
		t.Errorf("the mode is %v", got)
	}
	if err := tools.ResetPassword(context.Background(), strings.Repeat("x", 2000)); err == nil {
		t.Error("a password of 2,000 letters was taken")
	}
	s.want(http.StatusOK, "GET", "/api", "")
	if err := tools.ResetPassword(context.Background(), "a third password"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Lstat(s.path("admin-password")); !os.IsNotExist(err) {
		t.Errorf("the file with the old password is still there: %v", err)
	}
}

// TestResetPasswordAtRest: an engine that nobody can log in to is helped.
func TestResetPasswordAtRest(t *testing.T) {
	s := newSite(t)
	s.start()
	s.end()
	tools := s.tools()
	if err := tools.ResetPassword(context.Background(), ""); err != nil {
		t.Fatal(err)
	}
	if err := tools.Close(); err != nil {
		t.Fatal(err)
	}
	s.start()
	if got := s.ask("GET", "/api", ""); got.code != 401 {
		t.Errorf("the old password is taken: %d", got.code)
	}
	s.config.AdminPassword = strings.TrimSpace(s.read("admin-password"))
	s.want(http.StatusOK, "GET", "/api", "")
}

// TestToolsMakeNothing: looking where there is no engine leaves nothing behind.
func TestToolsMakeNothing(t *testing.T) {
	folder := t.TempDir()
	for _, path := range []string{folder, filepath.Join(folder, "missing")} {
		if _, err := server.OpenTools(context.Background(), path, ""); err == nil {
			t.Errorf("there are tools for %s", path)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil || len(entries) != 0 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}
