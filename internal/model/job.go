package model

import (
	"encoding/json"
	"time"
)

// Job is durable work: one command that was accepted, with its steps. While it
// is JobStarted it holds the locks that it names; a job that has ended holds
// none, so no lock can outlive its job.
type Job struct {
	ID ID `json:"id"`
	// Action names the row of the command table: "vm.start".
	Action string `json:"action"`
	// Path names which way of the command was taken: "launch", "restore".
	Path string `json:"path,omitempty"`
	// Verb is the word that messages use for the action: "run".
	Verb string `json:"verb,omitempty"`
	// Description is the text people read: "Launching VM web1".
	Description string `json:"description"`
	// Monitored jobs are listed in /jobs; the others are only kept for
	// recovery (api-v3 3.1: ticket, cancelmigration, detach).
	Monitored bool `json:"monitored,omitempty"`
	// Target is the object the command acts on.
	Target Ref `json:"target"`
	// Locks are the objects no other command may change meanwhile.
	Locks     []Ref  `json:"locks,omitempty"`
	Owner     ID     `json:"owner,omitempty"`
	OwnerName string `json:"owner_name,omitempty"`
	// OwnerAddress is where the request of the owner came from.
	OwnerAddress  string    `json:"owner_address,omitempty"`
	CorrelationID string    `json:"correlation_id,omitempty"`
	Status        JobStatus `json:"status"`
	StartTime     time.Time `json:"start_time"`
	EndTime       time.Time `json:"end_time,omitzero"`
	LastUpdated   time.Time `json:"last_updated"`
	Steps         []Step    `json:"steps,omitempty"`

	// Params is what the command was asked, Data what its steps must remember;
	// both belong to the command.
	Params json.RawMessage `json:"params,omitempty"`
	Data   json.RawMessage `json:"data,omitempty"`
	// Before is the status that the target had when the job was accepted.
	Before Status `json:"before,omitempty"`
	// Next is the index of the work step to do next (or, Undoing, to undo next).
	Next    int  `json:"next"`
	Undoing bool `json:"undoing,omitempty"`
	// Interrupted says that another command or an operator asked it to end.
	Interrupted bool `json:"interrupted,omitempty"`
	// Fault is why it failed.
	Fault *JobFault `json:"fault,omitempty"`
	// External jobs were made through the API by others, and are ended by them.
	External    bool `json:"external,omitempty"`
	AutoCleared bool `json:"auto_cleared,omitempty"`
}

// Ref names the job.
func (j *Job) Ref() Ref { return Ref{KindJob, j.ID} }

// ObjectName is its description.
func (j *Job) ObjectName() string { return j.Description }

// JobFault is the refusal or failure that ended a job: the code of the message
// catalogue, its kind and the sentence.
type JobFault struct {
	Kind    string `json:"kind"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// Step is one visible step of a job.
type Step struct {
	ID          ID        `json:"id"`
	Parent      ID        `json:"parent,omitempty"`
	Type        StepType  `json:"type"`
	Number      int       `json:"number"`
	Description string    `json:"description"`
	Status      JobStatus `json:"status"`
	// Progress is how much of it is done, in percent; nil for a step that does not say.
	Progress  *int      `json:"progress,omitempty"`
	StartTime time.Time `json:"start_time"`
	EndTime   time.Time `json:"end_time,omitzero"`
}

// Event is one line of the audit log (api-v3 appendix B). Events are appended
// and never changed.
type Event struct {
	// ID grows by one with each event.
	ID            int64     `json:"id"`
	Code          int       `json:"code"`
	Severity      Severity  `json:"severity"`
	Time          time.Time `json:"time"`
	Description   string    `json:"description"`
	CorrelationID string    `json:"correlation_id,omitempty"`
	Origin        string    `json:"origin"`
	CustomID      int       `json:"custom_id,omitempty"`
	CustomData    string    `json:"custom_data,omitempty"`
	FloodRate     int       `json:"flood_rate,omitempty"`
	User          ID        `json:"user,omitempty"`
	// Address is where the user's request came from.
	Address       string `json:"address,omitempty"`
	VM            ID     `json:"vm,omitempty"`
	Host          ID     `json:"host,omitempty"`
	StorageDomain ID     `json:"storage_domain,omitempty"`
	Template      ID     `json:"template,omitempty"`
	Cluster       ID     `json:"cluster,omitempty"`
	DataCenter    ID     `json:"data_center,omitempty"`
	Job           ID     `json:"job,omitempty"`
}
