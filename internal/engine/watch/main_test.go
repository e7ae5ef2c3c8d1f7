package watch_test

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"vireo/internal/audit"
	"vireo/internal/engine/sitetest"
	"vireo/internal/model"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// h1 is the address of the first host.
var h1 = sitetest.Host(1)

// inBubble runs a test on a site with one host that is connected.
func inBubble(t *testing.T, options sitetest.Options, test func(*testing.T, *sitetest.Site)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		site := sitetest.New(t, options)
		site.Connected()
		test(t, site)
	})
}

// quick is sooner than any polling: what events tell is seen at once.
const quick = 500 * time.Millisecond

// wantEvents wants exactly these events of a VM since the one of that id.
func wantEvents(t *testing.T, site *sitetest.Site, vm model.ID, since int64, codes ...audit.Code) {
	t.Helper()
	want := make([]int, len(codes))
	for i, code := range codes {
		want[i] = int(code)
	}
	if got := site.Events(vm, since); !slices.Equal(got, want) {
		t.Errorf("events %v, want %v", got, want)
	}
}
