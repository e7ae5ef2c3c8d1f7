package engine_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vireo/internal/engine"
	"vireo/internal/engine/sitetest"
	"vireo/internal/engine/vms"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// column is a verb of the matrix.
type column struct {
	title string
	row   *engine.Command
	call  func(*engine.Call)
}

// columns are all rows that act on a VM or on what belongs to one.
func columns(rows []*engine.Command) []column {
	var all []column
	for _, row := range rows {
		if row.Name == "add" && row.On == model.KindVM {
			continue
		}
		all = append(all, column{title: row.Key(), row: row})
		switch row.Key() {
		case "vm.start":
			all = append(all, column{"vm.start, run once", row, func(call *engine.Call) {
				call.Params = &vms.StartParams{Once: &model.RunOnce{}}
			}})
		case "vm.remove":
			all = append(all, column{"vm.remove, force", row, func(call *engine.Call) {
				call.Params = &vms.RemoveParams{Force: true}
			}})
		case "cdrom.update":
			all = append(all, column{"cdrom.update, current", row, variantOf("cdrom.update/insert")})
		}
	}
	return all
}

func variantOf(path string) func(*engine.Call) {
	return func(call *engine.Call) { variants[path](nil, call) }
}

// cell is what came of a verb in a status.
type cell struct {
	// path is the way the command went; "-" is none.
	path    string
	refusal *fault.Fault
}

// TestMatrix tries every row on a VM in every status. What comes of it is kept in
// testdata/matrix.golden, as a picture: a changed rule is a changed picture.
func TestMatrix(t *testing.T) {
	cells := make(map[model.Status]map[string]cell)
	verbs := columns(table(t))
	for _, status := range model.Statuses {
		cells[status] = make(map[string]cell)
		for _, verb := range some(string(status), verbs) {
			t.Run(string(status)+"/"+verb.title, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { cells[status][verb.title] = try(t, status, verb) })
			})
		}
	}
	if sitetest.Slow {
		return // only some cells were tried
	}
	t.Run("as documented", func(t *testing.T) { compareDocumented(t, cells) })
	t.Run("golden", func(t *testing.T) { compareGolden(t, "matrix.golden", paint(verbs, cells)) })
}

// table gives the rows of the command table without an engine that runs.
func table(t *testing.T) []*engine.Command {
	t.Helper()
	e := engine.New(engine.Options{})
	sitetest.Install(e)
	return e.Commands()
}

func try(t *testing.T, status model.Status, verb column) cell {
	site := sitetest.New(t, sitetest.Options{})
	tried := prepare(t, site, verb.row, nil)
	if verb.call != nil {
		verb.call(tried.call)
	}
	site.Bring(tried.vm, status)
	tried.inPool()
	tried.listen()
	was := site.VM(tried.vm)
	result, err := site.Act(tried.call)
	made := cell{path: "-"}
	switch {
	case err == nil && result.Job != nil:
		made.path = result.Job.Path
	case err == nil:
		made.path = "done"
	case !errors.As(err, &made.refusal):
		t.Fatalf("refused without a fault: %v", err)
	case result != nil && result.Job != nil:
		t.Fatalf("accepted, and then it failed: %v", err)
	case site.Status(tried.vm) != was.Run.Status:
		t.Errorf("refused, and the VM is %s now", site.Status(tried.vm))
	}
	if status == model.StatusUnknown {
		site.World.Machine(sitetest.Host(1)).Answer()
	}
	site.Whole(10 * time.Minute)
	return made
}

// paint draws the matrix, and below it every refusal with its sentence.
func paint(verbs []column, cells map[model.Status]map[string]cell) string {
	var text strings.Builder
	wide := 0
	for _, verb := range verbs {
		wide = max(wide, len(verb.title))
	}
	fmt.Fprintf(&text, "%-*s", wide, "")
	for _, status := range model.Statuses {
		fmt.Fprintf(&text, " %-*s", width(status), status)
	}
	text.WriteString("\n")
	for _, verb := range verbs {
		line := fmt.Sprintf("%-*s", wide, verb.title)
		for _, status := range model.Statuses {
			line += fmt.Sprintf(" %-*s", width(status), cells[status][verb.title].path)
		}
		text.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	for _, verb := range verbs {
		text.WriteString("\n" + verb.title + "\n")
		for _, status := range model.Statuses {
			if refusal := cells[status][verb.title].refusal; refusal != nil {
				fmt.Fprintf(&text, "  %-18s %-8s %s\n  %-18s          %s\n", status, refusal.Kind, refusal.Code, "",
					strings.ReplaceAll(refusal.Message(), "\n", `\n`))
			}
		}
	}
	return text.String()
}

func width(status model.Status) int { return max(len(status), len("configure")) }

func compareGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s differs; run with -update and look at what git says. It is now:\n%s", path, got)
	}
}

