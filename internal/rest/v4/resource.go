package v4

// Link is a link, or an action of the actions list.
type Link struct {
	Href string `wire:"href,attr"`
	Rel  string `wire:"rel,attr"`
}

// Actions lists the actions of a resource (api-v4 2.5).
type Actions struct {
	Link []Link `wire:"link"`
}

// Resource is what every resource begins with (api-v4 2.2).
type Resource struct {
	Href           string   `wire:"href,attr"`
	ID             *string  `wire:"id,attr"`
	Actions        *Actions `wire:"actions"`
	Name           *string  `wire:"name"`
	Description    *string  `wire:"description"`
	Comment        *string  `wire:"comment"`
	CreationStatus *string  `wire:"creation_status"`
	Link           []Link   `wire:"link"`
}

// Reference points at the resource itself, as a request names it.
func (r *Resource) Reference() *Reference { return &Reference{ID: r.ID, Name: r.Name} }

// Collection is what every collection begins with (api-v4 2.10).
type Collection struct {
	Size   *uint32 `wire:"size"`
	Total  *uint32 `wire:"total"`
	Active *uint32 `wire:"active"`
}

// Reference points at another object: by id, or, on input, by id or name.
type Reference struct {
	Href string  `wire:"href,attr"`
	ID   *string `wire:"id,attr"`
	Name *string `wire:"name"`
}

// Version is a version number.
type Version struct {
	Build       *int    `wire:"build"`
	FullVersion *string `wire:"full_version"`
	Major       *int    `wire:"major"`
	Minor       *int    `wire:"minor"`
	Revision    *int    `wire:"revision"`
}

// Enabled is a switch inside an element of its own.
type Enabled struct {
	Enabled *bool `wire:"enabled"`
}

// Fault says why a request was refused (api-v4 2.9).
type Fault struct {
	Detail *string `wire:"detail"`
	Reason string  `wire:"reason,keep"`
}

// Creation is the state of something being made (api-v4 3.4).
type Creation struct {
	Resource
	Fault  *Fault  `wire:"fault"`
	Status *string `wire:"status"`
}
