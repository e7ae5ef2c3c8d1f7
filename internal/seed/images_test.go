package seed

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// judge runs a program of the distribution that reads what was written.
func judge(t rapid.TB, name string, args ...string) []byte {
	var problems bytes.Buffer
	command := exec.Command(name, args...)
	command.Env = append(os.Environ(), "LC_ALL=C.UTF-8") // they show names by the locale
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("%s %s: %v (scripts/install-packages test has it)\n%s", name, strings.Join(args, " "), err, &problems)
	}
	return out
}

var someFiles = []File{
	{Name: "openstack/latest/meta_data.json", Content: []byte(`{"uuid":"1"}`)},
	{Name: "openstack/latest/user_data", Content: []byte("#cloud-config\n")},
	{Name: "openstack/content/0000", Content: bytes.Repeat([]byte("iface\n"), 1000)},
	{Name: "README.with-a-quite-long-name.and.dots.txt", Content: []byte("x")},
	{Name: "Grüße an alle.txt", Content: []byte("ü")},
	{Name: "empty", Content: nil},
	{Name: "Unattend.xml", Content: bytes.Repeat([]byte{7}, 2048)},
	{Name: "unattend_xml2.xml", Content: []byte("a")},
	{Name: "unattend_xml3.xml", Content: []byte("b")},
	{Name: "a/b/c/d/e/f/g/h", Content: []byte("deep")},
}

// extract reads an ISO through xorriso, by Rock Ridge names or by Joliet's.
func extract(t rapid.TB, folder string, image []byte, view string) map[string]string {
	path, out := filepath.Join(folder, "image.iso"), filepath.Join(folder, view)
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	judge(t, "xorriso", "-abort_on", "WARNING", "-read_fs", view, "-osirrox", "on:auto_chmod_off", "-indev", path, "-extract", "/", out)
	found := make(map[string]string)
	err := filepath.Walk(out, func(path string, info os.FileInfo, err error) error {
		if err != nil || info.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(out, path)
		found[name] = string(content)
		return err
	})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return found
}

func sameFiles(t rapid.TB, found map[string]string, files []File) {
	t.Helper()
	if len(found) != len(files) {
		t.Errorf("%d files were found, want %d: %v", len(found), len(files), found)
	}
	for _, file := range files {
		if content, ok := found[file.Name]; !ok || content != string(file.Content) {
			t.Errorf("%s: found %v, %d bytes; want %d", file.Name, ok, len(content), len(file.Content))
		}
	}
}

// TestISO: another program finds the files, by the names of either kind.
func TestISO(t *testing.T) {
	image, err := ISO("config-2", someFiles)
	if err != nil {
		t.Fatal(err)
	}
	for _, view := range []string{"nojoliet", "norock"} {
		sameFiles(t, extract(t, t.TempDir(), image, view), someFiles)
	}
	folder := t.TempDir()
	path := filepath.Join(folder, "image.iso")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatal(err)
	}
	if label := judge(t, "blkid", "-p", "-s", "LABEL", "-o", "value", path); string(label) != "config-2\n" {
		t.Errorf("the label is %q", label)
	}
	list := string(judge(t, "xorriso", "-indev", path, "-lsl", "/openstack/latest/user_data"))
	if !strings.HasPrefix(list, "-r--r--r--") || !strings.Contains(list, " 0 ") {
		t.Errorf("mode and owner: %s", list)
	}
}

// TestISOSame: the order of the files and the time of day make no difference.
func TestISOSame(t *testing.T) {
	one, err := ISO("config-2", someFiles)
	if err != nil {
		t.Fatal(err)
	}
	turned := make([]File, 0, len(someFiles))
	for i := range someFiles {
		turned = append(turned, someFiles[len(someFiles)-1-i])
	}
	two, err := ISO("config-2", turned)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(one, two) {
		t.Error("the same files make different images")
	}
}

var anyName = rapid.OneOf(
	rapid.StringMatching(`[a-z0-9A-Z][a-zA-Z0-9_ äß€中.-]{0,40}[a-zA-Z0-9]`),
	rapid.StringN(1, 70, 160).Filter(func(name string) bool { return checkName(name) == nil }),
)

func anyFiles(t *rapid.T, name *rapid.Generator[string], size int) []File {
	names := rapid.SliceOfNDistinct(name, 0, 60, strings.ToLower).Draw(t, "names")
	files := make([]File, 0, len(names))
	for _, name := range names {
		files = append(files, File{name, rapid.SliceOfN(rapid.Byte(), 0, size).Draw(t, "content")})
	}
	return files
}

// temporary is a folder for one case of a property.
func temporary(t *rapid.T) string {
	folder, err := os.MkdirTemp("", "seed")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(folder); err != nil {
			t.Error(err)
		}
	})
	return folder
}

// isoReadBack: whatever files are written, another program finds those.
func isoReadBack(t *rapid.T) {
	nested := rapid.Custom(func(t *rapid.T) string {
		folders := rapid.SliceOfN(rapid.SampledFrom([]string{"folder one/", "folder two/", "folder one.d/"}), 0, 7).Draw(t, "folders")
		return strings.Join(folders, "") + anyName.Draw(t, "name")
	})
	files := anyFiles(t, nested, 5000)
	image, err := ISO("", files)
	if err != nil {
		t.Fatal(err)
	}
	view := rapid.SampledFrom([]string{"nojoliet", "norock"}).Draw(t, "view")
	sameFiles(t, extract(t, temporary(t), image, view), files)
}