// documented is the matrix of api-v3 4.3, and 3.14 for remove: the statuses that
// allow a verb. All others refuse it.
var documented = map[string][]model.Status{
	"vm.start":           {model.StatusDown, model.StatusPaused, model.StatusSuspended},
	"vm.start, run once": {model.StatusDown},
	"vm.stop": {
		model.StatusDown, model.StatusWaitForLaunch, model.StatusPoweringUp, model.StatusUp, model.StatusPaused,
		model.StatusRebootInProgress, model.StatusPoweringDown, model.StatusMigrating, model.StatusSuspended, model.StatusNotResponding,
	},
	"vm.shutdown": {
		model.StatusDown, model.StatusWaitForLaunch, model.StatusPoweringUp, model.StatusUp, model.StatusPaused,
		model.StatusRebootInProgress, model.StatusPoweringDown, model.StatusMigrating, model.StatusSuspended, model.StatusNotResponding,
	},
	"vm.suspend": {model.StatusUp},
	"vm.reboot":  {model.StatusUp},
	"vm.migrate": {
		model.StatusUp, model.StatusPoweringUp, model.StatusPaused, model.StatusRebootInProgress,
	},
	"vm.cancelmigration": {model.StatusMigrating},
	"vm.ticket": {
		model.StatusUp, model.StatusPaused, model.StatusPoweringUp, model.StatusPoweringDown,
		model.StatusRebootInProgress,
	},
	// In the other statuses that have a guest its agent is not heard here.
	"vm.logon": {
		model.StatusUp, model.StatusPaused, model.StatusMigrating, model.StatusNotResponding,
	},
	"vm.proxyticket": {
		model.StatusUp, model.StatusPaused, model.StatusPoweringUp, model.StatusPoweringDown,
		model.StatusRebootInProgress,
	},
	"vm.clone": {model.StatusDown}, "template.add": {model.StatusDown},
	"vm.freezefilesystems": {model.StatusUp}, "vm.thawfilesystems": {model.StatusUp},
	"vm.detach":        {model.StatusDown, model.StatusSuspended, model.StatusImageIllegal, model.StatusNotResponding},
	"vm.remove":        {model.StatusDown, model.StatusUnassigned, model.StatusImageIllegal},
	"vm.remove, force": {model.StatusDown, model.StatusUnassigned, model.StatusImageIllegal},
	"nic.add":          {model.StatusDown, model.StatusUp},
	"nic.update":       {model.StatusDown, model.StatusUp},
}

func compareDocumented(t *testing.T, cells map[model.Status]map[string]cell) {
	for title, allowed := range documented {
		for status, row := range cells {
			want := false
			for _, each := range allowed {
				want = want || each == status
			}
			if got := row[title].path != "-"; got != want {
				t.Errorf("%s of a VM that is %s: allowed %v, documented %v", title, status, got, want)
			}
			documented := fault.Conflict
			if title == "vm.logon" { // api-v3 3.8
				documented = fault.Host
			}
			if refusal := row[title].refusal; refusal != nil && refusal.Kind != documented {
				t.Errorf("%s of a VM that is %s is refused as %s, documented is %s", title, status, refusal.Kind, documented)
			}
		}
	}
	for _, quoted := range sentences {
		for _, status := range quoted.refused {
			refusal := cells[status][quoted.verb].refusal
			if refusal == nil || refusal.Message() != quoted.text {
				t.Errorf("%s of a VM that is %s gives %v, documented is %q", quoted.verb, status, refusal, quoted.text)
			}
		}
	}
}

