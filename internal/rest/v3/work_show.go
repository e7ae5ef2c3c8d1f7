package v3

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"vireo/internal/model"
)

// ShowJob shows a job.
func (p *Page) ShowJob(job *model.Job) *Job {
	out := &Job{Resource: p.top(model.KindJob, job.ID)}
	out.Description = new(job.Description)
	out.Status = &Status{State: strings.ToUpper(string(job.Status))}
	out.Owner = p.ref(model.KindUser, job.Owner)
	out.StartTime = moment(job.StartTime)
	out.EndTime = moment(job.EndTime)
	out.LastUpdated = moment(job.LastUpdated)
	out.External = new(job.External)
	out.AutoCleared = new(job.AutoCleared)
	return out
}

// JobReference is the job element of an answered action.
func (p *Page) JobReference(job *model.Job) *Reference { return p.ref(model.KindJob, job.ID) }

// ShowStep shows a step of a job.
func (p *Page) ShowStep(step *model.Step, job *model.Job) *Step {
	at := p.Href(model.KindJob, job.ID)
	out := &Step{Resource: p.resource("step", below(at, "steps", string(step.ID)), step.ID)}
	out.Description = new(step.Description)
	if step.Progress != nil && step.Status == model.JobStarted {
		// Version 3 has no element for it.
		out.Description = new(fmt.Sprintf("%s (%d%%)", step.Description, *step.Progress))
	}
	if step.Parent != "" {
		out.ParentStep = &Reference{Href: below(at, "steps", string(step.Parent)), ID: new(string(step.Parent))}
	}
	out.Job = p.ref(model.KindJob, job.ID)
	out.Type = new(string(step.Type))
	out.Number = new(step.Number)
	out.Status = &Status{State: strings.ToUpper(string(step.Status))}
	out.StartTime = moment(step.StartTime)
	out.EndTime = moment(step.EndTime)
	out.External = new(job.External)
	return out
}

// ShowEvent shows an event.
func (p *Page) ShowEvent(event *model.Event) *Event {
	id := model.ID(strconv.FormatInt(event.ID, 10))
	out := &Event{Resource: p.top(model.KindEvent, id)}
	out.Description = new(event.Description)
	out.Code = new(event.Code)
	out.Severity = new(string(event.Severity))
	out.Time = moment(event.Time)
	out.CorrelationID = text(event.CorrelationID)
	out.User = p.ref(model.KindUser, event.User)
	out.VM = p.ref(model.KindVM, event.VM)
	out.StorageDomain = p.ref(model.KindStorageDomain, event.StorageDomain)
	out.Host = p.ref(model.KindHost, event.Host)
	out.Template = p.ref(model.KindTemplate, event.Template)
	out.Cluster = p.ref(model.KindCluster, event.Cluster)
	out.DataCenter = p.ref(model.KindDataCenter, event.DataCenter)
	out.Origin = text(event.Origin)
	out.CustomID = new(event.CustomID)
	if event.CustomID == 0 {
		out.CustomID = new(-1)
	}
	out.FloodRate = new(event.FloodRate)
	out.CustomData = text(event.CustomData)
	return out
}

// moment leaves a time that never came out.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return new(t)
}
