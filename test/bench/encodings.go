package main

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"time"

	"vireo/internal/rest/v3"
	"vireo/internal/rest/wire"
)

// rounds is how often each encoding is timed.
const rounds = 20

// encoding is one way to write the list, in turns with the standard library's.
type encoding struct {
	name           string
	ours, standard func() ([]byte, error)
}

// measureEncodings writes a list of 1,000 VMs, as an engine serves it, with the
// engine's codec and with the standard library's packages.
func measureEncodings(ctx context.Context, s *settings, out *report) error {
	list, err := servedList(ctx, s)
	if err != nil {
		return err
	}
	twin := standardTwin(list)
	for _, one := range []encoding{
		{
			"XML", func() ([]byte, error) { return wire.AppendXML(nil, "vms", list), nil },
			func() ([]byte, error) { return marshalXML(twin) },
		},
		{
			"JSON", func() ([]byte, error) { return wire.AppendJSON(nil, list, wire.JSON{}), nil },
			func() ([]byte, error) { return json.Marshal(twin) },
		},
	} {
		ours, standard, size, err := one.compare()
		if err != nil {
			return err
		}
		out.ratio(fmt.Sprintf("writing 1,000 VMs in %s / the same with encoding/%s (%s)", one.name,
			map[string]string{"XML": "xml", "JSON": "json"}[one.name], bytesShown(size)),
			ours.over(standard), ours.middle(), standard.middle(), 0)
	}
	return nil
}

func (c encoding) compare() (ours, standard times, size int64, err error) {
	for range rounds {
		began := time.Now()
		text, err := c.ours()
		ours = append(ours, time.Since(began))
		if err != nil {
			return nil, nil, 0, err
		}
		began = time.Now()
		other, err := c.standard()
		standard = append(standard, time.Since(began))
		if err != nil {
			return nil, nil, 0, err
		}
		if len(other) < len(text)*8/10 {
			return nil, nil, 0, fmt.Errorf("%s: %d bytes against %d: not the same content", c.name, len(other), len(text))
		}
		size = int64(len(text))
	}
	return ours, standard, size, nil
}

// marshalXML is indented as the API's answers are.
func marshalXML(value any) ([]byte, error) {
	var out bytes.Buffer
	encoder := xml.NewEncoder(&out)
	encoder.Indent("", "    ")
	err := encoder.EncodeElement(value, xml.StartElement{Name: xml.Name{Local: "vms"}})
	return out.Bytes(), err
}

// servedList is the list of an engine with 1,000 VMs, read back into shapes.
func servedList(ctx context.Context, s *settings) (list *v3.VMs, err error) {
	dataDir, err := fill(ctx, s, "encodings", 1000)
	if err != nil {
		return nil, err
	}
	e, err := startEngine(ctx, s, dataDir, nil, "--driver", "fake")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.stop()) }()
	answer, err := e.ask(ctx, http.MethodGet, "/api/vms", "")
	if err != nil {
		return nil, err
	}
	list = &v3.VMs{}
	return list, wire.ReadXML(bytes.NewReader(answer), "vms", list, wire.Limits{Bytes: 1 << 30, Memory: 1 << 30, Pieces: 1 << 30})
}
