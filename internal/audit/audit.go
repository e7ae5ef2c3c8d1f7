package audit

import (
	"net"
	"strings"
	"time"

	"vireo/internal/model"
)

// Origin is what the API shows as origin of the engine's own events.
const Origin = "oVirt"

// About says what an event is about; nil and empty fields are left out.
type About struct {
	VM   *model.VM
	Host *model.Host
	// To is the host that a VM is to go to.
	To     *model.Host
	Domain *model.StorageDomain
	Disk   *model.Disk
	// Template is the one that the event is about; without it, that of the VM.
	Template *model.Template
	// Pool is one of VMs.
	Pool *model.VMPool
	// Snapshot is shown by its description.
	Snapshot *model.Snapshot
	// User and UserName are who asked.
	User     model.ID
	UserName string
	// Address is where the request came from, with or without a port.
	Address       string
	CorrelationID string
	Job           model.ID
	// Detail fills {detail}: why it failed, a name, a duration.
	Detail string
}

// New makes the event of a code. A code without a line in the table is a
// mistake of the program and panics; a test walks all codes.
func New(code Code, about About) model.Event {
	line, known := lines[code]
	if !known {
		panic("audit: an event code without a sentence")
	}
	event := model.Event{
		Code: int(code), Severity: line.severity, Time: time.Now().UTC(), Origin: Origin, CustomID: -1,
		CorrelationID: about.CorrelationID, User: about.User, Job: about.Job,
		Address: Host(about.Address),
	}
	words := []string{"{detail}", about.Detail, "{user}", orSystem(about.UserName), "{address}", orUnknown(Host(about.Address))}
	if about.VM != nil {
		event.VM, event.Cluster, event.Template = about.VM.ID, about.VM.Cluster, about.VM.Template
		words = append(words, "{vm}", about.VM.Name)
	}
	if about.Template != nil {
		event.Template, event.Cluster = about.Template.ID, about.Template.Cluster
		words = append(words, "{template}", about.Template.Name)
	}
	if about.Host != nil {
		event.Host = about.Host.ID
		if event.Cluster == "" {
			event.Cluster = about.Host.Cluster
		}
		words = append(words, "{host}", about.Host.Name)
	}
	if about.To != nil {
		words = append(words, "{destination}", about.To.Name)
	}
	if about.Domain != nil {
		event.StorageDomain, event.DataCenter = about.Domain.ID, about.Domain.DataCenter
		words = append(words, "{domain}", about.Domain.Name)
	}
	if about.Pool != nil {
		event.Cluster = about.Pool.Cluster
		words = append(words, "{pool}", about.Pool.Name)
	}
	if about.Disk != nil {
		words = append(words, "{disk}", about.Disk.Alias)
	}
	if about.Snapshot != nil {
		words = append(words, "{snapshot}", about.Snapshot.Description)
	}
	event.Description = strings.NewReplacer(words...).Replace(line.text)
	return event
}

func orSystem(name string) string {
	if name == "" {
		return "SYSTEM"
	}
	return name
}

func orUnknown(address string) string {
	if address == "" {
		return "an unknown address"
	}
	return address
}

// Host is an address without its port.
func Host(address string) string {
	if without, _, err := net.SplitHostPort(address); err == nil {
		return without
	}
	return address
}
