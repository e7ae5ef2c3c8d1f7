package model_test

import (
	"testing"

	"vireo/internal/model"
)

// TestDomainID: however a DNS name is written, it is one domain.
func TestDomainID(t *testing.T) {
	if got := model.DomainID("internal"); got != "696E7465726E616C" {
		t.Errorf("the id of internal is %s", got)
	}
	for _, same := range []string{"Example.COM", "example.com.", "EXAMPLE.com"} {
		if model.DomainID(same) != model.DomainID("example.com") || model.DomainName(same) != "example.com" {
			t.Errorf("%s is another domain: %s", same, model.DomainName(same))
		}
	}
	if model.DomainID("example.org") == model.DomainID("example.com") {
		t.Error("two domains have the same id")
	}
}
