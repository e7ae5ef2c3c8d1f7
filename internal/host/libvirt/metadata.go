package libvirt

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"strings"

	"vireo/internal/host"
	"vireo/internal/model"
)

// metadataNamespace is the XML namespace of our element in a guest's metadata,
// and metadataPrefix how it is written.
const (
	metadataNamespace = "urn:vireo:guest:1"
	metadataPrefix    = "vireo"
)

// ownership is our element: whose guest it is, which of its runs, and in its text,
// as JSON, what the run was begun with. Nothing in that is secret.
type ownership struct {
	ID     string `xml:"id,attr"`
	Engine string `xml:"engine,attr"`
	Epoch  uint64 `xml:"epoch,attr"`
	// Autostart says of a guest that was adopted that its host had started it.
	Autostart bool   `xml:"autostart,attr"`
	Given     string `xml:",chardata"`
}

// metadataXML writes our element; ids are escaped although they are checked.
func metadataXML(spec *host.GuestSpec) string {
	given, _ := json.Marshal(spec.Given) // plain values can always be written
	return fmt.Sprintf("<%s:guest xmlns:%s=%q id=\"%s\" engine=\"%s\" epoch=\"%d\">%s</%s:guest>",
		metadataPrefix, metadataPrefix, metadataNamespace, escape(string(spec.ID)), escape(string(spec.Engine)), spec.Epoch,
		escape(string(given)), metadataPrefix)
}

func escape(text string) string {
	var out bytes.Buffer
	if err := xml.EscapeText(&out, []byte(text)); err != nil {
		return ""
	}
	return out.String()
}

// readOwnership finds our element in the inside of <metadata>; ok is false for
// guests that are not ours.
func readOwnership(inner string) (owner ownership, ok bool) {
	decoder := xml.NewDecoder(strings.NewReader(inner))
	for {
		token, err := decoder.Token()
		if err != nil {
			return ownership{}, false
		}
		start, isStart := token.(xml.StartElement)
		if !isStart {
			continue
		}
		if start.Name.Space == metadataNamespace && start.Name.Local == "guest" {
			if err := decoder.DecodeElement(&owner, &start); err != nil {
				return ownership{}, false
			}
			return owner, true
		}
		if err := decoder.Skip(); err != nil {
			return ownership{}, false
		}
	}
}

// engine is the id of the engine whose guest it is.
func (o ownership) engine() model.ID { return model.ID(o.Engine) }

// given is what the run was begun with; nothing for guests of engines that did not
// write it.
func (o ownership) given() (given model.Given) {
	if json.Unmarshal([]byte(o.Given), &given) != nil {
		return model.Given{}
	}
	return given
}
