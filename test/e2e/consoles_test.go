package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"image"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// fetched is an answer in whatever form.
type fetched struct {
	*http.Response
	text string
}

// fetch asks below /ovirt-engine/api with a header Accept.
func (e *engine) fetch(t *testing.T, method, path, accept string) fetched {
	t.Helper()
	body := ""
	if method == "POST" {
		body = "<action/>"
	}
	return e.fetchBody(t, method, path, accept, body)
}

func (e *engine) fetchBody(t *testing.T, method, path, accept, body string) fetched {
	t.Helper()
	request, err := http.NewRequest(method, strings.TrimSuffix(e.url, "/api")+"/ovirt-engine/api"+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	request.SetBasicAuth(login, password)
	request.Header.Set("Accept", accept)
	request.Header.Set("Content-Type", "application/xml")
	answer, err := e.client.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fetched{answer, string(text)}
}

const viewerMedia = "application/x-virt-viewer"

// viewerFile asks for the file for remote-viewer, in version 3's way.
func (v *vm) viewerFile(t *testing.T, console string) map[string]string {
	t.Helper()
	said := v.e.fetch(t, "GET", "/v3"+v.path()+"/graphicsconsoles/"+console, viewerMedia)
	if kind := said.Header.Get("Content-Type"); kind != viewerMedia || said.StatusCode != 200 || !strings.HasPrefix(said.text, "[virt-viewer]\n") {
		t.Fatalf("a file for remote-viewer is answered with %d %s: %s", said.StatusCode, kind, said.text)
	}
	found := map[string]string{"": said.text}
	for line := range strings.Lines(said.text) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			found[key] = value
		}
	}
	return found
}

// displayAt waits until the API says where the display is.
func (v *vm) displayAt(t *testing.T) (address, port string) {
	t.Helper()
	eventually(t, "the API to say where the display is", func() (bool, string) {
		at := v.get(t).at("display")
		address, port = at.text("address"), at.text("port")
		return port != "", address
	})
	return address, port
}

// TestViewerFiles: what they say opens the display, of either kind.
func TestViewerFiles(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	for _, kind := range []struct {
		name, upper, lower string
		by                 entrance
	}{
		{"vnc", "564e43", "766e63", enterVNC}, {"spice", "5350494345", "7370696365", enterSPICE},
	} {
		v := e.showing(t, kind.name)
		file := v.viewerFile(t, kind.upper)
		address, port := v.displayAt(t)
		if file["type"] != kind.name || file["host"] != address || file["port"] != port ||
			file["delete-this-file"] != "1" || !strings.HasPrefix(file["title"], v.name+":") {
			t.Errorf("the file says %s", file[""])
		}
		if _, letIn := v.enter(t, kind.by, file["password"]); !letIn {
			t.Errorf("the password of the file does not open the %s display", kind.name)
		}
		// Version 4, in JSON and inside the action, with a ticket of its own.
		one := "/v4" + v.path() + "/graphicsconsoles/" + kind.lower
		said := e.fetch(t, "POST", one+"/remoteviewerconnectionfile", "application/json")
		var action struct {
			Status string `json:"status"`
			File   string `json:"remote_viewer_connection_file"`
		}
		if err := json.Unmarshal([]byte(said.text), &action); err != nil || action.Status != "complete" || !strings.Contains(action.File, "type="+kind.name+"\n") {
			t.Errorf("the action is answered with %d %s", said.StatusCode, said.text)
		}
		if _, letIn := v.enter(t, kind.by, file["password"]); letIn {
			t.Errorf("the %s display is opened by the file before", kind.name)
		}
		// Seconds, for this display.
		said = e.fetch(t, "POST", one+"/ticket", "application/json")
		if !strings.Contains(said.text, `"expiry":"7200"`) && !strings.Contains(said.text, `"expiry":7200`) {
			t.Errorf("a ticket of version 4 is answered with %s", said.text)
		}
		said = e.fetch(t, "GET", one+"?current=true", "application/json")
		if !strings.Contains(said.text, `"port":`) || !strings.Contains(said.text, v.id) {
			t.Errorf("the display is shown as %s", said.text)
		}
		if said = e.fetch(t, "GET", "/v3/vms", viewerMedia); said.StatusCode != 406 {
			t.Errorf("VMs as a file for remote-viewer are answered with %d", said.StatusCode)
		}
		if said = e.fetch(t, "GET", "/v3"+v.path()+"/graphicsconsoles/00", viewerMedia); said.StatusCode != 404 {
			t.Errorf("what the VM does not have is answered with %d %s", said.StatusCode, said.text)
		}
		v.act(t, "stop")
		v.await(t, "down")
		if said = e.fetch(t, "GET", one, viewerMedia); said.StatusCode != 409 || !strings.Contains(said.text, "<fault>") {
			t.Errorf("a VM that is down is answered with %d %s", said.StatusCode, said.text)
		}
	}
}

// TestRemoteViewer: remote-viewer, on a screen of its own, opens the engine's file for
// either kind of display and shows the guest.
func TestRemoteViewer(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	for _, kind := range []struct{ name, console string }{{"vnc", "564e43"}, {"spice", "5350494345"}} {
		v := e.create(t, "console=tty0")
		e.call(t, "PUT", v.path(), "<vm><display><type>"+kind.name+"</type></display></vm>")
		v.up(t)
		v.viewedRemotely(t, v.viewerFile(t, kind.console)[""], "remote-viewer-"+kind.name+".png")
	}
}

