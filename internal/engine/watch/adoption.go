package watch

import (
	"sync"

	"vireo/internal/inventory"
	"vireo/internal/model"
)

// adoption is the time after a restore from a backup, in which guests of later
// runs than the recorded ones are taken over. It ends when every host that exists
// has been compared once: from then on such a guest belongs to somebody else.
type adoption struct {
	// over is called in the transaction that ends it; may be nil.
	over func(*inventory.Tx)

	mu       sync.Mutex
	lasts    bool
	compared map[model.ID]bool
}

func newAdoption(lasts bool, over func(*inventory.Tx)) *adoption {
	return &adoption{over: over, lasts: lasts, compared: make(map[model.ID]bool)}
}

func (a *adoption) now() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.lasts
}

// note counts a host that is being compared, in the transaction which writes
// that. takeBack undoes it, for a transaction that came to nothing.
func (a *adoption) note(tx *inventory.Tx, host model.ID) (takeBack func()) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.lasts {
		return func() {}
	}
	a.compared[host] = true
	takeBack = func() {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.lasts = true
		delete(a.compared, host)
	}
	for _, known := range tx.Hosts.All() {
		if !a.compared[known.ID] {
			return takeBack
		}
	}
	a.lasts = false
	if a.over != nil {
		a.over(tx)
	}
	return takeBack
}