func TestISOReadBack(t *testing.T) { rapid.Check(t, isoReadBack) }
func FuzzISO(f *testing.F)         { f.Fuzz(rapid.MakeFuzz(isoReadBack)) }

// readFloppy reads all files through mtools.
func readFloppy(t rapid.TB, folder string, image []byte) map[string]string {
	path, out := filepath.Join(folder, "floppy.img"), filepath.Join(folder, "out")
	if err := os.WriteFile(path, image, 0o600); err != nil {
		t.Fatalf("%v", err)
	}
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatalf("%v", err)
	}
	found := make(map[string]string)
	list := strings.TrimSpace(string(judge(t, "mdir", "-b", "-i", path, "::")))
	if list == "" {
		return found
	}
	judge(t, "mcopy", "-n", "-i", path, "::*", out)
	for line := range strings.Lines(list) {
		name := strings.TrimPrefix(strings.TrimSpace(line), "::/")
		content, err := os.ReadFile(filepath.Join(out, name))
		if err != nil {
			t.Fatalf("%v", err)
		}
		found[name] = string(content)
	}
	return found
}

func floppyReadBack(t *rapid.T) {
	files := anyFiles(t, anyName, 3000)
	image, err := Floppy("payload", files)
	if err != nil {
		t.Fatal(err)
	}
	sameFiles(t, readFloppy(t, temporary(t), image), files)
}

func TestFloppyReadBack(t *testing.T) { rapid.Check(t, floppyReadBack) }
func FuzzFloppy(f *testing.F)         { f.Fuzz(rapid.MakeFuzz(floppyReadBack)) }

// TestFloppy: a full floppy is read by another program and found sound.
func TestFloppy(t *testing.T) {
	files := []File{
		{Name: "sysprep.inf", Content: []byte("[Unattended]\r\n")},
		{Name: "Grüße.txt", Content: []byte("ü")},
		{Name: "empty", Content: nil},
		{Name: "big", Content: bytes.Repeat([]byte("0123456789abcdef"), (clusters-2)*sectorSize/16)},
	}
	image, err := Floppy("SYSPREP", files)
	if err != nil {
		t.Fatal(err)
	}
	folder := t.TempDir()
	sameFiles(t, readFloppy(t, folder, image), files)
	path := filepath.Join(folder, "floppy.img")
	if out := judge(t, "mlabel", "-s", "-i", path, "::"); !strings.Contains(string(out), "SYSPREP") {
		t.Errorf("the label: %s", out)
	}
	judge(t, "fsck.fat", "-n", path)
	again, err := Floppy("SYSPREP", files)
	if err != nil || !bytes.Equal(image, again) {
		t.Errorf("the same files make different images (%v)", err)
	}
}

func TestImagesRefuse(t *testing.T) {
	long := strings.Repeat("n", 65)
	many := make([]File, 0, 120)
	for i := range 120 {
		many = append(many, File{Name: "some quite long name " + string(rune('a'+i%26)) + strings.Repeat("x", i/26)})
	}
	for _, test := range []struct {
		floppy bool
		label  string
		files  []File
		want   string
	}{
		{false, strings.Repeat("L", 33), nil, "longer than 32 characters"},
		{false, "lä", nil, "no letter, digit"},
		{false, " l", nil, "begins or ends with a blank"},
		{true, "twelve_chars", nil, "longer than 11 characters"},
		{true, "a.b", nil, "has a dot"},
		{false, "", []File{{Name: ""}}, "a file has no name"},
		{false, "", []File{{Name: "a//b"}}, "a file has no name"},
		{false, "", []File{{Name: "/etc/passwd"}}, "a file has no name"},
		{false, "", []File{{Name: "a/../b"}}, `".." is not a name of its own`},
		{false, "", []File{{Name: "a\nb"}}, "not every system can show"},
		{false, "", []File{{Name: "a\xffb"}}, "not every system can show"},
		{false, "", []File{{Name: "a😀b"}}, "not every system can show"},
		{false, "", []File{{Name: "a\u202eb"}}, "not every system can show"},
		{false, "", []File{{Name: "a:b"}}, "one of the characters"},
		{false, "", []File{{Name: "a."}}, "ends with a blank or a dot"},
		{false, "", []File{{Name: long}}, "longer than 64 characters"},
		{false, "", []File{{Name: strings.Repeat("中", 60)}}, "160 bytes"},
		{false, "", []File{{Name: "a"}, {Name: "A"}}, "given twice"},
		{false, "", []File{{Name: "a"}, {Name: "a/b"}}, "given twice"},
		{false, "", []File{{Name: "a/b"}, {Name: "a"}}, "given twice"},
		{false, "", []File{{Name: "1/2/3/4/5/6/7/8/9"}}, "more than 8 folders deep"},
		{false, "", []File{{Name: "a", Content: make([]byte, maxImage)}}, "too large for a CD image"},
		{true, "", []File{{Name: "a", Content: make([]byte, 1457665)}}, "too large for a floppy"},
		{true, "", []File{{Name: "a/b"}}, "is a path"},
		{true, "", many, "too many for a floppy"},
		{false, "", make([]File, maxFiles+1), "more than 200 files"},
	} {
		write := ISO
		if test.floppy {
			write = Floppy
		}
		if _, err := write(test.label, test.files); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q %v: %v, want %q", test.label, test.files, err, test.want)
		}
	}
}

// TestFloppyFull: exactly what is promised fits.
func TestFloppyFull(t *testing.T) {
	if _, err := Floppy("", []File{{Name: "a", Content: make([]byte, 1457664)}}); err != nil {
		t.Error(err)
	}
}
