package seed

import (
	"encoding/base64"
	"encoding/json"
	"os/exec"
	"reflect"
	"slices"
	"strings"
	"testing"

	"go.yaml.in/yaml/v4"
	"pgregory.net/rapid"
)

// reader reads YAML as cloud-init does: by Python's library, which knows an older
// YAML than the one that wrote it. One process reads all that a test has.
type reader struct {
	in  *json.Encoder
	out *json.Decoder
}

const readerProgram = `
import sys, json, yaml
for line in sys.stdin:
    try:
        answer = {"read": yaml.safe_load(json.loads(line))}
    except Exception as e:
        answer = {"problem": str(e)}
    print(json.dumps(answer), flush=True)
`

func newReader(t *testing.T) reader {
	command := exec.Command("/usr/bin/python3", "-c", readerProgram) // Debian's, which has python3-yaml
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatalf("%v (scripts/install-packages test)", err)
	}
	t.Cleanup(func() {
		in.Close()
		if err := command.Wait(); err != nil {
			t.Errorf("the reader of YAML: %v (scripts/install-packages test)", err)
		}
	})
	return reader{json.NewEncoder(in), json.NewDecoder(out)}
}

func (r reader) read(t rapid.TB, text string) map[string]any {
	if err := r.in.Encode(text); err != nil {
		t.Fatalf("%v", err)
	}
	var answer struct {
		Read    map[string]any
		Problem string
	}
	if err := r.out.Decode(&answer); err != nil || answer.Problem != "" {
		t.Fatalf("%v %s\n%s", err, answer.Problem, text)
	}
	return answer.Read
}

func userDataOf(t rapid.TB, data CloudInit) string {
	files, err := data.ConfigDrive()
	if err != nil {
		t.Fatalf("%v", err)
	}
	text := string(files[1].Content)
	if !strings.HasPrefix(text, "#cloud-config\n") {
		t.Fatalf("the first line is not #cloud-config:\n%s", text)
	}
	return text
}

// fileContent is what cloud-init would write.
func fileContent(entry map[string]any) string {
	content, _ := entry["content"].(string)
	if entry["encoding"] == "b64" {
		decoded, err := base64.StdEncoding.DecodeString(content)
		if err != nil {
			return err.Error()
		}
		return string(decoded)
	}
	return content
}

// awkward are values that YAML could take for something else.
var awkward = []string{
	"yes", "no", "null", "~", "0123", "0x1f", "1_000", "12:30:45", "2001-01-01", "=", "<<", "&a", "*a", "!x", "- a",
	"a: b", "a #b", "{{ x }}", "'", "\"", "\\n", "%", "@", "`", "|", ">", "?", "[", "{", " lead", "trail ", "ü€中😀",
	"\u2028", "\u00a0", "\ufeff", "1e3", ".inf", "True",
}

var anyText = rapid.OneOf(
	rapid.SampledFrom(awkward),
	rapid.String().Filter(func(s string) bool { return s != "" && !hasControls(s) }),
)

// TestUserDataReadBack: whatever the values, cloud-init reads those very values.
func TestUserDataReadBack(t *testing.T) {
	judge := newReader(t)
	rapid.Check(t, func(t *rapid.T) {
		password := anyText.Filter(func(s string) bool { return s != "R" }).Draw(t, "password")
		other := anyText.Draw(t, "other password")
		content := rapid.OneOf(rapid.Map(anyText, func(s string) []byte { return []byte(s) }), rapid.SliceOf(rapid.Byte())).Draw(t, "content")
		value := rapid.MapOfN(anyText, anyText, 1, 5).Draw(t, "value")
		script, err := json.Marshal(map[string]any{"of_the_script": value, "runcmd": []string{other}})
		if err != nil {
			t.Fatal(err)
		}
		read := judge.read(t, userDataOf(t, CloudInit{
			Instance: someInstance, Password: password, Users: []User{{"bob", other}},
			Files: []InjectedFile{{"/a", content}}, CustomScript: string(script),
		}))
		same(t, read["password"].(string), password)
		same(t, read["users"].([]any)[0].(map[string]any)["plain_text_passwd"].(string), other)
		same(t, fileContent(read["write_files"].([]any)[0].(map[string]any)), string(content))
		same(t, read["runcmd"].([]any)[1].(string), other)
		for key, want := range value {
			same(t, read["of_the_script"].(map[string]any)[key].(string), want)
		}
	})
}

