package e2e

import (
	"bytes"
	"context"
	"image"
	_ "image/png" // pictures are of this format
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// TestConsolePage: the page of a console, in a real browser, shows the guest, and what
// is typed there comes to it.
func TestConsolePage(t *testing.T) {
	t.Parallel()
	e := newEngine(t, system, nil)
	v := e.create(t, "console=tty0")
	e.call(t, "PUT", v.path(), "<vm><display><type>vnc</type></display></vm>")
	v.up(t)
	p := browse(t)
	do(t, p, chromedp.Navigate(strings.TrimSuffix(e.url, "/api")+"/console/"+v.id))
	do(t, p, chromedp.WaitVisible("#login"))
	do(t, p, chromedp.SetValue("#user", login))
	do(t, p, chromedp.SendKeys("#password", "not "+password))
	do(t, p, chromedp.Click("#login button"))
	p.shows(t, "#state", "incorrect")
	do(t, p, chromedp.SetValue("#password", password))
	do(t, p, chromedp.Click("#login button"))
	p.shows(t, "#state", "Connected.")
	do(t, p, chromedp.WaitVisible("#screen canvas"))

	// A shell waits on the screen. Keys go to what has the focus, which is the display.
	do(t, p, chromedp.KeyEvent("touch /run/typed\r"))
	eventually(t, "what was typed to come to the guest", func() (bool, string) {
		found := v.inside(t, "ls /run")
		return strings.Contains(found, "typed"), "there is " + found
	})
	eventually(t, "the page to show the guest's screen", func() (bool, string) {
		return drawn(t, do(t, p, chromedp.Screenshot("#screen canvas"))) > 500, "it is nearly empty"
	})
	keep(t, "console-page.png", do(t, p, chromedp.CaptureScreenshot()))
	keep(t, "console-screen.png", v.screenshot(t))
	v.told(t, "164", "167")

	// Another ticket throws the page off, and it says so; it may come again.
	v.act(t, "ticket")
	p.shows(t, "#state", "Disconnected.")
	v.told(t, "168")
	do(t, p, chromedp.Click("#again"))
	p.shows(t, "#state", "Connected.")
	do(t, p, chromedp.Click("#logout"))
	do(t, p, chromedp.WaitVisible("#login"))
	p.shows(t, "#state", "Disconnected.")
	if complaints := p.complaints(); len(complaints) > 0 {
		t.Errorf("the browser complains: %q", complaints)
	}
}

// page is what a browser shows.
type page struct {
	ctx context.Context
	mu  sync.Mutex
	// said are the browser's complaints.
	said []string
}

// browse opens a browser without a window. It runs as root, and knows no CA.
func browse(t *testing.T) *page {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.NoSandbox, chromedp.IgnoreCertErrors, chromedp.UserDataDir(t.TempDir()),
		chromedp.WindowSize(1024, 768), chromedp.WSURLReadTimeout(patience))
	allocated, cancel := chromedp.NewExecAllocator(context.Background(), options...)
	t.Cleanup(cancel)
	ctx, closePage := chromedp.NewContext(allocated)
	t.Cleanup(closePage)
	p := &page{ctx: ctx}
	err := chromedp.Listen(ctx, func(event any) {
		switch event := event.(type) {
		case *log.EventEntryAdded:
			// What is answered with a refusal is complained of too, as is a missing icon.
			if event.Entry.Source != "network" {
				p.complain(event.Entry.Text)
			}
		case *runtime.EventExceptionThrown:
			p.complain(event.ExceptionDetails.Text)
		}
	})
	if err != nil {
		t.Fatalf("starting the browser: %v", err)
	}
	return p
}

func (p *page) complain(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.said = append(p.said, text)
}

func (p *page) complaints() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said
}

// do does something in the browser.
func do[T any](t *testing.T, p *page, action chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatalf("in the browser: %v; it complains: %q", err, p.complaints())
	}
	return value
}

// shows waits until an element holds a text.
func (p *page) shows(t *testing.T, element, text string) {
	t.Helper()
	eventually(t, element+" to say "+text, func() (bool, string) {
		got := do(t, p, chromedp.Text(element, chromedp.NodeReady))
		return strings.Contains(got, text), "it says " + got
	})
}

// drawn counts the dots of a picture that are not of its most frequent colour.
func drawn(t *testing.T, text []byte) int {
	t.Helper()
	picture, _, err := image.Decode(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	type colour struct{ r, g, b uint32 }
	counts := map[colour]int{}
	most, all := 0, 0
	for y := picture.Bounds().Min.Y; y < picture.Bounds().Max.Y; y++ {
		for x := picture.Bounds().Min.X; x < picture.Bounds().Max.X; x++ {
			r, g, b, _ := picture.At(x, y).RGBA()
			counts[colour{r, g, b}]++
			most = max(most, counts[colour{r, g, b}])
			all++
		}
	}
	return all - most
}

// keep writes a picture where the tests' output is kept (go test -artifacts).
func keep(t *testing.T, name string, text []byte) {
	t.Helper()
	path := filepath.Join(t.ArtifactDir(), name)
	if err := os.WriteFile(path, text, 0o644); err != nil {
		t.Fatal(err)
	}
	t.Logf("%s has %d dots drawn", path, drawn(t, text))
}

// screenshot asks the engine for a picture.
func (v *vm) screenshot(t *testing.T) []byte {
	t.Helper()
	said := v.e.fetch(t, "POST", "/v4"+v.path()+"/screenshot", "*/*")
	if kind := said.Header.Get("Content-Type"); kind != "image/png" || said.StatusCode != 200 {
		t.Fatalf("a screenshot is answered with %d %s: %.200s", said.StatusCode, kind, said.text)
	}
	return []byte(said.text)
}
