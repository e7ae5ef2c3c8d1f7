package web

import (
	"embed"
	"io/fs"
	"net/http"
	"path"
	"strings"
)

//go:embed files
var embedded embed.FS

// filesBelow is where the pages' scripts and styles are.
const filesBelow = "/web/"

// consoleBelow is where the page of each VM's console is: /console/{vm}.
const consoleBelow = "/console/"

// policy lets a page use what comes from here, and nothing else; nor may another page
// show it inside itself. Pictures in the address are the pointers that guests draw.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// mediaTypes are those of the files, by the ends of their names: the machine's own table
// is not asked.
var mediaTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
	".txt": "text/plain; charset=utf-8",
}

// Serves says whether a path is one of a page or of its files.
func Serves(requested string) bool { return fileOf(requested) != "" }

// fileOf is the file that a path is for; empty for none.
func fileOf(requested string) string {
	if vm, ok := strings.CutPrefix(requested, consoleBelow); ok && vm != "" && !strings.Contains(vm, "/") {
		return "files/console.html"
	}
	name, ok := strings.CutPrefix(requested, filesBelow)
	if !ok || mediaTypes[path.Ext(name)] == "" || !fs.ValidPath(name) {
		return ""
	}
	return "files/" + name
}

// ServeHTTP serves a page or a file of one.
func ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := embedded.ReadFile(fileOf(r.URL.Path))
	if err != nil {
		http.NotFound(w, r)
		return
	}
	header := w.Header()
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Cross-Origin-Opener-Policy", "same-origin")
	header.Set("Cache-Control", "no-cache")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "Only GET and HEAD are allowed here.", http.StatusMethodNotAllowed)
		return
	}
	header.Set("Content-Type", mediaTypes[path.Ext(fileOf(r.URL.Path))])
	_, _ = w.Write(text)
}