// viewedRemotely opens a file by remote-viewer, which shows the guest.
func (v *vm) viewedRemotely(t *testing.T, file, picture string) {
	t.Helper()
	display := screen(t)
	path := filepath.Join(t.TempDir(), "console.vv")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		t.Fatal(err)
	}
	var output strings.Builder
	viewer := exec.Command("remote-viewer", "--full-screen", path)
	viewer.Env = append(os.Environ(), "DISPLAY="+display, "HOME="+t.TempDir(), "XDG_RUNTIME_DIR="+t.TempDir(), "NO_AT_BRIDGE=1")
	viewer.Stdout, viewer.Stderr = &output, &output
	if err := viewer.Start(); err != nil {
		t.Fatal(err)
	}
	ended := sync.OnceFunc(func() { _ = viewer.Process.Kill(); _ = viewer.Wait() })
	t.Cleanup(func() {
		ended()
		if t.Failed() {
			t.Logf("remote-viewer says: %s", output.String())
		}
	})
	// The guest makes its screen blue, which nothing of the viewer's own is.
	v.inside(t, `printf '\033[44m\033[2J' > /dev/tty1`)
	var shown []byte
	eventually(t, "remote-viewer to show the guest", func() (bool, string) {
		shown = grab(t, display)
		dots := blue(t, shown)
		return dots > 100_000, strconv.Itoa(dots) + " dots of what it shows are blue"
	})
	keep(t, picture, shown)
	if _, err := os.Stat(path); err == nil {
		t.Error("remote-viewer has left its file, which it was told to delete")
	}
	ended()
}

// blue counts the dots of a picture that are nothing but blue.
func blue(t *testing.T, text []byte) (count int) {
	t.Helper()
	picture, _, err := image.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	for y := picture.Bounds().Min.Y; y < picture.Bounds().Max.Y; y++ {
		for x := picture.Bounds().Min.X; x < picture.Bounds().Max.X; x++ {
			r, g, b, _ := picture.At(x, y).RGBA()
			if b > 0x6000 && r < 0x3000 && g < 0x3000 {
				count++
			}
		}
	}
	return count
}

// screen starts an X server without a screen that one could see, and names it.
func screen(t *testing.T) string {
	t.Helper()
	number, told, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer number.Close()
	server := exec.Command("Xvfb", "-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp")
	server.ExtraFiles = []*os.File{told}
	err = server.Start()
	told.Close()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Process.Kill(); _ = server.Wait() })
	line, err := bufio.NewReader(number).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return ":" + strings.TrimSpace(line)
}

// grab takes a picture of an X server's screen.
func grab(t *testing.T, display string) []byte {
	t.Helper()
	command := exec.Command("import", "-display", display, "-window", "root", "png:-")
	picture, err := command.Output()
	if err != nil {
		t.Fatalf("taking a picture of the screen: %v", err)
	}
	return picture
}

// TestSerialConsole: vireo console carries what is typed and what is shown, until it is
// left; then another may come.
func TestSerialConsole(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	v := e.create(t)
	v.up(t)
	for range 2 {
		line := e.console(t, v.name)
		line.say(t, "echo one-$((6*7))\r")
		line.hears(t, "one-42")
		if other := e.console(t, v.id); !other.ends() {
			t.Error("a second one is let in to the serial console")
		}
		line.say(t, "\x1d")
		if !line.ends() {
			t.Error("the escape does not end it")
		}
	}
	v.told(t, "167", "168")
	line := e.console(t, v.id)
	line.hears(t, "count ")
	v.act(t, "stop")
	if !line.ends() {
		t.Error("it does not end with the VM")
	}
	if strings.Contains(e.run.logged(), "token=") {
		t.Error("the token of a console is in the engine's log")
	}
}

// terminal is vireo console with somebody who types.
type terminal struct {
	typed io.WriteCloser
	shown chan string
	heard string
	ended chan struct{}
}

func (e *engine) console(t *testing.T, vm string) *terminal {
	t.Helper()
	secret := filepath.Join(e.dataDir, "password-of-tests")
	if err := os.WriteFile(secret, []byte(password+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(program, "console", vm, "--data-dir", e.dataDir, "--password-file", secret,
		"--url", strings.TrimSuffix(e.url, "/api")+"/ovirt-engine/api")
	typed, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	output, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	line := &terminal{typed: typed, shown: make(chan string, 64), ended: make(chan struct{})}
	go func() {
		defer close(line.ended)
		defer close(line.shown)
		buffer := make([]byte, 4096)
		for {
			n, err := output.Read(buffer)
			if n > 0 {
				line.shown <- string(buffer[:n])
			}
			if err != nil {
				break
			}
		}
		_ = command.Wait()
	}()
	t.Cleanup(func() { _ = command.Process.Kill() })
	return line
}

func (l *terminal) say(t *testing.T, text string) {
	t.Helper()
	if _, err := io.WriteString(l.typed, text); err != nil {
		t.Fatal(err)
	}
}

func (l *terminal) hears(t *testing.T, text string) {
	t.Helper()
	eventually(t, "the console to show "+text, func() (bool, string) {
		for len(l.shown) > 0 {
			l.heard += <-l.shown
		}
		return strings.Contains(l.heard, text), "it shows " + l.heard
	})
}

// ends says whether the program ends by itself, within the patience of tests.
func (l *terminal) ends() bool {
	late := time.After(patience)
	for {
		select {
		case _, more := <-l.shown:
			if !more {
				<-l.ended
				return true
			}
		case <-late:
			return false
		}
	}
}
