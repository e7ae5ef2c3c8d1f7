package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"
)

// runningGuests is how many of the VMs have a guest on the fake host.
const runningGuests = 200

// measureScale asks an engine with thousands of VMs on fake hosts, which may use
// one core.
func measureScale(ctx context.Context, s *settings, out *report) error {
	t := table{
		title: "Thousands of VMs, one core",
		about: fmt.Sprintf("Fake hosts, `GOMAXPROCS=1` for the engine, HTTPS over loopback with a session, times as the client sees them; "+
			"%d VMs run, the others are down. Single requests one after the other; the mixed load is 8 clients at once.", runningGuests),
		heads: []string{"p50", "p99", "answer", "a second"},
	}
	for _, count := range s.sizes {
		if err := measureSize(ctx, s, count, &t); err != nil {
			return fmt.Errorf("%d VMs: %w", count, err)
		}
	}
	out.add(t)
	return nil
}

func measureSize(ctx context.Context, s *settings, count int, t *table) (err error) {
	dataDir, err := fill(ctx, s, "scale", count)
	if err != nil {
		return err
	}
	e, err := startEngine(ctx, s, dataDir, []string{"GOMAXPROCS=1"}, "--driver", "fake")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.stop()) }()
	if err := e.waitFor(ctx, "/api/hosts", "<state>up</state>"); err != nil {
		return err
	}
	atFirst := e.resident()
	ids, err := e.ids(ctx)
	if err != nil {
		return err
	}
	if len(ids) != count {
		return fmt.Errorf("the list has %d VMs", len(ids))
	}
	if err := atOnce(8, ids[:runningGuests], func(id string) error { return post(ctx, e, id, "start") }); err != nil {
		return err
	}
	if err := e.waitFor(ctx, "/api/vms?search=status%3Dup%20page%201", "<state>up</state>"); err != nil {
		return err
	}
	if err := singles(ctx, e, count, ids, t); err != nil {
		return err
	}
	perSecond, mixed, err := mixedLoad(ctx, s, e, ids)
	if err != nil {
		return err
	}
	prefix := fmt.Sprintf("%d VMs: ", count)
	t.row(prefix+"mixed load", "", false, mixed.middle(), milliseconds(mixed.at(99)), "", fmt.Sprintf("%.0f", perSecond))
	t.row(prefix+"memory (RSS) after start, and after all this", "", false, "", "",
		bytesShown(atFirst)+", "+bytesShown(e.resident()), "")
	return nil
}

// singles measures each kind of request alone.
func singles(ctx context.Context, e *engine, count int, ids []string, t *table) error {
	thousand := count == 1000
	for _, kind := range []struct {
		what    string
		path    func(i int) string
		accept  string
		repeats int
		aim     string
		limit   time.Duration
	}{
		{"GET of one VM", func(i int) string { return "/api/vms/" + ids[i*7%len(ids)] }, "application/xml", 2000, "p50 < 1 ms", time.Millisecond},
		{"list, XML", func(int) string { return "/api/vms" }, "application/xml", 40, "p50 < 15 ms", 15 * time.Millisecond},
		{"list, JSON", func(int) string { return "/api/vms" }, "application/json", 40, "p50 < 15 ms", 15 * time.Millisecond},
		{"search by name", func(i int) string { return "/api/vms?search=name%3D" + nameOf(i*7%count) }, "application/xml", 400, "", 0},
		{"search by a pattern of names (100 found)", func(i int) string { return fmt.Sprintf("/api/vms?search=name%%3Dweb%03d*", i%(count/100)) }, "application/xml", 200, "", 0},
	} {
		var took times
		size := 0
		for i := range kind.repeats {
			took1, size1, err := e.timed(ctx, http.MethodGet, kind.path(i), "", "Accept", kind.accept)
			if err != nil {
				return err
			}
			took, size = append(took, took1), size1
		}
		aim := kind.aim
		if strings.HasPrefix(kind.what, "list") && !thousand {
			aim = ""
		}
		t.row(fmt.Sprintf("%d VMs: %s", count, kind.what), aim, took.at(50) < kind.limit,
			took.middle(), milliseconds(took.at(99)), bytesShown(int64(size)), "")
	}
	return nil
}

var listedID = regexp.MustCompile(`<vm href="[^"]*" id="([^"]*)"`)

// ids lists the ids of all VMs, by name.
func (e *engine) ids(ctx context.Context) ([]string, error) {
	answer, err := e.ask(ctx, http.MethodGet, "/api/vms", "")
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, found := range listedID.FindAllSubmatch(answer, -1) {
		ids = append(ids, string(found[1]))
	}
	return ids, nil
}

// mixedLoad is 8 clients that look at one VM (70 %), search (15 %), list a page of
// 100 (8 %), look at statistics (4 %) and change a description (3 %).
func mixedLoad(ctx context.Context, s *settings, e *engine, ids []string) (perSecond float64, took times, err error) {
	bounded, cancel := context.WithTimeout(ctx, s.load)
	defer cancel()
	var mu sync.Mutex
	began := time.Now()
	workers := make([]int, 8)
	err = atOnce(len(workers), workers, func(int) error {
		random := rand.New(rand.NewPCG(1, 2))
		var mine times
		for bounded.Err() == nil {
			method, path, body := anyRequest(random, ids)
			took1, _, err := e.timed(ctx, method, path, body)
			if err != nil {
				return err
			}
			mine = append(mine, took1)
		}
		mu.Lock()
		defer mu.Unlock()
		took = append(took, mine...)
		return nil
	})
	return float64(len(took)) / time.Since(began).Seconds(), took, err
}

func anyRequest(random *rand.Rand, ids []string) (method, path, body string) {
	number := random.IntN(len(ids))
	vm := "/api/vms/" + ids[number]
	switch dice := random.IntN(100); {
	case dice < 70:
		return http.MethodGet, vm, ""
	case dice < 85:
		return http.MethodGet, "/api/vms?search=name%3D" + nameOf(number), ""
	case dice < 93:
		return http.MethodGet, "/api/vms?max=100", ""
	case dice < 97:
		return http.MethodGet, vm + "/statistics", ""
	}
	return http.MethodPut, vm, fmt.Sprintf("<vm><description>changed %d</description></vm>", random.IntN(1000))
}

// atOnce does something for each item, a few at a time, and gives the errors.
func atOnce[T any](few int, items []T, do func(T) error) error {
	var (
		wait   sync.WaitGroup
		mu     sync.Mutex
		failed error
	)
	next := make(chan T)
	for range few {
		wait.Go(func() {
			for item := range next {
				if err := do(item); err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
				}
			}
		})
	}
	for _, item := range items {
		next <- item
	}
	close(next)
	wait.Wait()
	return failed
}
