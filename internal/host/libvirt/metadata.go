package libvirt

import (
	"bytes"
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

// ownership is our element: whose guest it is, which of its runs, and of what sort.
type ownership struct {
	ID     string `xml:"id,attr"`
	Engine string `xml:"engine,attr"`
	Epoch  uint64 `xml:"epoch,attr"`
	// Stateless is written for such runs only.
	Stateless bool `xml:"stateless,attr"`
}

// metadataXML writes our element; ids are escaped although they are checked.
func metadataXML(spec *host.GuestSpec) string {
	stateless := ""
	if spec.Stateless {
		stateless = ` stateless="true"`
	}
	return fmt.Sprintf("<%s:guest xmlns:%s=%q id=\"%s\" engine=\"%s\" epoch=\"%d\"%s/>",
		metadataPrefix, metadataPrefix, metadataNamespace, escape(string(spec.ID)), escape(string(spec.Engine)), spec.Epoch, stateless)
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