// TestScriptKept: what only the script says means the same as in the script alone.
func TestScriptKept(t *testing.T) {
	judge := newReader(t)
	for _, script := range []string{
		"a: yes\nb: 0644\nc: 1_000\nd: 1e3\ne: 2001-01-01x\nf: ~\n",
		"a: |\n  one\n    two\n\nb: >-\n  folded\n  text\n",
		"a: &x {k: [1, 2.5, 'q']}\nb: *x\nc:\n  <<: *x\n  l: m\n",
		"a: !!str 123\nb:\nc: {d: , e: ~}\n",
		"---\na: \"\\u00e4\\t\"\n'b c': [x, {y: z}]\n...\n",
		"on: off\n1: 2\n~: x\n",
		"a:\r\n- b\r\n",
		"\ufeff# only a note\n\n#cloud-config\na: b\n",
		"a: {}\nb: []\nc: ''\n",
	} {
		alone := judge.read(t, strings.TrimPrefix(script, "\ufeff"))
		joined := judge.read(t, userDataOf(t, withScript(script)))
		for key, want := range alone {
			if !reflect.DeepEqual(joined[key], want) {
				t.Errorf("%q: %s is %v, want %v", script, key, joined[key], want)
			}
		}
	}
}

// TestScriptJoined: lists and maps are joined, what was asked for stays, and what
// is merely usual gives way.
func TestScriptJoined(t *testing.T) {
	judge := newReader(t)
	data := CloudInit{
		Instance: someInstance, TimeZone: "UTC", Password: "p:w", Files: []InjectedFile{{"/a", nil}},
		DNSServers: []string{"1.1.1.1"}, RegenerateSSHKeys: true,
		CustomScript: `
timezone: Mars
password: other
user:
runcmd: [[a, b], c]
write_files: [{path: /b}]
bootcmd: [x]
resolv_conf: {options: {rotate: true}, nameservers: [2.2.2.2]}
ssh_deletekeys: false
disable_root: true
ssh_pwauth: false
output: {init: x}
chpasswd: {expire: true, users: [{name: carol, type: RANDOM}]}
`,
	}
	read := judge.read(t, userDataOf(t, data))
	for key, want := range map[string]string{
		"timezone": `"UTC"`, "password": `"p:w"`, "user": `"root"`, "ssh_deletekeys": `"True"`,
		"disable_root": `true`, "ssh_pwauth": `false`,
		"output":      `{"all":"\u003e\u003e /var/log/cloud-init-output.log","init":"x"}`,
		"write_files": `[{"content":"","path":"/a"},{"path":"/b"}]`,
		"resolv_conf": `{"nameservers":["1.1.1.1","2.2.2.2"],"options":{"rotate":true}}`,
		"chpasswd":    `{"expire":true,"users":[{"name":"carol","type":"RANDOM"},{"name":"root","password":"p:w","type":"text"}]}`,
	} {
		got, err := json.Marshal(read[key])
		if err != nil || string(got) != want {
			t.Errorf("%s is %s (%v), want %s", key, got, err, want)
		}
	}
	if commands := read["runcmd"].([]any); len(commands) != 3 || commands[0] != laterBoots || commands[2] != "c" {
		t.Errorf("runcmd is %v", commands)
	}
	if commands := read["bootcmd"].([]any); len(commands) != 2 || commands[1] != "x" {
		t.Errorf("bootcmd is %v", commands)
	}
}

// TestPasswordKept: cloud-init ignores `password` where a script lists passwords.
func TestPasswordKept(t *testing.T) {
	judge := newReader(t)
	for script, want := range map[string]string{
		"chpasswd: {list: ['carol:x']}":     `{"expire":false,"list":["carol:x","root:pw"]}`,
		"chpasswd:\n  list: |\n    carol:x": `{"expire":false,"list":"carol:x\nroot:pw\n"}`,
		"chpasswd: {expire: false}":         `{"expire":false}`,
		"chpasswd: {list: ''}":              `{"expire":false,"list":""}`,
		"chpasswd: {list: }":                `{"expire":false,"list":null}`,
	} {
		data := withScript(script)
		data.Password = "pw"
		got, err := json.Marshal(judge.read(t, userDataOf(t, data))["chpasswd"])
		if err != nil || string(got) != want {
			t.Errorf("%q: %s (%v), want %s", script, got, err, want)
		}
	}
}

