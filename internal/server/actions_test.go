package server

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"vireo/internal/engine"
	"vireo/internal/model"
)

var update = flag.Bool("update", false, "write generated pages anew")

const actionsPage = "../../docs/actions.md"

// TestActionsPage: docs/actions.md says what the command table says. With
// -update it is written anew.
func TestActionsPage(t *testing.T) {
	e := engine.New(engine.Options{})
	defer e.Close()
	install(e)
	page := renderActions(e.Commands())
	if *update {
		if err := os.WriteFile(actionsPage, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	written, err := os.ReadFile(actionsPage)
	if err != nil {
		t.Fatal(err)
	}
	if string(written) != page {
		t.Errorf("docs/actions.md is not what the command table says; write it with: go test ./internal/server -run ActionsPage -update")
	}
}

func renderActions(commands []*engine.Command) string {
	var out strings.Builder
	out.WriteString("# Commands\n\nGenerated from the command table; `go test ./internal/server -run ActionsPage -update` writes it.\n" +
		"Every change is a row of this table. A *path* is one way the command can go, chosen by the status of\n" +
		"the VM; a status that no path starts from is refused. *Via* is the status while the work lasts, *to*\n" +
		"the one after it where the watcher does not decide. A *task* is answered 202 unless the client waits.\n")
	for _, command := range commands {
		fmt.Fprintf(&out, "\n## %s %s\n\nPermit `%s`.", command.On, command.Name, command.Needs)
		if command.Interrupts {
			out.WriteString(" Ends a job that is in its way.")
		}
		out.WriteString("\n\n| path | from | via | to | steps | events (begun, done, failed) |\n|---|---|---|---|---|---|\n")
		for _, path := range command.Paths {
			fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s |\n", name(path), from(path.From), path.Via, path.To, steps(path), events(path))
		}
	}
	return out.String()
}

func name(path engine.Path) string {
	if path.Task {
		return path.Name + " (task)"
	}
	return path.Name
}

func from(statuses []model.Status) string {
	if statuses == nil {
		return "any"
	}
	words := make([]string, len(statuses))
	for i, status := range statuses {
		words[i] = string(status)
	}
	slices.Sort(words)
	return strings.Join(words, ", ")
}

func steps(path engine.Path) string {
	if len(path.Steps) == 0 {
		return "at once"
	}
	var words []string
	for _, step := range path.Steps {
		words = append(words, step.Name)
	}
	return strings.Join(words, ", ")
}

func events(path engine.Path) string {
	var words []string
	for _, code := range []int{int(path.Begun), int(path.Done), int(path.Failed)} {
		if code == 0 {
			words = append(words, "–")
		} else {
			words = append(words, fmt.Sprint(code))
		}
	}
	return strings.Join(words, ", ")
}
