package rest

import (
	"bytes"
	"sync"

	"vireo/internal/model"
	"vireo/internal/rest/wire"
)

// rendered is an item of a list that was rendered before.
type rendered []byte

// fragmentsSize is how many bytes of rendered VMs are kept: those of some
// thousand VMs. What does not fit is rendered each time.
const fragmentsSize = 16 << 20

// fragments keeps the rendered representations of VMs. A value of the model never
// changes, so what was made from it stays true as long as the VM has that value.
type fragments struct {
	mu   sync.RWMutex
	kept map[fragmentKey]fragment
	size int
}

type fragmentKey struct {
	id     model.ID
	prefix string
	format format
}

type fragment struct {
	vm   *model.VM
	live *model.Live
	text rendered
}

// vm gives a VM as it stands in a list: rendered, from memory if it can, or its
// shape when there is no room to keep it.
func (f *fragments) vm(r *request, vm *model.VM) any {
	key := fragmentKey{vm.ID, r.prefix, r.format}
	live := r.view.Live(vm.ID)
	f.mu.RLock()
	found, known := f.kept[key]
	full := f.size >= fragmentsSize
	f.mu.RUnlock()
	if known && found.vm == vm && found.live == live {
		return found.text
	}
	shape := r.page.ShowListedVM(vm, live)
	if full && !known {
		return shape
	}
	scratch, _ := chunks.Get().(*[]byte) // the pool holds nothing else
	defer chunks.Put(scratch)
	if r.format == jsonFormat {
		*scratch = wire.AppendJSON((*scratch)[:0], shape, wire.JSON{})
	} else {
		*scratch = wire.AppendXMLElement((*scratch)[:0], "vm", shape, 1)
	}
	made := fragment{vm: vm, live: live, text: bytes.Clone(*scratch)}
	f.keep(key, made)
	return made.text
}

func (f *fragments) keep(key fragmentKey, made fragment) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.size += len(made.text) - len(f.kept[key].text)
	f.kept[key] = made
}

// forget drops what belongs to VMs that are gone, once it could be worth it.
// There are at most that many representations of each of the VMs.
func (f *fragments) forget(r *request) {
	const ways = 6 // prefixes and formats
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.kept) <= ways*len(r.view.VMs())+1000 {
		return
	}
	f.kept, f.size = make(map[fragmentKey]fragment), 0
}

// plain says whether VMs are asked for in the way that is kept.
func (r *request) plain() bool {
	return !r.page.AllContent && !r.page.Filtered && len(r.details.included) == 0
}
