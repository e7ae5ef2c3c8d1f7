package figures

import "vireo/internal/model"

// Figure is one statistic.
type Figure struct {
	// Name is the same for all objects of a kind, and Values and Unit are words of the API;
	// Counter says that it only grows.
	Name, Description, Values, Unit string
	Counter                         bool
	Datum                           float64
}

// ID follows from the name.
func (f Figure) ID() model.ID { return model.NamedID(f.Name) }
