package option_test

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/option"
	"vireo/internal/store/sqlstore"
)

// TestTable: each option has a default that it accepts, a sentence, and a name of
// its own.
func TestTable(t *testing.T) {
	names := make(map[string]bool)
	for _, definition := range option.Table {
		folded := strings.ToLower(definition.Name)
		if names[folded] {
			t.Errorf("%s is there twice", definition.Name)
		}
		names[folded] = true
		if err := definition.Check(definition.Default); err != nil {
			t.Errorf("%s does not accept its default: %v", definition.Name, err)
		}
		if !strings.HasSuffix(definition.Meaning, ".") {
			t.Errorf("%s means %q", definition.Name, definition.Meaning)
		}
		if found, ok := option.Find(strings.ToUpper(definition.Name)); !ok || found != definition {
			t.Errorf("%s is not found in capitals", definition.Name)
		}
	}
	if _, ok := option.Find("NoSuchOption"); ok {
		t.Error("an unknown option was found")
	}
}

func TestCheck(t *testing.T) {
	of := func(kind option.Type, least int) option.Definition {
		return option.Definition{Name: "It", Type: kind, Min: least}
	}
	for _, test := range []struct {
		definition option.Definition
		text       string
		ok         bool
	}{
		{of(option.Duration, 0), "30s", true},
		{of(option.Duration, 0), "1h30m", true},
		{of(option.Duration, 0), "45", true},
		{of(option.Duration, 0), "0", true},
		{of(option.Duration, 5), "4s", false},
		{of(option.Duration, 0), "-1s", false},
		{of(option.Duration, 0), "soon", false},
		{of(option.Address, 0), "0.0.0.0", true},
		{of(option.Address, 0), "::1", true},
		{of(option.Address, 0), "everywhere", false},
		{of(option.Address, 0), "", false},
		{of(option.Duration, 0), "", false},
		{of(option.Number, 1), "1", true},
		{of(option.Number, 1), "0", false},
		{of(option.Number, 0), "-3", false},
		{of(option.Number, 0), "1.5", false},
		{of(option.Number, 0), "99999999999999999999", false},
		{of(option.Flag, 0), "true", true},
		{of(option.Flag, 0), "yes", false},
		{of(option.Text, 0), "anything", true},
		{of(option.Text, 0), "", true},
	} {
		if err := test.definition.Check(test.text); (err == nil) != test.ok {
			t.Errorf("%s %q: %v", test.definition.Type, test.text, err)
		}
	}
}

// TestDurationOfNothing: 0 is below a minimum too.
func TestDurationOfNothing(t *testing.T) {
	definition, _ := option.Find("HostCallTimeout")
	if err := definition.Check("0"); err == nil {
		t.Error("a call to a host may take no time at all")
	}
}

func TestValues(t *testing.T) {
	kept, err := sqlstore.Open(t.Context(), "", sqlstore.Options{DefaultPath: filepath.Join(t.TempDir(), "db")})
	if err != nil {
		t.Fatal(err)
	}
	defer kept.Close()
	inv, err := inventory.Open(t.Context(), kept)
	if err != nil {
		t.Fatal(err)
	}
	values := option.From(inv, map[string]string{"VmRebootTimeout": "7"})
	set := func(name, value string) {
		if err := inv.Update(context.Background(), func(tx *inventory.Tx) error {
			tx.Options.Put(&model.Option{Name: name, Value: value})
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if got := values.Duration("VdsTimeout"); got != 30*time.Second {
		t.Errorf("the default is %v", got)
	}
	set("VdsTimeout", "2m")
	set("MaxRerunVmOnVdsCount", "9")
	set("CSRFProtection", "true")
	set("VmRebootTimeout", "1h")
	if values.Duration("VdsTimeout") != 2*time.Minute || values.Int("MaxRerunVmOnVdsCount") != 9 || !values.Bool("CSRFProtection") {
		t.Errorf("%v %v %v", values.Duration("VdsTimeout"), values.Int("MaxRerunVmOnVdsCount"), values.Bool("CSRFProtection"))
	}
	if got := values.Duration("VmRebootTimeout"); got != 7*time.Second {
		t.Errorf("an override gives %v", got)
	}
	// What cannot be read, from a database that somebody has edited, is the default.
	set("VdsTimeout", "a while")
	set("MaxRerunVmOnVdsCount", "many")
	if values.Duration("VdsTimeout") != 30*time.Second || values.Int("MaxRerunVmOnVdsCount") != 3 {
		t.Errorf("%v %v", values.Duration("VdsTimeout"), values.Int("MaxRerunVmOnVdsCount"))
	}
}
