package options_test

import (
	"slices"
	"strings"
	"testing"

	"vireo/internal/auth"
	"vireo/internal/engine"
	"vireo/internal/engine/enginetest"
	"vireo/internal/engine/options"
	"vireo/internal/fault"
	"vireo/internal/model"
	"vireo/internal/option"
)

func set(name, value string) *engine.Call {
	return &engine.Call{On: model.KindOption, Name: "set", Params: &options.SetParams{Name: name, Value: value}}
}

func TestSet(t *testing.T) {
	b := enginetest.New(t, nil)
	before := b.LastEvent()
	b.Must(set("vmreboottimeout", "7m"))
	if got := b.Server.Values.String("VmRebootTimeout"); got != "7m" {
		t.Errorf("the option is %q", got)
	}
	b.Restart()
	if got := b.Server.Values.String("VmRebootTimeout"); got != "7m" {
		t.Errorf("after a restart the option is %q", got)
	}
	back := set("VmRebootTimeout", "")
	back.Params.(*options.SetParams).Default = true
	b.Must(back)
	if got := b.Server.Values.String("VmRebootTimeout"); got != "3m" {
		t.Errorf("the default is %q", got)
	}
	b.Must(set("MacPoolRanges", "00:1a:4a:00:00:00-00:1a:4a:00:00:ff, 02:00:00:00:00:00-02:00:00:00:00:0f"))
	count := 0
	for _, code := range b.Events(before) {
		if code == 20011 {
			count++
		}
	}
	if count != 3 {
		t.Errorf("%d events tell of 3 changes", count)
	}
}

func TestRefused(t *testing.T) {
	b := enginetest.New(t, nil)
	for name, call := range map[string]*engine.Call{
		"no params":         {On: model.KindOption, Name: "set"},
		"no such option":    set("NoSuchOption", "1"),
		"the engine's id":   set("engine.id", "1"),
		"no time":           set("VmRebootTimeout", "soon"),
		"too short":         set("HostPingInterval", "-1s"),
		"no number":         set("MaxVmCpus", "many"),
		"too small":         set("MaxVmCpus", "0"),
		"no flag":           set("CSRFProtection", "perhaps"),
		"no ranges":         set("MacPoolRanges", "00:1a:4a:00:00:00"),
		"a range backwards": set("MacPoolRanges", "00:1a:4a:00:00:02-00:1a:4a:00:00:01"),
		"multicast":         set("MacPoolRanges", "01:1a:4a:00:00:02-01:1a:4a:00:00:03"),
		"several lines":     set("UserDefinedVMProperties", "a=b\nc=d"),
		"too long":          set("UserDefinedVMProperties", strings.Repeat("a", 4001)),
	} {
		t.Run(name, func(t *testing.T) { b.Refused(call, fault.Invalid) })
	}
	denied := set("MaxVmCpus", "4")
	denied.Caller = b.Caller("user", auth.UserVMManager, model.Ref{})
	b.Refused(denied, fault.NotAuthorized)
}

func TestMACRanges(t *testing.T) {
	ranges, err := option.ParseMACRanges("00:1a:4a:00:00:fe-00:1A:4A:00:01:00,02:00:00:00:00:00-02:00:00:00:00:00")
	if err != nil || !slices.Equal(ranges, []option.MACRange{{First: 0x1a4a0000fe, Last: 0x1a4a000100}, {First: 0x020000000000, Last: 0x020000000000}}) {
		t.Errorf("the ranges are %v, %v", ranges, err)
	}
	if got := option.MAC(ranges[0].Last); got != "00:1a:4a:00:01:00" {
		t.Errorf("the address is %s", got)
	}
}
