package v3

import (
	"fmt"
	"strings"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// Finder looks up what a request names instead of giving its id, and seals what
// it must not leave readable.
type Finder interface {
	Sealer
	// Find gives the id of the object of that name; a fault of the kind NotFound
	// when there is none that the caller may see.
	Find(kind model.Kind, name string) (model.ID, error)
	// Exists says whether the object exists and the caller may see it.
	Exists(kind model.Kind, id model.ID) bool
}

// Given says whether a reference names anything.
func (r *Reference) Given() bool { return r.given() }

// given says whether a reference names anything.
func (r *Reference) given() bool {
	return r != nil && (r.ID != nil && *r.ID != "" || r.Name != nil && *r.Name != "")
}

// Resolve gives the id that a reference means: its id, which must exist, or the
// id of what it names (api-v3 2.1). The id wins.
func (r *Reference) Resolve(kind model.Kind, find Finder) (model.ID, error) {
	if r.ID != nil && *r.ID != "" {
		id, err := model.ParseID(*r.ID)
		if err != nil {
			return "", invalidID(*r.ID, kind)
		}
		if !find.Exists(kind, id) {
			return "", fault.Missing(entity(kind) + ": id=" + string(id))
		}
		return id, nil
	}
	return find.Find(kind, *r.Name)
}

func invalidID(text string, kind model.Kind) error {
	return fault.Bad("Invalid value", fmt.Sprintf("%q is not a valid id of a %s", shorten(text), words(kind)))
}

// setReference stores the id that a reference means, if there is one.
func setReference(to *model.ID, r *Reference, kind model.Kind, find Finder) error {
	if !r.given() {
		return nil
	}
	id, err := r.Resolve(kind, find)
	if err == nil {
		*to = id
	}
	return err
}

// NotNamed is the refusal for a name that nothing has: "Entity not found:
// Hosts: name=foo" (api-v3 5.1).
func NotNamed(kind model.Kind, name string) error {
	return fault.Missing(entity(kind) + ": name=" + shorten(name))
}

// entities are the words that "Entity not found" uses for kinds.
var entities = map[model.Kind]string{
	model.KindCluster:       "Cluster",
	model.KindDataCenter:    "Datacenter",
	model.KindHost:          "Hosts",
	model.KindStorageDomain: "Storage",
	model.KindTemplate:      "Template",
	model.KindNetwork:       "Networks",
	model.KindVNICProfile:   "VnicProfile",
	model.KindMACPool:       "MacPool",
	model.KindTag:           "Tag",
	model.KindDisk:          "Disks",
	model.KindUser:          "Users",
	model.KindGroup:         "Groups",
	model.KindRole:          "Role",
	model.KindVMPool:        "Pools",
	model.KindVM:            "VMs",
}

func entity(kind model.Kind) string {
	if word, ok := entities[kind]; ok {
		return word
	}
	return string(kind)
}

func words(kind model.Kind) string { return strings.ReplaceAll(string(kind), "_", " ") }

// required collects the mandatory parameters that a request lacks.
type required struct {
	subject, method string
	missing         []string
}

func (r *required) need(present bool, name string) {
	if !present {
		r.missing = append(r.missing, name)
	}
}

// check refuses what lacks a mandatory parameter (api-v3 5.2).
func (r *required) check() error {
	if len(r.missing) == 0 {
		return nil
	}
	return Incomplete(r.subject, r.method, r.missing...)
}

// Incomplete is the refusal of a request without mandatory parameters, named in
// camel case: "VM [name, cluster.id|name] required for add" (api-v3 5.2).
func Incomplete(subject, method string, fields ...string) error {
	return fault.Bad("Incomplete parameters", fmt.Sprintf("%s [%s] required for %s", subject, strings.Join(fields, ", "), method))
}

// unsupported is the refusal of what the API has and this engine has not.
func unsupported(sentence string) error {
	refusal := fault.Bad("", sentence)
	refusal.Command = true
	return refusal
}
