package fault_test

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vireo/internal/fault"
)

// codes reads the catalogue's keys from the source, so that none is forgotten.
func codes(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "codes.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	ast.Inspect(file, func(node ast.Node) bool {
		spec, ok := node.(*ast.ValueSpec)
		if !ok {
			return true
		}
		for _, value := range spec.Values {
			if literal, ok := value.(*ast.BasicLit); ok && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, text)
			}
		}
		return true
	})
	return all
}

// unstopped are sentences that are documented without a full stop (api-v3 3.10, 3.11, 3.15).
var unstopped = []string{fault.AgentSilent, fault.FreezeFailed, fault.ThawFailed, fault.NotMigratable, fault.MigrationInProgress, fault.CancelTooLate}

// TestEveryCodeHasASentence makes each refusal with as many arguments as it wants.
func TestEveryCodeHasASentence(t *testing.T) {
	all := codes(t)
	if len(all) < 40 || len(slices.Compact(slices.Sorted(slices.Values(all)))) != len(all) {
		t.Fatalf("%d codes, some twice", len(all))
	}
	kinds := []fault.Kind{
		fault.BadRequest, fault.Conflict, fault.NotFound, fault.Denied, fault.Host, fault.Untyped,
		fault.Internal, fault.Unavailable, fault.Unauthenticated, fault.Forbidden,
	}
	for _, code := range all {
		made := fault.New(code)
		args := make([]any, strings.Count(made.Message(), "%"))
		for i := range args {
			args[i] = "it"
		}
		made = fault.New(code, args...)
		if text := made.Message(); text == "" || strings.Contains(text, "%!") || !strings.HasSuffix(strings.TrimRight(text, ":"), ".") &&
			!strings.HasSuffix(text, ":") && !strings.HasSuffix(text, "it") && !slices.Contains(unstopped, code) {
			t.Errorf("%s: %q", code, text)
		}
		if !slices.Contains(kinds, made.Kind) || !made.Command || made.Code != code {
			t.Errorf("%s: %+v", code, made)
		}
	}
}

func TestUnknownCodePanics(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a code without a sentence was let through")
		}
	}()
	fault.New("NO_SUCH_CODE")
}

// TestKindOfAList is api-v3 5.3: bad request before conflict before internal, and
// untyped counts for nothing.
func TestKindOfAList(t *testing.T) {
	of := func(kind fault.Kind) *fault.Fault { return &fault.Fault{Kind: kind, Messages: []string{string(kind)}} }
	for _, test := range []struct {
		first, second, want fault.Kind
	}{
		{fault.Conflict, fault.BadRequest, fault.BadRequest},
		{fault.BadRequest, fault.Conflict, fault.BadRequest},
		{fault.Internal, fault.Conflict, fault.Conflict},
		{fault.Conflict, fault.Untyped, fault.Conflict},
		{fault.Untyped, fault.Conflict, fault.Conflict},
		{fault.Untyped, fault.Untyped, fault.Untyped},
	} {
		joined := of(test.first).With(of(test.second))
		if joined.Kind != test.want || joined.Message() != string(test.first)+", "+string(test.second) {
			t.Errorf("%s with %s is %s: %q", test.first, test.second, joined.Kind, joined.Message())
		}
	}
	first := of(fault.Conflict)
	_ = first.With(of(fault.BadRequest))
	if len(first.Messages) != 1 || first.Kind != fault.Conflict {
		t.Error("With changed its receiver")
	}
}

func TestOf(t *testing.T) {
	refusal := fault.New(fault.VMNotUp, "hibernate")
	if found := fault.Of(fmt.Errorf("doing it: %w", refusal)); found != refusal || !fault.Is(fmt.Errorf("x: %w", refusal), fault.Conflict) {
		t.Errorf("found %v", found)
	}
	secret := errors.New("the password is hunter2")
	internal := fault.Of(secret)
	if internal.Kind != fault.Internal || strings.Contains(internal.Detail(), "hunter2") || !errors.Is(internal, secret) {
		t.Errorf("shown is %q", internal.Detail())
	}
	because := refusal.Because(secret)
	if strings.Contains(because.Detail(), "hunter2") || refusal.Cause != nil || !strings.Contains(because.Error(), "hunter2") {
		t.Errorf("%q, %q", because.Detail(), because.Error())
	}
	if fault.Missing("x").Detail() != "Entity not found: x" || refusal.Detail() != "[Cannot hibernate VM. VM is not up.]" {
		t.Errorf("%q, %q", fault.Missing("x").Detail(), refusal.Detail())
	}
	if bad := fault.Bad("Invalid value", "no"); bad.Reason != "Invalid value" || bad.Detail() != "no" || bad.Kind != fault.BadRequest {
		t.Errorf("%+v", bad)
	}
}
