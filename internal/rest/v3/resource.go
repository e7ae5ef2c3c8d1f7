package v3

// Link is a link, or an action of the actions list.
type Link struct {
	Href string `wire:"href,attr"`
	Rel  string `wire:"rel,attr"`
}

// Actions lists the actions of a resource (api-v3 2.1).
type Actions struct {
	Link []Link `wire:"link"`
}

// Resource is what every resource begins with (api-v3 2.1).
type Resource struct {
	Href           string   `wire:"href,attr"`
	ID             *string  `wire:"id,attr"`
	Actions        *Actions `wire:"actions"`
	Name           *string  `wire:"name"`
	Description    *string  `wire:"description"`
	Comment        *string  `wire:"comment"`
	CreationStatus *Status  `wire:"creation_status"`
	Link           []Link   `wire:"link"`
}

// Collection is what every collection begins with. Size is given for the detail
// "size" only (api-v3 1.3), Total and Active in the summary of the root only.
type Collection struct {
	Size   *uint32 `wire:"size"`
	Total  *uint32 `wire:"total"`
	Active *uint32 `wire:"active"`
}

// Status is a state in an element of its own (api-v3 2.5).
type Status struct {
	State  string  `wire:"state,keep"`
	Detail *string `wire:"detail"`
}

// Reference points at another object: by id, or, on input, by id or name.
type Reference struct {
	Href string  `wire:"href,attr"`
	ID   *string `wire:"id,attr"`
	Name *string `wire:"name"`
}

// Version is a version number (attributes only).
type Version struct {
	Major       *uint16 `wire:"major,attr"`
	Minor       *uint16 `wire:"minor,attr"`
	Build       *uint16 `wire:"build,attr"`
	Revision    *uint16 `wire:"revision,attr"`
	FullVersion *string `wire:"full_version,attr"`
}

// Enabled is a switch inside an element of its own.
type Enabled struct {
	Enabled *bool `wire:"enabled"`
}

// EnabledAttribute is a switch in an attribute.
type EnabledAttribute struct {
	Enabled *bool `wire:"enabled,attr"`
}

// Reference points at the resource itself, as a request names it.
func (r *Resource) Reference() *Reference {
	return &Reference{ID: r.ID, Name: r.Name}
}
