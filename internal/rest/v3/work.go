package v3

import "time"

// Job is a job (api-v3 2.6); the state of its status is in upper case.
type Job struct {
	Resource
	Status      *Status    `wire:"status"`
	Owner       *Reference `wire:"owner"`
	StartTime   *time.Time `wire:"start_time"`
	EndTime     *time.Time `wire:"end_time"`
	LastUpdated *time.Time `wire:"last_updated"`
	External    *bool      `wire:"external"`
	AutoCleared *bool      `wire:"auto_cleared"`
}

// Jobs is a list of jobs.
type Jobs struct {
	Collection
	Job []Job `wire:"job"`
}

// Step is a step of a job.
type Step struct {
	Resource
	ParentStep *Reference `wire:"parent_step"`
	Job        *Reference `wire:"job"`
	Type       *string    `wire:"type"`
	Number     *int       `wire:"number"`
	Status     *Status    `wire:"status"`
	StartTime  *time.Time `wire:"start_time"`
	EndTime    *time.Time `wire:"end_time"`
	External   *bool      `wire:"external"`
}

// Steps is a list of steps.
type Steps struct {
	Collection
	Step []Step `wire:"step"`
}

// Event is an event; its id is a number.
type Event struct {
	Resource
	Code          *int       `wire:"code"`
	Severity      *string    `wire:"severity"`
	Time          *time.Time `wire:"time"`
	CorrelationID *string    `wire:"correlation_id"`
	User          *Reference `wire:"user"`
	VM            *Reference `wire:"vm"`
	StorageDomain *Reference `wire:"storage_domain"`
	Host          *Reference `wire:"host"`
	Template      *Reference `wire:"template"`
	Cluster       *Reference `wire:"cluster"`
	DataCenter    *Reference `wire:"data_center"`
	Origin        *string    `wire:"origin"`
	CustomID      *int       `wire:"custom_id"`
	FloodRate     *int       `wire:"flood_rate"`
	CustomData    *string    `wire:"custom_data"`
}

// Events is a list of events.
type Events struct {
	Collection
	Event []Event `wire:"event"`
}