// sentences are the refusals that section 3 of the reference quotes.
var sentences = []struct {
	verb    string
	refused []model.Status
	text    string
}{
	{"vm.start", []model.Status{model.StatusUp}, "Cannot run VM because the VM is in Up status."},
	{"vm.start", []model.Status{model.StatusWaitForLaunch}, "Cannot run VM because the VM is in Wait for Launch status."},
	{"vm.start", []model.Status{model.StatusImageLocked}, "Cannot run VM: VM is locked. Please try again in a few minutes."},
	{
		"vm.stop",
		[]model.Status{model.StatusSavingState, model.StatusRestoringState},
		"Cannot stop VM. VM is in saving/restoring state.\n-Please try again when the VM is either up or down.",
	},
	{
		"vm.stop",
		[]model.Status{model.StatusImageLocked, model.StatusImageIllegal, model.StatusUnknown, model.StatusUnassigned},
		"Cannot stop VM. VM is not running.",
	},
	{
		"vm.shutdown",
		[]model.Status{model.StatusImageLocked, model.StatusImageIllegal, model.StatusUnknown, model.StatusUnassigned},
		"Cannot shutdown VM. VM is not running.",
	},
	{"vm.suspend", []model.Status{model.StatusWaitForLaunch}, "Cannot hibernate VM because the VM is in Wait for Launch status."},
	{"vm.suspend", []model.Status{model.StatusNotResponding}, "Cannot hibernate VM because the VM is in Not Responding status."},
	{
		"vm.suspend",
		[]model.Status{model.StatusPaused, model.StatusPoweringUp, model.StatusDown, model.StatusSuspended},
		"Cannot hibernate VM. VM is not up.",
	},
	{"vm.migrate", []model.Status{model.StatusDown, model.StatusPoweringDown, model.StatusSuspended}, "Cannot migrate VM. VM is not running."},
	{"vm.migrate", []model.Status{model.StatusMigrating}, "Cannot migrate VM. VM migration is in progress"},
	{"vm.migrate", []model.Status{model.StatusNotResponding}, "Cannot migrate VM because the VM is in Not Responding status."},
	{"vm.cancelmigration", []model.Status{model.StatusUp, model.StatusDown}, "Cannot cancel migration for non migrating VM."},
	{"vm.reboot", []model.Status{model.StatusDown}, "Cannot restart VM because the VM is in Down status."},
	{"vm.ticket", []model.Status{model.StatusDown}, "Cannot set Virtual Machine Ticket because the VM is in Down status."},
	{"vm.ticket", []model.Status{model.StatusMigrating}, "Cannot set Virtual Machine Ticket because the VM is in Migrating status."},
	{"vm.freezefilesystems", []model.Status{model.StatusSuspended}, "Cannot freeze VM because the VM is in Suspended status."},
	{"vm.thawfilesystems", []model.Status{model.StatusMigrating}, "Cannot thaw VM because the VM is in Migrating status."},
	{
		"vm.detach",
		[]model.Status{model.StatusUp, model.StatusPaused, model.StatusSavingState, model.StatusRestoringState, model.StatusUnknown},
		"Cannot detach VM from VM-Pool. VM is running.",
	},
	{"vm.remove", []model.Status{model.StatusSuspended}, "Cannot remove VM that its state is not down.\n-Please stop the VM first."},
	{"vm.remove", []model.Status{model.StatusUp, model.StatusPaused, model.StatusUnknown}, "Cannot remove VM. VM is running."},
}

// TestRemoveOfAStuckVM is the one documented use of force (api-v3 3.14).
func TestRemoveOfAStuckVM(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, sitetest.Options{})
		id := site.Add("vm")
		site.Edit(func(tx *inventory.Tx) {
			vm, _ := tx.VMs.Edit(id)
			engine.SetStatus(vm, model.StatusImageLocked, "")
		})
		remove := &engine.Call{On: model.KindVM, Name: "remove", Target: id}
		_, err := site.Act(remove)
		if refusal := fault.Of(err); err == nil || refusal.Message() != "Cannot remove VM: VM is locked. Please try again in a few minutes." {
			t.Errorf("without force: %v", err)
		}
		remove.Params = &vms.RemoveParams{Force: true}
		result, err := site.Act(remove)
		if err != nil {
			t.Fatalf("with force: %v", err)
		}
		if result.Job.Description != "Removing VM vm from system" {
			t.Errorf("the job is called %q", result.Job.Description)
		}
		site.Whole(sitetest.Soon)
	})
}
