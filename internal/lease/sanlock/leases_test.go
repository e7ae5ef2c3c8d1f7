package sanlock

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"vireo/internal/lease"
	"vireo/internal/model"
)

// domainIn is a storage domain below a directory whose name sanlock has to be told with care.
func domainIn(t *testing.T) *model.StorageDomain {
	t.Helper()
	domain := &model.StorageDomain{ID: model.NewID(), Name: "shared"}
	domain.Path = filepath.Join(t.TempDir(), `server:_export\a`)
	if err := os.MkdirAll(filepath.Join(root(domain), "dom_md"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(root(domain), spaceFile), nil, 0o660); err != nil {
		t.Fatal(err)
	}
	return domain
}

func TestMake(t *testing.T) {
	t.Parallel()
	leases, domain, vm := New(Program), domainIn(t), model.NewID()
	for range 2 {
		if err := leases.Ready(t.Context(), domain, -1, -1); err != nil {
			t.Fatal(err)
		}
	}
	if err := leases.Make(t.Context(), domain, vm, -1, -1); err != nil {
		t.Fatal(err)
	}
	place := leases.Place(domain, vm)
	if place.Space != string(domain.ID) || place.Key != string(vm) {
		t.Errorf("its place is %+v", place)
	}
	info, err := os.Stat(place.Path)
	if err != nil || info.Mode() != 0o660 || info.Size() != 1<<20 {
		t.Errorf("the lease is %v, %v", info, err)
	}
	read, err := leases.Record(t.Context(), domain, vm)
	if err != nil || read.Held || read.Holder.Version != 0 {
		t.Errorf("a new lease says %+v, %v", read, err)
	}
	if all, err := leases.Renewals(t.Context(), domain); err != nil || len(all) > 0 {
		t.Errorf("hosts that never came have written %v, %v", all, err)
	}
	left, _ := filepath.Glob(filepath.Join(root(domain), "*", ".*"))
	if len(left) > 0 {
		t.Errorf("there is left: %v", left)
	}

	// Another time nothing is made anew.
	write(t, place.Path, func(data []byte) { put(data, 3, 2, 5, 77) })
	if err := leases.Make(t.Context(), domain, vm, -1, -1); err != nil {
		t.Fatal(err)
	}
	read, err = leases.Record(t.Context(), domain, vm)
	if want := (lease.Record{Held: true, Holder: model.Holder{Host: 3, Generation: 2, Version: 5}}); err != nil || read != want {
		t.Errorf("it says %+v, %v", read, err)
	}
	for range 2 {
		if err := leases.Remove(t.Context(), domain, vm); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(place.Path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is there after it was removed: %v", err)
	}
	if _, err := leases.Record(t.Context(), domain, vm); err == nil {
		t.Error("a lease that is gone was read")
	}
}

func TestRenewals(t *testing.T) {
	t.Parallel()
	leases, domain := New(Program), domainIn(t)
	if err := leases.Make(t.Context(), domain, model.NewID(), -1, -1); err != nil {
		t.Fatal(err)
	}
	space := filepath.Join(root(domain), spaceFile)
	write(t, space, func(data []byte) {
		for i, host := range []int{2, 11, 2000} {
			record := data[(host-1)*recordSize:]
			put(record, uint64(host), 4, 0, uint64(i*1234))
			binary.LittleEndian.PutUint16(record[174:], uint16(5*i))
		}
		put(data[2*recordSize:], 4, 1, 0, 5) // of another host
		put(data[3*recordSize:], 4, 1, 0, 5) // and one that is torn
		data[3*recordSize+checked-1]++
	})
	read, err := leases.Renewals(t.Context(), domain)
	want := map[uint64]lease.Renewal{
		2:    {Generation: 4, Stamp: 0, Dead: 140 * time.Second, Every: 20 * time.Second},
		11:   {Generation: 4, Stamp: 1234, Dead: 100 * time.Second, Every: 10 * time.Second},
		2000: {Generation: 4, Stamp: 2468, Dead: 140 * time.Second, Every: 20 * time.Second},
	}
	if err != nil || !maps.Equal(read, want) {
		t.Errorf("they say %+v, %v", read, err)
	}
	write(t, space, func(data []byte) { data[0]++ })
	if read, err := leases.Renewals(t.Context(), domain); err == nil {
		t.Errorf("what is no lockspace says %+v", read)
	}
	if err := leases.Ready(t.Context(), domain, -1, -1); err == nil {
		t.Error("what is no lockspace was taken for one")
	}
	if err := os.WriteFile(space, nil, 0); err != nil {
		t.Fatal(err)
	}
	if read, err := leases.Renewals(t.Context(), domain); err == nil {
		t.Errorf("what is empty says %+v", read)
	}
}

// TestStrange reads what is no record, or not the one that it should be.
func TestStrange(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func([]byte){
		"begins with":       func(data []byte) { data[0]++ },
		"unknown version":   func(data []byte) { data[6]++ },
		"sector size":       func(data []byte) { data[13]++ },
		"wrong checksum":    func(data []byte) { data[160]++ },
		"another lockspace": func(data []byte) { data[56]++; seal(data) },
		"another lease":     func(data []byte) { data[104]++; seal(data) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			leases, domain, vm := New(Program), domainIn(t), model.NewID()
			if err := leases.Make(t.Context(), domain, vm, -1, -1); err != nil {
				t.Fatal(err)
			}
			write(t, leases.Place(domain, vm).Path, change)
			if read, err := leases.Record(t.Context(), domain, vm); err == nil || !strings.Contains(err.Error(), name) {
				t.Errorf("it was read as %+v, %v", read, err)
			}
			if err := leases.Make(t.Context(), domain, vm, -1, -1); err == nil {
				t.Error("what is strange was taken for a lease")
			}
		})
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	domain, vm := domainIn(t), model.NewID()
	missing := New("sanlock-is-not-here")
	if err := missing.Make(t.Context(), domain, vm, -1, -1); !errors.Is(err, lease.ErrUnable) || !errors.Is(missing.Ready(t.Context(), domain, -1, -1), lease.ErrUnable) {
		t.Errorf("without the program: %v", err)
	}
	failing := New("false")
	if err := failing.Make(t.Context(), domain, vm, -1, -1); err == nil || !strings.Contains(err.Error(), "sanlock direct init") {
		t.Errorf("with a program that fails: %v", err)
	}
	gone := &model.StorageDomain{ID: model.NewID(), Name: "gone"}
	gone.Path = t.TempDir()
	leases := New(Program)
	for what, err := range map[string]error{
		"make":   leases.Make(t.Context(), gone, vm, -1, -1),
		"remove": leases.Remove(t.Context(), gone, vm),
	} {
		if !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s in a domain that is not there: %v", what, err)
		}
	}
	if err := os.MkdirAll(filepath.Join(root(domain), leaseFolder), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("../dom_md/ids", leases.Place(domain, vm).Path); err != nil {
		t.Fatal(err)
	}
	if _, err := leases.Record(t.Context(), domain, vm); err == nil {
		t.Error("a link was followed")
	}
}

// TestHangs has storage that does not answer hold up nobody for longer than asked, and
// not for ever more calls.
func TestHangs(t *testing.T) {
	t.Parallel()
	var calls hanging
	domain := &model.StorageDomain{Name: "slow"}
	release := make(chan struct{})
	for range mostHanging {
		ctx, cancel := context.WithCancel(t.Context())
		err := calls.within(ctx, domain, func() error { cancel(); <-release; return nil })
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("a call that hangs ended with %v", err)
		}
	}
	none := func() error { t.Error("one more call was begun"); return nil }
	if err := calls.within(t.Context(), domain, none); err == nil {
		t.Error("one more call was made")
	}
	close(release)
	for calls.count(domain, 0) > 0 {
		if t.Context().Err() != nil {
			t.Fatal("they are not forgotten")
		}
	}
	if err := calls.within(t.Context(), domain, func() error { return nil }); err != nil {
		t.Errorf("afterwards: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := calls.within(ended, domain, none); !errors.Is(err, context.Canceled) {
		t.Errorf("a call without time: %v", err)
	}
}

// put makes a record say who holds it, as sanlock writes it.
func put(data []byte, host, generation, version, stamp uint64) {
	binary.LittleEndian.PutUint64(data[32:], host)
	binary.LittleEndian.PutUint64(data[40:], generation)
	binary.LittleEndian.PutUint64(data[48:], version)
	binary.LittleEndian.PutUint64(data[152:], stamp)
	seal(data)
}

func seal(data []byte) { binary.LittleEndian.PutUint32(data[168:], checksum(data[:checked])) }

func write(t *testing.T, path string, change func([]byte)) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before := bytes.Clone(data)
	change(data)
	if bytes.Equal(before, data) {
		t.Fatal("nothing was changed")
	}
	if err := os.WriteFile(path, data, 0); err != nil {
		t.Fatal(err)
	}
}
