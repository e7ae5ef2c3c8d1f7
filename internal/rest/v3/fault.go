package v3

// Fault says why a request was refused (api-v3 5.1).
type Fault struct {
	Reason string  `wire:"reason,keep"`
	Detail *string `wire:"detail"`
}

// UsageMessage answers a body that could not be read (api-v3 5.1).
type UsageMessage struct {
	Message      string        `wire:"message,keep"`
	DetailedLink *DetailedLink `wire:"detailedLink"`
}

// DetailedLink says in a usage message where a better request belongs.
type DetailedLink struct {
	Href        string  `wire:"href,attr"`
	Rel         string  `wire:"rel,attr"`
	Description *string `wire:"description"`
}

// Creation is the state of something being made (api-v3 2.5).
type Creation struct {
	Resource
	Status *Status `wire:"status"`
	Fault  *Fault  `wire:"fault"`
}
