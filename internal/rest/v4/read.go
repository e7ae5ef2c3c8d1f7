package v4

import (
	"fmt"
	"strings"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// Finder looks up what a request names instead of giving its id.
type Finder interface {
	// Find gives the id of the object of that name; a fault of the kind NotFound when
	// there is none that the caller may see.
	Find(kind model.Kind, name string) (model.ID, error)
	// Exists says whether the object exists and the caller may see it.
	Exists(kind model.Kind, id model.ID) bool
}

// The words that version 4 accepts.
var (
	diskInterfaces = []model.DiskInterface{model.DiskIDE, model.DiskVirtio, model.DiskVirtioSCSI}
	diskFormats    = []model.DiskFormat{model.DiskCOW, model.DiskRaw}
	directions     = []model.TransferDirection{model.TransferDownload, model.TransferUpload}
	policies       = []model.TimeoutPolicy{model.TimeoutCancel, model.TimeoutLegacy, model.TimeoutPause}
)

// given says whether a reference names anything.
func (r *Reference) given() bool {
	return r != nil && (r.ID != nil && *r.ID != "" || r.Name != nil && *r.Name != "")
}

// Resolve gives the id that a reference means: its id, which must exist, or the id of
// what it names. The id wins.
func (r *Reference) Resolve(kind model.Kind, find Finder) (model.ID, error) {
	if r.ID == nil || *r.ID == "" {
		return find.Find(kind, *r.Name)
	}
	id, err := model.ParseID(*r.ID)
	if err != nil {
		return "", fault.Bad("Operation failed", fmt.Sprintf("%q is not a valid id", shorten(*r.ID)))
	}
	if !find.Exists(kind, id) {
		return "", fault.Missing(string(kind) + ": id=" + string(id))
	}
	return id, nil
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

// set stores a value that the request has.
func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}

// setMember stores the word that text names, if there is a text.
func setMember[T ~string](to *T, enum string, words []T, text *string) error {
	if text == nil {
		return nil
	}
	var known []string
	for _, word := range words {
		if strings.EqualFold(string(word), *text) {
			*to = word
			return nil
		}
		known = append(known, string(word))
	}
	return fault.Bad("Invalid value", fmt.Sprintf("%s is not a member of %s. Possible values for %s are: %s",
		shorten(*text), enum, enum, strings.Join(known, ", ")))
}

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

// check refuses what lacks a mandatory parameter (api-v4 2.9).
func (r *required) check() error {
	if len(r.missing) == 0 {
		return nil
	}
	return fault.Bad("Incomplete parameters", fmt.Sprintf("%s [%s] required for %s", r.subject, strings.Join(r.missing, ", "), r.method))
}

// unsupported is the refusal of what the API has and this engine has not.
func unsupported(sentence string) error {
	refusal := fault.Bad("", sentence)
	refusal.Command = true
	return refusal
}

// shorten keeps what a sender wrote from filling a refusal.
func shorten(text string) string {
	runes := []rune(text)
	if len(runes) > 64 {
		return string(runes[:64]) + "…"
	}
	return text
}
