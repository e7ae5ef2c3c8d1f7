package v4

import (
	"strconv"
	"time"

	"vireo/internal/model"
)

// Job is a job (api-v4 3.8).
type Job struct {
	Resource
	AutoCleared *bool      `wire:"auto_cleared"`
	EndTime     *time.Time `wire:"end_time"`
	External    *bool      `wire:"external"`
	LastUpdated *time.Time `wire:"last_updated"`
	StartTime   *time.Time `wire:"start_time"`
	Status      *string    `wire:"status"`
	Owner       *Reference `wire:"owner"`
}

// Jobs is a list of jobs.
type Jobs struct {
	Collection
	Job []Job `wire:"job"`
}

// Step is a step of a job; Progress is in percent.
type Step struct {
	Resource
	EndTime    *time.Time `wire:"end_time"`
	External   *bool      `wire:"external"`
	Number     *int       `wire:"number"`
	Progress   *int       `wire:"progress"`
	StartTime  *time.Time `wire:"start_time"`
	Status     *string    `wire:"status"`
	Type       *string    `wire:"type"`
	Job        *Reference `wire:"job"`
	ParentStep *Reference `wire:"parent_step"`
}

// Steps is a list of steps.
type Steps struct {
	Collection
	Step []Step `wire:"step"`
}

// ShowJob shows a job.
func (p *Page) ShowJob(job *model.Job) *Job {
	out := &Job{Resource: p.top(model.KindJob, job.ID)}
	out.Description = new(job.Description)
	out.AutoCleared, out.External = new(job.AutoCleared), new(job.External)
	out.StartTime, out.EndTime, out.LastUpdated = moment(job.StartTime), moment(job.EndTime), moment(job.LastUpdated)
	out.Status = text(job.Status)
	out.Owner = p.Ref(model.KindUser, job.Owner)
	return out
}

// ShowStep shows a step of a job.
func (p *Page) ShowStep(step *model.Step, job *model.Job) *Step {
	at := p.Href(model.KindJob, job.ID)
	out := &Step{Resource: p.resource("step", below(at, "steps", string(step.ID)), step.ID)}
	out.Description = new(step.Description)
	out.StartTime, out.EndTime = moment(step.StartTime), moment(step.EndTime)
	out.External = new(job.External)
	out.Number = new(step.Number)
	out.Progress = step.Progress
	out.Status, out.Type = text(step.Status), text(step.Type)
	out.Job = p.Ref(model.KindJob, job.ID)
	if step.Parent != "" {
		out.ParentStep = &Reference{Href: below(at, "steps", string(step.Parent)), ID: new(string(step.Parent))}
	}
	return out
}

// Event is an event; its id is a number.
type Event struct {
	Resource
	Code          *int       `wire:"code"`
	CorrelationID *string    `wire:"correlation_id"`
	CustomData    *string    `wire:"custom_data"`
	CustomID      *int       `wire:"custom_id"`
	FloodRate     *int       `wire:"flood_rate"`
	Index         *int       `wire:"index"`
	LogOnHost     *bool      `wire:"log_on_host"`
	Origin        *string    `wire:"origin"`
	Severity      *string    `wire:"severity"`
	Time          *time.Time `wire:"time"`
	Cluster       *Reference `wire:"cluster"`
	DataCenter    *Reference `wire:"data_center"`
	Host          *Reference `wire:"host"`
	StorageDomain *Reference `wire:"storage_domain"`
	Template      *Reference `wire:"template"`
	User          *Reference `wire:"user"`
	VM            *Reference `wire:"vm"`
}

// Events is a list of events.
type Events struct {
	Collection
	Event []Event `wire:"event"`
}

// ShowEvent shows an event.
func (p *Page) ShowEvent(event *model.Event) *Event {
	out := &Event{Resource: p.top(model.KindEvent, model.ID(strconv.FormatInt(event.ID, 10)))}
	out.Description = new(event.Description)
	out.Code, out.Index = new(event.Code), new(int(event.ID))
	out.CorrelationID, out.CustomData, out.Origin = text(event.CorrelationID), text(event.CustomData), text(event.Origin)
	out.CustomID, out.FloodRate = new(event.CustomID), new(event.FloodRate)
	if event.CustomID == 0 {
		out.CustomID = new(-1)
	}
	out.LogOnHost = new(false)
	out.Severity = text(event.Severity)
	out.Time = moment(event.Time)
	out.Cluster = p.Ref(model.KindCluster, event.Cluster)
	out.DataCenter = p.Ref(model.KindDataCenter, event.DataCenter)
	out.Host = p.Ref(model.KindHost, event.Host)
	out.StorageDomain = p.Ref(model.KindStorageDomain, event.StorageDomain)
	out.Template = p.Ref(model.KindTemplate, event.Template)
	out.User = p.Ref(model.KindUser, event.User)
	out.VM = p.Ref(model.KindVM, event.VM)
	return out
}
