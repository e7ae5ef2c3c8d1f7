package inventory

// Waiting is how many changes wait to be written together.
func (inv *Inventory) Waiting() int {
	inv.line.mu.Lock()
	defer inv.line.mu.Unlock()
	return len(inv.line.waiting)
}
