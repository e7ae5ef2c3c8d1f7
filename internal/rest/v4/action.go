package v4

// Action is the body of an action and its answer (api-v4 3.4).
type Action struct {
	Resource
	Async         *bool        `wire:"async"`
	Fault         *Fault       `wire:"fault"`
	Force         *bool        `wire:"force"`
	GracePeriod   *GracePeriod `wire:"grace_period"`
	Status        *string      `wire:"status"`
	Disk          *Disk        `wire:"disk"`
	Job           *Reference   `wire:"job"`
	StorageDomain *Reference   `wire:"storage_domain"`
}

// GracePeriod is grace_period; Expiry is in milliseconds.
type GracePeriod struct {
	Expiry int64 `wire:"expiry,keep"`
}
