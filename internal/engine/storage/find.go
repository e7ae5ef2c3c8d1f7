package storage

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/image"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// surveyed is what lies in a place.
type surveyed struct {
	found   []image.FoundDomain
	strange []string
}

// survey looks at the place of a domain that is not used yet, which is connected for
// that moment. The error may be one of engine.Outside.
func (r *room) survey(call *engine.Call, domain *model.StorageDomain) (surveyed, error) {
	return engine.Outside(call, "survey "+domain.Dir(), func(ctx context.Context) (seen surveyed, err error) {
		there, err := r.Images.Connected(domain)
		if err == nil && !there {
			if err = r.Images.Connect(ctx, domain); err == nil {
				defer func() { err = errors.Join(err, r.Images.Disconnect(context.WithoutCancel(ctx), domain)) }()
			}
		}
		if err == nil {
			seen.found, seen.strange, err = r.Images.Survey(ctx, domain)
		}
		if err != nil {
			return surveyed{}, placeFault(fault.StateConflict, call.Verb, err)
		}
		return seen, nil
	})
}

// checkEmpty refuses to make a domain beside another: whoever adds it wants that one,
// or is mistaken in the place.
func (r *room) checkEmpty(call *engine.Call, domain *model.StorageDomain) error {
	seen, err := r.survey(call, domain)
	if err != nil || len(seen.found) == 0 {
		return err
	}
	return fault.New(fault.StateConflict, call.Verb, "There is a storage domain already: "+describe(seen.found)+". It can be imported.")
}

// find finds the domain to import, and fills in what it says of itself.
func (r *room) find(tx *inventory.Tx, call *engine.Call, domain *model.StorageDomain, chosen model.ID) error {
	seen, err := r.survey(call, domain)
	if err != nil {
		return err
	}
	refuse := func(format string, args ...any) error {
		return fault.New(fault.StateConflict, call.Verb, fmt.Sprintf(format, args...))
	}
	var fit []image.FoundDomain
	for _, each := range seen.found {
		if chosen == "" || each.ID == chosen {
			fit = append(fit, each)
		}
	}
	switch {
	case len(fit) == 0 && chosen != "":
		return refuse("The storage domain %s is not there. %s", chosen, lying(seen))
	case len(fit) == 0:
		return refuse("There is no storage domain there. %s", lying(seen))
	case len(fit) > 1:
		return refuse("There are %d storage domains there: %s. Say by its id which one is meant.", len(fit), describe(fit))
	}
	one := fit[0]
	if known, ok := tx.StorageDomains.Get(one.ID); ok {
		return refuse("The storage domain %s is known already, by the name %s.", one.ID, known.Name)
	}
	if one.Type != domain.Type {
		return refuse("The storage domain that is there is of type %s and not %s.", one.Type, domain.Type)
	}
	if one.DataCenter != "" && !addParams(call).Force {
		return refuse("The storage domain %s is attached to data center %s by %s. If that engine used it at the same time, "+
			"data would be lost: detach it there. When that engine is no more, import it with the parameter force.", one.Name, one.DataCenter, user(one, r.ID))
	}
	domain.ID, domain.Format = one.ID, one.Format
	if domain.Name == "" {
		domain.Name = one.Name
	}
	return nil
}

func user(one image.FoundDomain, own model.ID) string {
	switch one.Engine {
	case "":
		return "an RHV or oVirt"
	case own:
		return "this engine, before it forgot the domain"
	}
	return "another engine"
}

// describe names domains for people.
func describe(found []image.FoundDomain) string {
	var words []string
	for _, each := range found {
		words = append(words, fmt.Sprintf("%s (%s, %s)", each.ID, each.Name, each.Type))
	}
	return strings.Join(words, ", ")
}

// lying says what was found instead of what was looked for.
func lying(seen surveyed) string {
	var words []string
	if len(seen.found) > 0 {
		words = append(words, "There is "+describe(seen.found)+".")
	}
	if len(seen.strange) > 0 {
		words = append(words, "What looks like one is none: "+strings.Join(seen.strange, "; ")+".")
	}
	if len(words) == 0 {
		return "The place holds no directory that is called by an id."
	}
	return strings.Join(words, " ")
}

// placeFault is the fault for a place that cannot be used.
func placeFault(code, verb string, err error) error {
	if known, ok := errors.AsType[*fault.Fault](err); ok {
		return known
	}
	if place, ok := errors.AsType[*image.PlaceError](err); ok {
		return fault.New(code, verb, place.Why+".").Because(err)
	}
	return fault.New(code, verb, "The storage cannot be read.").Because(err)
}
