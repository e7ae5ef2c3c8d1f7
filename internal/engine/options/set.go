package options

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"vireo/internal/audit"
	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
	"vireo/internal/option"
)

// maxValue is how many bytes a value may have.
const maxValue = 4000

// SetParams are the Params of set. The name may be written in any case.
type SetParams struct {
	Name, Value string
	// Default goes back to the option's default; Value does not count then.
	Default bool
}

// set gives an option a value, which counts at once.
func (r *room) set(tx *inventory.Tx, call *engine.Call) (model.Object, error) {
	params, ok := call.Params.(*SetParams)
	if !ok || params == nil {
		return nil, fault.New(fault.Invalid, call.Verb, "No option was given.")
	}
	definition, known := option.Find(params.Name)
	if !known {
		return nil, fault.New(fault.Invalid, call.Verb, fmt.Sprintf("There is no option %.64q.", params.Name))
	}
	if params.Default {
		tx.Options.Delete(model.ID(definition.Name))
		tell(tx, call, definition.Name+" was set to its default")
		return &model.Option{Name: definition.Name, Value: definition.Default}, nil
	}
	if err := check(definition, params.Value); err != nil {
		return nil, fault.New(fault.Invalid, call.Verb, err.Error()+".")
	}
	set := &model.Option{Name: definition.Name, Value: params.Value}
	tx.Options.Put(set)
	tell(tx, call, fmt.Sprintf("%s was set to %q", set.Name, set.Value))
	return set, nil
}

func check(definition option.Definition, value string) error {
	if len(value) > maxValue || !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return fmt.Errorf("%s may have at most %d bytes, and no control characters", definition.Name, maxValue)
	}
	return definition.Check(value)
}

func tell(tx *inventory.Tx, call *engine.Call, what string) {
	about := audit.About{CorrelationID: call.CorrelationID, Detail: what}
	if call.Caller != nil {
		about.User, about.UserName = call.Caller.User, call.Caller.Name
	}
	tx.Event(audit.New(audit.OptionSet, about))
}