// TestScriptThatIsAProgram: it is put where cloud-init puts programs that are given
// as user data, beside the files that were asked for.
func TestScriptThatIsAProgram(t *testing.T) {
	program := "#!/bin/bash\necho \"ä: #\"\n"
	c := withScript(program)
	c.Files = []InjectedFile{{Path: "/etc/motd", Content: []byte("hello")}}
	files, err := c.ConfigDrive()
	if err != nil {
		t.Fatal(err)
	}
	var told struct {
		WriteFiles []struct{ Path, Content, Permissions string } `yaml:"write_files"`
		RunCmd     []string                                      `yaml:"runcmd"`
	}
	if err := yaml.Load(files[1].Content, &told); err != nil {
		t.Fatal(err)
	}
	if len(told.WriteFiles) != 2 || told.WriteFiles[0].Path != "/etc/motd" || len(told.RunCmd) == 0 {
		t.Fatalf("the rest is lost: %+v", told)
	}
	if got := told.WriteFiles[1]; got.Path != programPath || got.Content != program || got.Permissions != "0700" {
		t.Errorf("the program is told as %+v", got)
	}
}

func TestScriptRefused(t *testing.T) {
	bomb := "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
	for i := range byte(5) {
		name := string('b' + i)
		alias := "*" + string('a'+i)
		bomb += name + ": &" + name + " [" + strings.TrimSuffix(strings.Repeat(alias+", ", 10), ", ") + "]\n"
	}
	for script, want := range map[string]string{
		"your script":                    "not a YAML map",
		" #!/bin/sh\necho s3cret":        "not a YAML map",
		"\n#include\nhttp://x":           "not a YAML map",
		"## template: jinja\na: {{ b }}": "not a YAML map",
		"#cloud-boothook\na: b":          "not a YAML map",
		"Content-Type: multipart/mixed":  "not a YAML map",
		"- s3cret":                       "not a YAML map",
		"a: [s3cret":                     "no valid YAML",
		"a: 's3cret\nb: c: d":            "no valid YAML",
		"a: \x01s3cret":                  "no valid YAML",
		"a: \xff":                        "no valid YAML",
		"a: *s3cret":                     "no valid YAML",
		"a: b\n---\nc: d":                "several YAML documents",
		"a: b\na: c":                     "a key twice in line 2",
		"a: {b: 1, b: 2}":                "a key twice in line 1",
		"[a, b]: c":                      "a key that is no word in line 1",
		"a: !!python/object:os.system x": "a tag of its own in line 1",
		"a: !s3cret x":                   "a tag of its own in line 1",
		"a: &a [*a]":                     "nested more than",
		strings.Repeat("[", 40) + "]":    "no valid YAML",
		"a: " + strings.Repeat("{a: ", 40) + strings.Repeat("}", 40): "nested more than",
		bomb: "more than 10000 values",
		"a: &a " + strings.Repeat("x", 9000) + "\nb: [" + strings.Repeat("*a, ", 30) + "]": "when its aliases are replaced",
		strings.Repeat("#", MaxScriptBytes+1):                                              "longer than 65536 bytes",
		"runcmd: reboot":                                                                   "custom_script: the value of runcmd has another form",
		"runcmd: {a: b}":                                                                   "custom_script: the value of runcmd has another form",
	} {
		err := withScript(script).Check()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: %v, want %q", script, err, want)
		} else if strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%.60q: the script is told: %v", script, err)
		}
	}
	for _, script := range []string{"", "\n", "# nothing\n", "---\n", "#cloud-config\n", "#cloud-config\n\n# x", "runcmd:", "~"} {
		if err := withScript(script).Check(); err != nil {
			t.Errorf("%q is refused: %v", script, err)
		}
	}
}

// FuzzUserData: whatever is accepted becomes YAML with the same values in it.
func FuzzUserData(f *testing.F) {
	f.Add("p@55w0rd!", []byte("x\n"), "runcmd:\n- touch /x\n")
	f.Add("0123", []byte{0}, "a: &a {b: c}\nd: *a\nchpasswd: {list: [a:b]}\n")
	f.Add("{{ü}}: #", []byte(""), "#cloud-config\nusers: [default, {name: x}]\nssh_pwauth: no\n")
	f.Fuzz(func(t *testing.T, password string, content []byte, script string) {
		data := CloudInit{
			Instance: someInstance, Password: password, CustomScript: script,
			Files: []InjectedFile{{"/a", content}}, Users: []User{{"bob", password}},
		}
		if data.Check() != nil {
			return
		}
		text := userDataOf(t, data)
		var read, alone map[string]any
		if err := yaml.Load([]byte(text), &read); err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if password != "" {
			same(t, read["password"].(string), password)
		}
		same(t, fileContent(read["write_files"].([]any)[0].(map[string]any)), string(content))
		if yaml.Load([]byte(script), &alone) != nil {
			return
		}
		ours := []string{"password", "user", "users", "write_files", "runcmd", "chpasswd", "output", "<<"}
		for key, want := range alone {
			if !slices.Contains(ours, key) && want != nil && !reflect.DeepEqual(read[key], want) {
				t.Errorf("%s is %v, want %v\n%s", key, read[key], want, text)
			}
		}
	})
}
