package model

// ForeignGuest is a guest of a host that is no VM here, with the status that a VM would
// have. Memory is in bytes.
type ForeignGuest struct {
	ID     ID
	Name   string
	Status Status
	Memory int64
	CPUs   int
}
