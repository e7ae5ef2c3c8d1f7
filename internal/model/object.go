package model

import (
	"fmt"

	"github.com/google/uuid"
)

// ID names an object: a lower-case UUID for most kinds, a decimal number for
// events, a file name for files of an ISO domain, hexadecimal digits for domains.
type ID string

// BlankID is the id of the template Blank, of the root tag and of the one CD
// drive of every VM (api-v3 appendix C and section 2.1).
const BlankID ID = "00000000-0000-0000-0000-000000000000"

// NewID makes a random (version 4) UUID.
func NewID() ID { return ID(uuid.NewString()) }

// ParseID reads a UUID in its 36-character form, in any case, and returns it in
// lower case. The error says what was wrong with which text.
func ParseID(text string) (ID, error) {
	if len(text) != 36 {
		return "", fmt.Errorf("%.64q is not a UUID", text)
	}
	parsed, err := uuid.Parse(text)
	if err != nil {
		return "", fmt.Errorf("%q is not a UUID", text)
	}
	return ID(parsed.String()), nil
}

// Kind names a kind of object, in the singular, as version 4 spells it.
type Kind string

// The kinds of object that are kept.
const (
	KindAffinityGroup Kind = "affinity_group"
	KindCluster       Kind = "cluster"
	KindDataCenter    Kind = "data_center"
	KindDisk          Kind = "disk"
	KindDomain        Kind = "domain"
	KindEvent         Kind = "event"
	KindFile          Kind = "file"
	KindGroup         Kind = "group"
	KindHost          Kind = "host"
	KindImageTransfer Kind = "image_transfer"
	KindJob           Kind = "job"
	KindMACPool       Kind = "mac_pool"
	KindNetwork       Kind = "network"
	KindNIC           Kind = "nic"
	KindOption        Kind = "option"
	KindPermission    Kind = "permission"
	KindRole          Kind = "role"
	KindSnapshot      Kind = "snapshot"
	KindStorageDomain Kind = "storage_domain"
	KindTag           Kind = "tag"
	KindTemplate      Kind = "template"
	KindUser          Kind = "user"
	KindVNICProfile   Kind = "vnic_profile"
	KindVM            Kind = "vm"
	KindVMPool        Kind = "vm_pool"
	KindCDROM         Kind = "cdrom"
)

// KindNetworkAttachment is a network of a host.
const KindNetworkAttachment Kind = "network_attachment"

// KindTicket is no object but a lock: of who sets the ticket of a VM, by its id.
const KindTicket Kind = "ticket"

// KindLogon is no object but a lock: of who logs on to the guest of a VM, by its id.
const KindLogon Kind = "logon"

// KindExportedVM and KindExportedTemplate are no objects but what lies in an export
// domain, by its id there.
const (
	KindExportedVM       Kind = "exported_vm"
	KindExportedTemplate Kind = "exported_template"
)

// KindExternalVM and KindExternalTemplate are no objects but what is imported from
// outside of all storage domains.
const (
	KindExternalVM       Kind = "external_vm"
	KindExternalTemplate Kind = "external_template"
)

// KindFileSystems is no object but a lock: of who freezes or thaws the file systems
// of a VM, by its id.
const KindFileSystems Kind = "file_systems"

// KindMigration is no object but a lock: of who gives up the migration of a VM, by the
// VM's id.
const KindMigration Kind = "migration"

// KindLeftover is no object but a lock: of who frees a host of what a VM has left there.
const KindLeftover Kind = "leftover"

// Leftover is what a VM has left on a host, to be locked.
func Leftover(vm, on ID) Ref { return Ref{Kind: KindLeftover, ID: vm + "@" + on} }

// Ref points at an object of a kind.
type Ref struct {
	Kind Kind `json:"kind"`
	ID   ID   `json:"id"`
}

// String gives the form that log lines and lock messages use: kind/id.
func (r Ref) String() string { return string(r.Kind) + "/" + string(r.ID) }

// Object is what every kept value can say of itself.
type Object interface {
	// Ref names the object.
	Ref() Ref
	// ObjectName is the name people gave it; empty where a kind has none.
	ObjectName() string
}
