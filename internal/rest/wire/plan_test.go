package wire

import (
	"strings"
	"sync"
	"testing"
)

// Wrong shapes are found when they are prepared, and named.
func TestPrepareRefuses(t *testing.T) {
	tests := []struct {
		name  string
		shape any
		says  string
	}{
		{"no tag", struct{ Name string }{}, "Name has no tag"},
		{"no name", struct {
			Name string `wire:""`
		}{}, "bad name"},
		{"a name that is no name", struct {
			Name string `wire:"a b"`
		}{}, "bad name"},
		{"unknown option", struct {
			Name string `wire:"name,omitempty"`
		}{}, `unknown option "omitempty"`},
		{"twice the same name", struct {
			ID    string `wire:"id,attr"`
			Other string `wire:"id"`
		}{}, `names "id" twice`},
		{"value beside elements", struct {
			Text string `wire:",value"`
			Name string `wire:"name"`
		}{}, "a value and elements"},
		{"list in an attribute", struct {
			Names []string `wire:"name,attr"`
		}{}, "single scalar"},
		{"map", struct {
			Names map[string]string `wire:"name"`
		}{}, "no representation"},
		{"bytes", struct {
			Names []byte `wire:"name"`
		}{}, "no representation"},
		{"not a struct", 5, "int is not a struct"},
		{"wrong deep down", struct {
			Inner *struct{ Name string } `wire:"inner"`
		}{}, "Name has no tag"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				said, _ := recover().(string)
				if !strings.Contains(said, test.says) {
					t.Errorf("panicked with %q, want something with %q", said, test.says)
				}
			}()
			Prepare(test.shape)
			t.Error("no panic")
		})
	}
}

func TestPrepareAcceptsPointersAndRecursion(t *testing.T) {
	Prepare((*machine)(nil), machines{})
}

func TestPlansAreMadeConcurrently(t *testing.T) {
	type a struct {
		Name string `wire:"name"`
		Next *struct {
			Name string `wire:"name"`
		} `wire:"next"`
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got := string(AppendJSON(nil, a{Name: "x"}, JSON{})); got != `{"name":"x"}` {
				t.Errorf("got %s", got)
			}
		})
	}
	group.Wait()
}
