package rest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// fill puts many VMs into the inventory, every second of them running.
func (e *edge) fill(count int) {
	e.t.Helper()
	blank, _ := e.engine.Inventory.Templates.Get(model.BlankID)
	host := e.engine.Inventory.Hosts.All()[0]
	const batch = 1000
	for from := 0; from < count; from += batch {
		err := e.engine.Inventory.Update(context.Background(), func(tx *inventory.Tx) error {
			for i := from; i < min(from+batch, count); i++ {
				vm := &model.VM{ID: model.NewID(), CreationTime: time.Now().UTC(), VMConfig: model.Clone(blank).VMConfig}
				vm.Name = fmt.Sprintf("vm%05d", i)
				vm.Run.Status, vm.Run.Since = model.StatusDown, vm.CreationTime
				if i%2 == 0 {
					vm.Run.Status, vm.Run.Host, vm.Run.StartTime = model.StatusUnknown, host.ID, vm.CreationTime
				}
				tx.VMs.Put(vm)
			}
			return nil
		})
		if err != nil {
			e.t.Fatal(err)
		}
	}
}

// sink counts an answer and keeps none of it.
type sink struct {
	header       http.Header
	code, length int
}

func (s *sink) Header() http.Header  { return s.header }
func (s *sink) WriteHeader(code int) { s.code = code }

func (s *sink) Write(data []byte) (int, error) {
	s.length += len(data)
	return len(data), nil
}

// BenchmarkList lists and searches VMs through the whole edge.
func BenchmarkList(b *testing.B) {
	for _, count := range []int{1, 1000, 10_000} {
		b.Run(fmt.Sprint(count), func(b *testing.B) {
			e := newEdge(b)
			e.fill(count)
			for _, format := range []string{"xml", "json"} {
				b.Run(format, func(b *testing.B) {
					b.ReportAllocs()
					for b.Loop() {
						w := &sink{header: http.Header{}}
						e.api.ServeHTTP(w, e.request("GET", "/api/vms", "", "Accept: application/"+format))
						if w.code != http.StatusOK {
							b.Fatal(w.code)
						}
						b.SetBytes(int64(w.length))
					}
				})
			}
			b.Run("search", func(b *testing.B) {
				for b.Loop() {
					w := httptest.NewRecorder()
					e.api.ServeHTTP(w, e.request("GET", "/api/vms?search=name%3Dvm00000", ""))
					if w.Code != 200 {
						b.Fatal(w.Code)
					}
				}
			})
		})
	}
}
