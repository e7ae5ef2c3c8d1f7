package templates

import (
	"fmt"
	"regexp"
	"unicode/utf8"

	"vireo/internal/engine"
	"vireo/internal/fault"
	"vireo/internal/inventory"
	"vireo/internal/model"
)

// baseVersion is what the first version of a template is called.
const baseVersion = "base version"

// names are what a template may be called, and its versions.
var (
	names        = regexp.MustCompile(`^[\p{L}0-9._-]+$`)
	versionNames = regexp.MustCompile(`^[\p{L}0-9._-]([\p{L}0-9 ._-]*[\p{L}0-9._-])?$`)
)

// The most characters that they may have.
const (
	maxName        = 255
	maxVersionName = 40
)

// place makes a template the first of its own, or the next version of its Base. A
// version of a version is one of the same first template.
func place(tx *inventory.Tx, verb string, template *model.Template) error {
	if template.Base == "" {
		template.Base, template.VersionNumber = template.ID, 1
		if template.VersionName == "" {
			template.VersionName = baseVersion
		}
		return nil
	}
	base, ok := tx.Templates.Get(template.Base)
	if !ok {
		return fault.Missing("Template: id=" + string(template.Base))
	}
	if base.ID == model.BlankID {
		return fault.New(fault.Invalid, verb, "The Blank template has no versions.")
	}
	template.Base = base.Base
	first, ok := tx.Templates.Get(template.Base)
	if ok && engine.DataCenterOf(tx, first.Cluster) != engine.DataCenterOf(tx, template.Cluster) {
		return fault.New(fault.Invalid, verb, "The base template is in another data center.")
	}
	for _, other := range tx.Templates.All() {
		if other.Base == template.Base {
			template.VersionNumber = max(template.VersionNumber, other.VersionNumber+1)
		}
	}
	return nil
}

// checkName refuses a name that cannot be, or that another template of the data center
// has; all versions of one may be called alike.
func checkName(tx *inventory.Tx, verb string, template *model.Template) error {
	switch {
	case template.Name == "":
		return fault.New(fault.NameIllegal, verb, "The template needs a name.")
	case utf8.RuneCountInString(template.Name) > maxName:
		return fault.New(fault.NameIllegal, verb, fmt.Sprintf("The name of a template may have at most %d characters.", maxName))
	case !names.MatchString(template.Name):
		return fault.New(fault.NameIllegal, verb, "The name of a template may hold letters, digits, '.', '_' and '-' only.")
	case template.VersionName != "" && !versionNames.MatchString(template.VersionName):
		return fault.New(fault.NameIllegal, verb, "The name of a version may hold letters, digits, blanks, '.', '_' and '-' only.")
	case utf8.RuneCountInString(template.VersionName) > maxVersionName:
		return fault.New(fault.NameIllegal, verb, fmt.Sprintf("The name of a version may have at most %d characters.", maxVersionName))
	}
	for _, other := range tx.Templates.Named(template.Name) {
		blank := other.ID == model.BlankID
		if other.ID != template.ID && other.Base != template.Base &&
			(blank || engine.DataCenterOf(tx, other.Cluster) == engine.DataCenterOf(tx, template.Cluster)) {
			return fault.New(fault.NameInUse, verb, "template", template.Name)
		}
	}
	return nil
}

// versionsOf are the others of which a template is the first.
func versionsOf(tx *inventory.Tx, base *model.Template) []*model.Template {
	var found []*model.Template
	for _, other := range tx.Templates.All() {
		if other.Base == base.ID && other.ID != base.ID {
			found = append(found, other)
		}
	}
	return found
}

// Fit makes a template that comes from elsewhere, complete but for what place gives it,
// one of ours, or refuses it. verb is the command in messages.
func Fit(e *engine.Engine, tx *inventory.Tx, verb string, template *model.Template) error {
	if template.Base == "" || template.Base == template.ID {
		template.Base = ""
		if err := place(tx, verb, template); err != nil {
			return err
		}
	}
	return (&room{e}).check(tx, verb, template)
}
