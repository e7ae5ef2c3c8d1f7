package storage

import (
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/job"
	"vireo/internal/model"
)

// What texts of a storage domain may have: characters of the name, bytes of the
// others.
const (
	maxName        = 50
	maxDescription = 4000
)

// checkAdd refuses what can be refused before the storage is looked at.
func (r *room) checkAdd(tx *inventory.Tx, call *engine.Call) error {
	params := addParams(call)
	if params.Edit == nil {
		return fault.New(fault.Invalid, call.Verb, "Nothing to add was given.")
	}
	on, ok := tx.Hosts.Get(params.Host)
	switch {
	case !ok:
		return fault.New(fault.Invalid, call.Verb, "The host does not exist.")
	case on.Status != model.HostUp:
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The host %s is not up.", on.Name))
	}
	_, err := r.wanted(tx, call)
	return err
}

// wanted is the domain that a call asks for, with everything that was left open.
func (r *room) wanted(tx *inventory.Tx, call *engine.Call) (*model.StorageDomain, error) {
	params := addParams(call)
	domain := &model.StorageDomain{}
	if err := params.Edit(domain); err != nil {
		return nil, err
	}
	chosen := domain.ID
	domain.Status, domain.Engine, domain.Since = model.StorageDomainLocked, r.ID, time.Now().UTC()
	domain.DataCenter, domain.Master = "", false
	if err := r.checkStorage(tx, call, domain, params.Host); err != nil {
		return nil, err
	}
	if params.Import {
		if err := r.find(tx, call, domain, chosen); err != nil {
			return nil, err
		}
	} else {
		domain.ID = ""
		if err := r.checkEmpty(call, domain); err != nil {
			return nil, err
		}
	}
	if err := checkTexts(call.Verb, domain); err != nil {
		return nil, err
	}
	for _, other := range tx.StorageDomains.All() {
		if other.Name == domain.Name {
			return nil, fault.New(fault.NameInUse, call.Verb, "Storage Domain", domain.Name)
		}
	}
	return domain, nil
}

// checkStorage refuses types and places that cannot be, or that are in use.
func (r *room) checkStorage(tx *inventory.Tx, call *engine.Call, domain *model.StorageDomain, from model.ID) error {
	if domain.Format == "" {
		domain.Format = "v1"
		if domain.Type == model.StorageDomainData {
			domain.Format = "v3"
		}
	}
	switch {
	case domain.Type != model.StorageDomainData && domain.Type != model.StorageDomainISO && domain.Type != model.StorageDomainExport:
		return fault.New(fault.Invalid, call.Verb, "The type must be data, iso or export.")
	case domain.Format != "v1" && domain.Format != "v3":
		return fault.New(fault.Invalid, call.Verb, "The storage format must be v1 or v3.")
	}
	mount, err := r.Images.MountPoint(domain)
	if err != nil {
		return placeFault(fault.Invalid, call.Verb, err)
	}
	domain.Mount = mount
	if on, _ := tx.Hosts.Get(from); domain.StorageType == model.StorageLocalFS && !on.Facts.Local {
		return fault.New(fault.Invalid, call.Verb, fmt.Sprintf(
			"localfs is a directory of the engine's own machine, and the host %s is another one; use nfs or posixfs.", on.Name))
	}
	for _, other := range tx.StorageDomains.All() {
		if other.Dir() == domain.Dir() && !addParams(call).Import {
			return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf("The storage domain %s is there already.", other.Name))
		}
	}
	return nil
}

func checkTexts(verb string, domain *model.StorageDomain) error {
	bad := func(text string, most int) bool {
		return len(text) > most || !utf8.ValidString(text) || strings.ContainsFunc(text, unicode.IsControl)
	}
	switch {
	case domain.Name == "" || utf8.RuneCountInString(domain.Name) > maxName || strings.ContainsFunc(domain.Name, notInNames):
		return fault.New(fault.NameIllegal, verb, fmt.Sprintf("The name of a storage domain has 1 to %d letters, digits, '-' and '_'.", maxName))
	case bad(domain.Description, maxDescription) || bad(domain.Comment, maxDescription):
		return fault.New(fault.Invalid, verb, fmt.Sprintf("Description and comment may have at most %d bytes, and no control characters.", maxDescription))
	}
	return nil
}

func notInNames(r rune) bool {
	return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '-' && r != '_'
}

// enter records the domain, locked until it is there.
func (r *room) enter(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	domain, err := r.wanted(tx, call)
	if err != nil {
		return nil, err
	}
	if domain.ID == "" {
		domain.ID = model.NewID()
	}
	tx.StorageDomains.Put(domain)
	return domain, nil
}

// added settles an add: the domain is there and belongs to no data center.
func (r *room) added(tx *inventory.Tx, w *job.Work, failure error) {
	domain, ok := tx.StorageDomains.Edit(w.Job.Target.ID)
	if !ok {
		return
	}
	if failure != nil {
		tell(tx, audit.DomainAddFailed, w, domain, failure)
		tx.StorageDomains.Delete(domain.ID)
		return
	}
	setStatus(domain, model.StorageDomainUnattached, "")
	tell(tx, audit.DomainAdded, w, domain, nil)
}

// setStatus enters a status; of one that is not used any more nothing is known.
func setStatus(domain *model.StorageDomain, status model.StorageDomainStatus, detail string) {
	if domain.Status != status {
		domain.Since = time.Now().UTC()
	}
	domain.Status, domain.StatusDetail = status, detail
	if status != model.StorageDomainInactive {
		domain.Full = false
	}
}

// tell writes an event of a job.
func tell(tx *inventory.Tx, code audit.Code, w *job.Work, domain *model.StorageDomain, failure error) {
	about := engine.AboutJob(tx, w.Job)
	about.Domain = domain
	if failure != nil {
		about.Detail = fault.Of(failure).Message()
	}
	tx.Event(audit.New(code, about))
}
