package audit_test

import (
	"strings"
	"testing"

	"vireo/internal/audit"
	"vireo/internal/model"
)

// documented are the severities of api-v3 appendix B.
var documented = map[audit.Code]model.Severity{
	30: model.SeverityNormal, 31: model.SeverityNormal, 114: model.SeverityError,
	153: model.SeverityNormal, 32: model.SeverityNormal, 54: model.SeverityError, 151: model.SeverityWarning,
	33: model.SeverityNormal, 56: model.SeverityError, 61: model.SeverityNormal, 119: model.SeverityError,
	73: model.SeverityNormal, 74: model.SeverityError, 76: model.SeverityNormal, 77: model.SeverityError,
	147: model.SeverityWarning, 254: model.SeverityNormal, 501: model.SeverityNormal, 503: model.SeverityNormal,
	502: model.SeverityError, 111: model.SeverityNormal, 112: model.SeverityError, 157: model.SeverityNormal,
	158: model.SeverityError, 113: model.SeverityNormal, 172: model.SeverityWarning, 34: model.SeverityNormal,
	35: model.SeverityNormal, 126: model.SeverityWarning,
	142: model.SeverityWarning, 163: model.SeverityNormal, 138: model.SeverityError, 145: model.SeverityError,
	146: model.SeverityError, 1025: model.SeverityNormal, 143: model.SeverityNormal,
	10767: model.SeverityNormal, 10768: model.SeverityNormal, 10769: model.SeverityWarning, 10770: model.SeverityWarning,
	62: model.SeverityNormal, 63: model.SeverityNormal, 64: model.SeverityError, 65: model.SeverityError,
	120: model.SeverityError, 128: model.SeverityWarning, 161: model.SeverityNormal, 162: model.SeverityError,
}

// TestEveryCode makes an event of each code that is about everything: every word
// in braces is filled.
func TestEveryCode(t *testing.T) {
	about := audit.About{
		VM:   &model.VM{ID: "vm", VMConfig: model.VMConfig{Name: "web1", Cluster: "cluster", Template: "template"}},
		Host: &model.Host{ID: "host", Name: "h1", Cluster: "cluster"}, Domain: &model.StorageDomain{ID: "domain", Name: "data", DataCenter: "dc"},
		To:       &model.Host{ID: "to", Name: "h2", Cluster: "cluster"},
		Template: &model.Template{ID: "template", VMConfig: model.VMConfig{Name: "golden", Cluster: "cluster"}},
		Disk:     &model.Disk{ID: "disk", Alias: "web1_Disk1"}, Snapshot: &model.Snapshot{Description: "before"}, Pool: &model.VMPool{ID: "pool", Name: "desk", Cluster: "cluster"}, User: "user", UserName: "admin@internal",
		CorrelationID: "correlation", Job: "job", Detail: "Because.",
	}
	codes := audit.Codes()
	if len(codes) < len(documented) {
		t.Fatalf("%d codes", len(codes))
	}
	for _, code := range codes {
		event := audit.New(code, about)
		if strings.ContainsAny(event.Description, "{}") || event.Description == "" {
			t.Errorf("%d: %q", code, event.Description)
		}
		if event.Code != int(code) || event.Severity == "" || event.Time.IsZero() || event.Origin != "oVirt" ||
			event.VM != "vm" || event.Host != "host" || event.StorageDomain != "domain" || event.Cluster != "cluster" ||
			event.Template != "template" || event.User != "user" || event.Job != "job" || event.CorrelationID != "correlation" {
			t.Errorf("%d: %+v", code, event)
		}
		if want, known := documented[code]; known && event.Severity != want {
			t.Errorf("%d is of severity %s, documented %s", code, event.Severity, want)
		}
	}
	for code := range documented {
		audit.New(code, about)
	}
}

func TestNobodyIsTheSystem(t *testing.T) {
	event := audit.New(audit.PoweredOff, audit.About{VM: &model.VM{VMConfig: model.VMConfig{Name: "web1"}}})
	if event.Description != "VM web1 was powered off by SYSTEM." {
		t.Errorf("%q", event.Description)
	}
}

// TestNamesAreNotRead: a name that looks like a word in braces stays what it is.
func TestNamesAreNotRead(t *testing.T) {
	event := audit.New(audit.PoweredOff, audit.About{UserName: "{vm}", VM: &model.VM{VMConfig: model.VMConfig{Name: "{user}"}}})
	if event.Description != "VM {user} was powered off by {vm}." {
		t.Errorf("%q", event.Description)
	}
}

func TestUnknownCodePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a code without a sentence was let through")
		}
	}()
	audit.New(99999, audit.About{})
}
