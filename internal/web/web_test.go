package web_test

import (
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"regexp"
	"strings"
	"testing"

	"vireo/internal/web"
)

func get(method, at string) *httptest.ResponseRecorder {
	answer := httptest.NewRecorder()
	web.ServeHTTP(answer, httptest.NewRequest(method, at, http.NoBody))
	return answer
}

// TestPage: the page of a console lets nothing in but its own files.
func TestPage(t *testing.T) {
	const page = "/console/5114bb3e-a4e6-44b2-b783-b3eea7d84720"
	answer := get("GET", page)
	policy := answer.Header().Get("Content-Security-Policy")
	if answer.Code != 200 || !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/html") ||
		!strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("it is answered with %d %v", answer.Code, answer.Header())
	}
	if inline := regexp.MustCompile(`<style|style=|<script>|onclick=|https?://`).FindString(answer.Body.String()); inline != "" {
		t.Errorf("the page holds %q, which its policy forbids", inline)
	}
	if answer := get("POST", page); answer.Code != 405 {
		t.Errorf("POST is answered with %d", answer.Code)
	}
	for _, at := range []string{"/", "/console/", page + "/vnc", "/web/", "/web/../doc.go", "/web/nothing.js", "/web/novnc", "/api"} {
		if answer := get("GET", at); answer.Code != 404 {
			t.Errorf("%s is answered with %d", at, answer.Code)
		}
	}
}

// TestImports: every script that a script imports is there, with a type that browsers
// run.
func TestImports(t *testing.T) {
	imports := regexp.MustCompile(`(?m)^(?:import|export)\s[^"';]*from ["']([^"']+)["'];$`)
	seen := 0
	err := fs.WalkDir(os.DirFS("files"), ".", func(name string, _ fs.DirEntry, err error) error {
		if err != nil || path.Ext(name) != ".js" {
			return err
		}
		text, err := os.ReadFile("files/" + name)
		if err != nil {
			return err
		}
		for _, found := range imports.FindAllStringSubmatch(string(text), -1) {
			at := found[1]
			if !strings.HasPrefix(at, "/") {
				at = path.Join("/web", path.Dir(name), at)
			}
			seen++
			if answer := get("GET", at); answer.Code != 200 || !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/javascript") {
				t.Errorf("%s imports %s, which is answered with %d", name, at, answer.Code)
			}
		}
		return nil
	})
	if err != nil || seen < 50 {
		t.Errorf("%d imports were found: %v", seen, err)
	}
	// What is under a licence of its own comes with it.
	if text, err := os.ReadFile("files/novnc/LICENSE.txt"); err != nil || !strings.Contains(string(text), "MPL 2.0") {
		t.Errorf("the licence of noVNC is %.40q, %v", text, err)
	}
}
