package vault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"vireo/internal/model"
)

func TestSealedTextsComeBackAndShowNothing(t *testing.T) {
	v, err := New(newKey())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"p@55w0rd!", "ä\x00\n", strings.Repeat("x", 1<<16)} {
		secret := v.Seal(text)
		if strings.Contains(string(secret), text) {
			t.Errorf("the secret of %.20q shows it", text)
		}
		if again := v.Seal(text); again == secret {
			t.Errorf("%.20q gives the same secret twice: equal passwords could be told", text)
		} else if !v.Same(secret, again) {
			t.Errorf("two secrets of %.20q are not the same text", text)
		}
		if got, err := v.Reveal(secret); err != nil || got != text {
			t.Errorf("%.20q came back as %.20q, %v", text, got, err)
		}
	}
	if v.Seal("") != "" {
		t.Error("no text became a secret")
	}
	if v.Same(v.Seal("a"), v.Seal("b")) {
		t.Error("two texts are said to be the same")
	}
}

func TestForeignAndDamagedSecretsAreRefused(t *testing.T) {
	mine, err := New(newKey())
	if err != nil {
		t.Fatal(err)
	}
	other, err := New(newKey())
	if err != nil {
		t.Fatal(err)
	}
	secret := mine.Seal("p@55w0rd!")
	last := secret[len(secret)-3]
	changed := secret[:len(secret)-3] + model.Secret(rune(last^1)) + secret[len(secret)-2:]
	for name, bad := range map[string]model.Secret{
		"changed": changed, "cut": secret[:len(secret)/2], "plain": "p@55w0rd!", "prefix only": prefix, "no base64": prefix + "%%",
	} {
		if text, err := mine.Reveal(bad); !errors.Is(err, ErrSealed) {
			t.Errorf("%s: revealed %q, %v", name, text, err)
		}
	}
	if _, err := other.Reveal(secret); !errors.Is(err, ErrSealed) {
		t.Errorf("another key revealed it: %v", err)
	}
	if mine.Same(secret, "v1:xx") || !mine.Same("v1:xx", "v1:xx") {
		t.Error("what cannot be revealed is the same as itself only")
	}
}

func TestUnreadableSecretsAreFound(t *testing.T) {
	mine, err := New(newKey())
	if err != nil {
		t.Fatal(err)
	}
	vm := &model.VM{VMConfig: model.VMConfig{Name: "v1:AAAA", Payloads: []model.Payload{{Files: []model.PayloadFile{{Name: "a", Content: mine.Seal("x")}, {Name: "empty"}}}}}}
	if mine.Unreadable(vm) {
		t.Error("a VM whose secrets can be read is said to have others")
	}
	vm.Run.Overrides = &model.RunOnce{Domain: &model.DomainJoin{Password: "v1:AAAA"}}
	if !mine.Unreadable(vm) {
		t.Error("a secret of another key was not found")
	}
}

func TestTheKeyIsKeptClosed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "secrets.key")
	first, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	second, err := Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := second.Reveal(first.Seal("x")); err != nil || text != "x" {
		t.Errorf("the second opening has another key: %v", err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("the key can be read by others: %v", info.Mode())
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), ".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestABadKeyFileIsNamed(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{"short.key": "YWJj\n", "damaged.key": "no base64!"} {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "missing", "secrets.key")); err == nil {
		t.Error("a key was made in a folder that does not exist")
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.key"), 0o700); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(filepath.Join(dir, "folder.key")); err == nil {
		t.Error("a folder was taken for a key")
	}
}

func TestCopiesAreTheSameKey(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	for _, name := range []string{"one", "other"} {
		if _, err := Open(path(name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := Copy(path("one"), path("copy")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path("copy"))
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("the copy has the mode %v, %v", info.Mode(), err)
	}
	if same, err := SameKey(path("one"), path("copy")); err != nil || !same {
		t.Errorf("the copy is another key: %v", err)
	}
	if same, err := SameKey(path("one"), path("other")); err != nil || same {
		t.Errorf("two keys are the same: %v", err)
	}
	if err := Copy(path("one"), path("other")); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), path("other")) {
		t.Errorf("over another key: %v", err)
	}
	if same, _ := SameKey(path("one"), path("other")); same {
		t.Error("a key was overwritten")
	}
	if err := os.WriteFile(path("damaged"), []byte("no base64!"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"missing", "damaged"} {
		if err := Copy(path(bad), path("new")); err == nil {
			t.Errorf("a key that is %s was copied", bad)
		}
		if _, err := SameKey(path("one"), path(bad)); err == nil {
			t.Errorf("a key that is %s was compared", bad)
		}
		if _, err := SameKey(path(bad), path("one")); err == nil {
			t.Errorf("a key that is %s was compared", bad)
		}
	}
	if err := Copy(path("one"), filepath.Join(dir, "missing folder", "copy")); err == nil {
		t.Error("a key was copied into a folder that does not exist")
	}
	if left, _ := filepath.Glob(path(".*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}
