package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"
)

// progress is a bar on a terminal; anything else is shown nothing.
type progress struct {
	out  io.Writer
	what string
	// percent says that figures are hundredths and no bytes.
	percent bool

	mu    sync.Mutex
	began time.Time
	shown time.Time
	width int
}

// barWidth is the length of the bar, and barInterval how often it is drawn.
const (
	barWidth    = 30
	barInterval = 100 * time.Millisecond
)

func newProgress(out io.Writer, what string) *progress {
	file, isFile := out.(*os.File)
	if !isFile || !term.IsTerminal(int(file.Fd())) {
		out = nil
	}
	return &progress{out: out, what: what, began: time.Now()}
}

// showPercent draws the bar of what is known in hundredths only.
func (p *progress) showPercent(done, total int64) {
	p.percent = true
	p.show(done, total)
}

// show draws the bar, if it is time to.
func (p *progress) show(done, total int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out == nil || total <= 0 || done < total && time.Since(p.shown) < barInterval {
		return
	}
	p.shown = time.Now()
	line := p.line(done, total, time.Since(p.began))
	blank := max(0, p.width-len(line))
	p.width = len(line)
	fmt.Fprint(p.out, "\r"+line+strings.Repeat(" ", blank))
}

// line is the bar with figures: how much, how fast and how long to go.
func (p *progress) line(done, total int64, took time.Duration) string {
	full := int(barWidth * float64(done) / float64(total))
	text := fmt.Sprintf("%s [%s%s] %3d%%", p.what, strings.Repeat("=", full), strings.Repeat(" ", barWidth-full), int(100*float64(done)/float64(total)))
	if p.percent {
		return text
	}
	text += fmt.Sprintf(" %s of %s", size(done), size(total))
	if seconds := took.Seconds(); seconds >= 1 && done > 0 {
		left := time.Duration(float64(total-done) / float64(done) * float64(took)).Round(time.Second)
		text += fmt.Sprintf(", %s/s, %v left", size(int64(float64(done)/seconds)), left)
	}
	return text
}

// end leaves the bar where it is.
func (p *progress) end() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.out != nil && p.width > 0 {
		fmt.Fprintln(p.out)
	}
}

// size is a number of bytes for people.
func size(bytes int64) string {
	value, unit := float64(bytes), 0
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	for value >= 1024 && unit < len(units)-1 {
		value, unit = value/1024, unit+1
	}
	if unit == 0 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%.1f %s", value, units[unit])
}
