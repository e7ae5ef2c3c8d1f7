package domains_test

import (
	"slices"
	"strings"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/domains"
	"vireo/internal/engine/enginetest"
	"vireo/internal/fault"
	"vireo/internal/model"
)

func domainCall(name string, target model.ID, edit func(*model.Domain)) *engine.Call {
	call := &engine.Call{On: model.KindDomain, Name: name, Target: target}
	if edit != nil {
		call.Params = engine.Edit[model.Domain](func(d *model.Domain) error { edit(d); return nil })
	}
	return call
}

func add(b *enginetest.Bench, name string) model.ID {
	b.Helper()
	return b.Must(domainCall("add", "", func(d *model.Domain) {
		d.Name, d.JoinUser, d.JoinPassword = name, "joiner", "v1:sealed"
	})).Object.Ref().ID
}

// TestLife: a domain is added, changed and removed, and is there after a restart.
func TestLife(t *testing.T) {
	b := enginetest.New(t, nil)
	before := b.LastEvent()
	id := add(b, "Corp.Example.COM.")
	if id != model.DomainID("corp.example.com") {
		t.Errorf("its id is %s", id)
	}
	b.Must(domainCall("update", id, func(d *model.Domain) { d.Description, d.JoinUser, d.JoinPassword = "ours", "other", "v1:new" }))
	b.Must(domainCall("update", id, func(d *model.Domain) { d.Name = "CORP.example.com" }))
	b.Restart()
	got, _ := b.Server.Inventory.Domains.Get(id)
	want := model.Domain{ID: id, Name: "corp.example.com", Description: "ours", JoinUser: "other", JoinPassword: "v1:new"}
	if got == nil || *got != want {
		t.Fatalf("the domain is %+v", got)
	}
	b.Must(domainCall("update", id, func(d *model.Domain) { d.JoinUser, d.JoinPassword = "", "" }))
	b.Must(domainCall("remove", id, nil))
	if b.Server.Inventory.Domains.Len() != 0 {
		t.Error("it is still there")
	}
	b.Refused(domainCall("remove", id, nil), "NOT_FOUND")
	codes := slices.DeleteFunc(b.Events(before), func(code int) bool { return code < 20020 || code > 20022 })
	if !slices.Equal(codes, []int{20020, 20021, 20021, 20022}) {
		t.Errorf("the events are %v", codes)
	}
}

func TestRefused(t *testing.T) {
	b := enginetest.New(t, nil)
	id := add(b, "corp.example.com")
	for name, refused := range map[string]struct {
		edit func(*model.Domain)
		code string
	}{
		"no name":              {func(d *model.Domain) { d.Name = "" }, fault.NameIllegal},
		"a blank":              {func(d *model.Domain) { d.Name = "corp example" }, fault.NameIllegal},
		"an empty word":        {func(d *model.Domain) { d.Name = "corp..example" }, fault.NameIllegal},
		"two dots at its end":  {func(d *model.Domain) { d.Name = "corp.example.." }, fault.NameIllegal},
		"a hyphen at an end":   {func(d *model.Domain) { d.Name = "corp-.example" }, fault.NameIllegal},
		"a line end":           {func(d *model.Domain) { d.Name = "corp.example\n" }, fault.NameIllegal},
		"markup":               {func(d *model.Domain) { d.Name = "<corp>" }, fault.NameIllegal},
		"an address":           {func(d *model.Domain) { d.Name = "192.0.2.1" }, fault.NameIllegal},
		"a word of 64 letters": {func(d *model.Domain) { d.Name = strings.Repeat("a", 64) }, fault.NameIllegal},
		"128 letters":          {func(d *model.Domain) { d.Name = strings.Repeat("a.", 63) + "aa" }, fault.NameIllegal},
		"a name in use":        {func(d *model.Domain) { d.Name = "CORP.example.com" }, fault.NameInUse},
		"the engine's own":     {func(d *model.Domain) { d.Name = "Internal" }, fault.NameInUse},
		"a long description":   {func(d *model.Domain) { d.Name, d.Description = "x", strings.Repeat("a", 4001) }, fault.Invalid},
		"no password":          {func(d *model.Domain) { d.Name, d.JoinUser = "x", "joiner" }, fault.Invalid},
		"no user":              {func(d *model.Domain) { d.Name, d.JoinPassword = "x", "v1:sealed" }, fault.Invalid},
		"a long user":          {func(d *model.Domain) { d.Name, d.JoinUser, d.JoinPassword = "x", strings.Repeat("a", 256), "v1:sealed" }, fault.Invalid},
		"a blank at its end":   {func(d *model.Domain) { d.Name, d.JoinUser, d.JoinPassword = "x", "joiner ", "v1:sealed" }, fault.Invalid},
		"a user of two lines":  {func(d *model.Domain) { d.Name, d.JoinUser, d.JoinPassword = "x", "a\nb", "v1:sealed" }, fault.Invalid},
	} {
		t.Run(name, func(t *testing.T) { b.Refused(domainCall("add", "", refused.edit), refused.code) })
	}
	b.Must(domainCall("add", "", func(d *model.Domain) { d.Name = strings.Repeat("a.", 63) + "a" }))
	b.Refused(domainCall("add", "", nil), fault.Invalid)
	b.Refused(domainCall("update", id, nil), fault.Invalid)
	b.Refused(domainCall("update", id, func(d *model.Domain) { d.Name = "other.example.com" }), fault.IllegalField)
	b.Refused(domainCall("update", id, func(d *model.Domain) { d.ID = model.DomainID("other.example.com") }), fault.IllegalField)
	b.Refused(domainCall("update", id, func(d *model.Domain) { d.JoinPassword = "" }), fault.Invalid)
	b.Refused(domainCall("update", id, func(d *model.Domain) { d.Description = "a\x00" }), fault.Invalid)
	b.Refused(domainCall("update", engine.InternalDomain().ID, func(d *model.Domain) { d.Description = "mine" }), "NOT_FOUND")
	b.Refused(domainCall("remove", engine.InternalDomain().ID, nil), "NOT_FOUND")
}

func TestPermits(t *testing.T) {
	b := enginetest.New(t, nil)
	id := add(b, "corp.example.com")
	user := b.Caller("user", auth.UserVMManager, model.Ref{})
	for _, call := range []*engine.Call{
		domainCall("add", "", func(d *model.Domain) { d.Name = "mine" }),
		domainCall("update", id, func(d *model.Domain) { d.Description = "mine" }), domainCall("remove", id, nil),
	} {
		call.Caller = user
		b.Refused(call, fault.NotAuthorized)
	}
}

func TestPasswords(t *testing.T) {
	for _, good := range []string{"", "p@55w0rd!", "zwölf Äpfel", strings.Repeat("x", 255)} {
		if err := domains.CheckPassword(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"two\nlines", "\x00", "\xff", strings.Repeat("x", 256)} {
		if err := domains.CheckPassword(bad); err == nil || strings.Contains(err.Error(), bad) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
