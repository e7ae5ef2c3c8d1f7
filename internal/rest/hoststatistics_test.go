package rest_test

import (
	"strings"
	"testing"
	"time"

	"vireo/internal/model"
)

// TestHostStatistics: the figures of a host and of its interfaces, as they were sampled
// last; of a host that is not connected only its memory is known.
func TestHostStatistics(t *testing.T) {
	e := newEdge(t)
	host := e.withBridges("br0")
	at := "/api/hosts/" + string(host)
	for deadline := time.Now().Add(10 * time.Second); e.engine.Engine.HostStats(host) == nil; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a host that is connected is not sampled")
		}
	}
	e.engine.Engine.SetHostStats(host, &model.HostStats{
		Taken: time.Unix(1, 0), MemoryTotal: 1000, MemoryFree: 100, MemoryCached: 300, MemoryBuffers: 100, CPUIdle: 87.5,
		Known: true, SwapTotal: 50, SwapFree: 20, Load5: 1.25, Booted: time.Unix(1700000000, 0),
		NICs: map[string]model.NICStats{"br0": {ReceivedRate: 12.5, SentErrors: 7}},
	})
	e.want(200, "GET", at+"/statistics", "", "<name>memory.total</name>", "<name>memory.used</name>", "<datum>500</datum>",
		"<name>swap.used</name>", "<datum>30</datum>", "<name>cpu.current.idle</name>", "<datum>87.5</datum>", "<name>ksm.cpu.current</name>",
		"<name>cpu.load.avg.5m</name>", "<datum>1.25</datum>", "<name>boot.time</name>", "<datum>1700000000</datum>", `<host href="`+at+`"`)
	e.want(200, "GET", at, "", `<link href="`+at+`/statistics" rel="statistics"/>`)
	e.want(200, "GET", at+"?detail=statistics", "", "<name>memory.total</name>")
	total := "7816602b-c05c-3db7-a4da-3769f7ad8896"
	e.want(200, "GET", at+"/statistics/"+total, "", "memory.total", "<datum>1000</datum>")
	e.want(404, "GET", at+"/statistics/"+string(model.NewID()), "", "Entity not found")
	e.want(404, "GET", "/api/hosts/"+string(model.NewID())+"/statistics", "", "Entity not found")

	nic := at + "/nics/" + string(model.HostNICID(host, "br0"))
	e.want(200, "GET", nic+"/statistics", "", "data.current.rx", "<datum>12.5</datum>", "errors.total.tx", "<datum>7</datum>", "COUNTER", `<host_nic href="`+nic+`"`)
	e.want(404, "GET", at+"/nics/"+string(model.NewID())+"/statistics", "", "Entity not found")
	other := at + "/nics/" + string(model.HostNICID(host, "eth0"))
	e.want(200, "GET", other+"/statistics", "", "<statistics/>")

	e.engine.Engine.SetHostStats(host, nil)
	if said := e.want(200, "GET", at+"/statistics", "", "memory.total"); strings.Contains(said, "cpu.current.idle") {
		t.Errorf("of a host that is not connected: %s", said)
	}
}
