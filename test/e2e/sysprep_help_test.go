package e2e

import (
	"encoding/xml"
	"os/exec"
	"strings"
	"testing"
)

// endsPrepared ends the run, after which nothing of it is on the host.
func (v *vm) endsPrepared(t *testing.T) {
	t.Helper()
	v.act(t, "stop")
	v.await(t, "down")
	v.noSeeds(t)
}

// floppyIn is the image in a floppy drive, as libvirt has it.
func (v *vm) floppyIn(t *testing.T, drive string) string {
	t.Helper()
	for line := range strings.Lines(v.e.daemon.must(t, "domblklist", "--details", v.id)) {
		if words := strings.Fields(line); len(words) == 4 && words[1] == "floppy" && words[2] == drive {
			return words[3]
		}
	}
	t.Fatalf("libvirt has no floppy in %s", drive)
	return ""
}

// answerFile is the text of the only file on a floppy.
func (v *vm) answerFile(t *testing.T, drive, name string) string {
	t.Helper()
	image := v.floppyIn(t, drive)
	listed, err := exec.Command("mdir", "-b", "-i", image, "::").CombinedOutput()
	if err != nil || strings.TrimSpace(string(listed)) != "::/"+name {
		t.Errorf("the floppy holds %s, %v", listed, err)
	}
	text, err := exec.Command("mtype", "-i", image, "::"+name).Output()
	if err != nil {
		t.Fatalf("reading %s: %v", name, err)
	}
	return string(text)
}

// readINI gives the values by SECTION/KEY, without quotes.
func readINI(t *testing.T, text string) map[string]string {
	t.Helper()
	values, section := make(map[string]string), ""
	for line := range strings.Lines(text) {
		line, ended := strings.CutSuffix(line, "\r\n")
		key, value, pair := strings.Cut(line, "=")
		switch {
		case ended && strings.HasPrefix(line, "[") && strings.HasSuffix(line, "]"):
			section = strings.Trim(line, "[]")
		case ended && pair && section != "" && values[section+"/"+key] == "":
			values[section+"/"+key] = strings.TrimSuffix(strings.TrimPrefix(value, `"`), `"`)
		case line != "":
			t.Errorf("the line %q is none of an INI file", line)
		}
	}
	return values
}

// unattended is an Unattend.xml.
type unattended struct{ node }

func readUnattend(t *testing.T, text string) unattended {
	t.Helper()
	var read unattended
	if err := xml.Unmarshal([]byte(text), &read.node); err != nil {
		t.Fatalf("the answer file is not XML: %v\n%s", err, text)
	}
	return read
}

// text finds a value by pass, component and path: `specialize Shell-Setup TimeZone`.
func (u unattended) text(t *testing.T, where string) string {
	t.Helper()
	words := strings.Fields(where)
	for _, pass := range u.all("settings") {
		for _, part := range pass.all("component") {
			if pass.attr("pass") == words[0] && part.attr("name") == "Microsoft-Windows-"+words[1] {
				if part.attr("processorArchitecture") != "amd64" {
					t.Errorf("%s is for %s", words[1], part.attr("processorArchitecture"))
				}
				return part.text(words[2])
			}
		}
	}
	t.Errorf("there is no %s", where)
	return ""
}

// join is the domain to join, and whose account does it.
func (u unattended) join(t *testing.T) [3]string {
	t.Helper()
	const at = "specialize UnattendedJoin Identification/"
	return [3]string{u.text(t, at+"JoinDomain"), u.text(t, at+"Credentials/Username"), u.text(t, at+"Credentials/Password")}
}
