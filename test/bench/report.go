package main

import (
	"fmt"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// report is what a run found.
type report struct {
	date    time.Time
	machine []fact
	ratios  []line
	tables  []table
}

type fact struct{ name, value string }

// line is one row of a table: what was measured, the figures, and whether the
// aim, if there is one, was met.
type line struct {
	what  string
	cells []string
	aim   string
	met   bool
}

type table struct {
	title  string
	about  string
	heads  []string
	lines  []line
	hasAim bool
}

// ratio adds one of the ratios that the report begins with. limit of 0 is no aim.
func (r *report) ratio(what string, ratios []float64, ours, theirs string, limit float64) {
	middle := median(ratios)
	l := line{what: what, cells: []string{
		fmt.Sprintf("%.2f", middle),
		fmt.Sprintf("%.2f … %.2f", percentile(ratios, 25), percentile(ratios, 75)),
		fmt.Sprint(len(ratios)), ours, theirs,
	}}
	if limit > 0 {
		l.aim, l.met = fmt.Sprintf("< %.1f", limit), middle < limit
	}
	r.ratios = append(r.ratios, l)
}

func (r *report) add(t table) { r.tables = append(r.tables, t) }

// row adds a line; an empty aim is none.
func (t *table) row(what string, aim string, met bool, cells ...string) {
	t.lines = append(t.lines, line{what: what, cells: cells, aim: aim, met: met})
	t.hasAim = t.hasAim || aim != ""
}

func (r *report) all() []table {
	tables := r.tables
	if len(r.ratios) > 0 {
		ratios := table{
			title:  "Side by side",
			about:  "Both sides took turns in this run; the ratio is the median over the pairs, between the quartiles. Below 1, Vireo was quicker.",
			heads:  []string{"ratio", "quartiles", "pairs", "Vireo", "the other"},
			lines:  r.ratios,
			hasAim: true,
		}
		tables = append([]table{ratios}, tables...)
	}
	return tables
}

// text is the report for a terminal.
func (r *report) text() string {
	var out strings.Builder
	for _, t := range r.all() {
		fmt.Fprintf(&out, "\n%s\n", t.title)
		columns := tabwriter.NewWriter(&out, 0, 4, 2, ' ', 0)
		fmt.Fprintf(columns, "\t%s\n", strings.Join(t.head(), "\t"))
		for _, l := range t.lines {
			fmt.Fprintf(columns, "  %s\t%s\n", l.what, strings.Join(t.cells(l), "\t"))
		}
		_ = columns.Flush()
	}
	return out.String()
}

// markdown is the report as a page.
func (r *report) markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "# Bench\n\nWritten by `make bench`. Times depend on the machine and on what else it does; ratios were measured in one run, taking turns.\n\n")
	fmt.Fprintf(&out, "| | |\n|---|---|\n| measured | %s |\n", r.date.UTC().Format("2006-01-02 15:04 MST"))
	for _, f := range r.machine {
		fmt.Fprintf(&out, "| %s | %s |\n", f.name, f.value)
	}
	for _, t := range r.all() {
		fmt.Fprintf(&out, "\n## %s\n\n", t.title)
		if t.about != "" {
			fmt.Fprintf(&out, "%s\n\n", t.about)
		}
		fmt.Fprintf(&out, "| | %s |\n|---|%s\n", strings.Join(t.head(), " | "), strings.Repeat("---|", len(t.head())))
		for _, l := range t.lines {
			fmt.Fprintf(&out, "| %s | %s |\n", l.what, strings.Join(t.cells(l), " | "))
		}
	}
	return out.String()
}

func (t *table) head() []string {
	heads := slices.Clone(t.heads)
	if t.hasAim {
		heads = append(heads, "aim", "met")
	}
	return heads
}

func (t *table) cells(l line) []string {
	cells := slices.Clone(l.cells)
	for len(cells) < len(t.heads) {
		cells = append(cells, "")
	}
	if !t.hasAim {
		return cells
	}
	met := ""
	if l.aim != "" {
		met = map[bool]string{true: "yes", false: "no"}[l.met]
	}
	return append(cells, l.aim, met)
}

// milliseconds shows a time with as many digits as it deserves.
func milliseconds(d time.Duration) string {
	value := float64(d) / float64(time.Millisecond)
	switch {
	case value < 1:
		return fmt.Sprintf("%.2f ms", value)
	case value < 100:
		return fmt.Sprintf("%.1f ms", value)
	}
	return fmt.Sprintf("%.0f ms", value)
}

// bytesShown shows a size.
func bytesShown(size int64) string {
	switch {
	case size < 10_000:
		return fmt.Sprintf("%d B", size)
	case size < 10_000_000:
		return fmt.Sprintf("%.0f kB", float64(size)/1e3)
	}
	return fmt.Sprintf("%.1f MB", float64(size)/1e6)
}
