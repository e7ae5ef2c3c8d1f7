package rest

import (
	"mime"
	"net/http"
	"strconv"
	"strings"

	"vireo/internal/fault"
)

// format is a media type that representations have.
type format uint8

const (
	xmlFormat format = iota
	jsonFormat
)

// contentType is the header of answers in the format.
func (f format) contentType() string {
	if f == jsonFormat {
		return "application/json; charset=UTF-8"
	}
	return "application/xml; charset=UTF-8"
}

// formatOf finds the format of a media type.
func formatOf(mediaType string) (format, bool) {
	switch mediaType {
	case "application/xml", "text/xml":
		return xmlFormat, true
	case "application/json", "text/json":
		return jsonFormat, true
	}
	return xmlFormat, false
}

// acceptance is what a client wants to read.
type acceptance struct {
	format format
	// details are the words of the detail parameters (api-v3 1.3).
	details details
	// viewer says that a file for remote-viewer is wanted most.
	viewer bool
}

// viewerMedia is the media type of files for remote-viewer (api-v3 1.2).
const viewerMedia = "application/x-virt-viewer"

// accept reads the header Accept, or the query parameter that overrides it
// (api-v3 1.2): XML where anything goes. The error is a refusal, for which XML is
// used as well.
func accept(r *http.Request) (acceptance, error) {
	texts := r.Header.Values("Accept")
	if wish := r.URL.Query().Get("accept"); wish != "" {
		texts = []string{wish}
	}
	best := acceptance{format: xmlFormat}
	quality, given := 0.0, false
	var words details
	for _, text := range texts {
		for part := range strings.SplitSeq(text, ",") {
			if strings.TrimSpace(part) == "" {
				continue
			}
			given = true
			mediaType, weight := parseMedia(part, &words)
			found, known := formatOf(mediaType)
			if mediaType == "*/*" || mediaType == "application/*" || mediaType == "text/*" {
				found, known = xmlFormat, true
			}
			if viewer := mediaType == viewerMedia; (known || viewer) && weight > quality {
				best.format, quality, best.viewer = found, weight, viewer
			}
		}
	}
	best.details = words
	if given && quality == 0 {
		return best, unacceptable()
	}
	return best, nil
}

func unacceptable() error {
	return &fault.Fault{
		Kind: notAcceptable, Code: "NOT_ACCEPTABLE",
		Messages: []string{"None of the media types that the request accepts is available; available are application/xml and application/json."},
	}
}

// parseMedia takes a part of Accept apart: the media type, its weight, and the
// details, which may be repeated and so are no proper parameters.
func parseMedia(part string, words *details) (mediaType string, weight float64) {
	weight = 1
	for i, parameter := range strings.Split(part, ";") {
		parameter = strings.TrimSpace(parameter)
		if i == 0 {
			mediaType = strings.ToLower(parameter)
			continue
		}
		name, value, _ := strings.Cut(parameter, "=")
		value = strings.Trim(strings.TrimSpace(value), `"`)
		switch strings.ToLower(strings.TrimSpace(name)) {
		case "q":
			if q, err := strconv.ParseFloat(value, 64); err == nil && q >= 0 && q <= 1 {
				weight = q
			}
		case "detail":
			words.add(value)
		}
	}
	return mediaType, weight
}

// bodyFormat finds the format of a request's body; without a header it is XML.
func bodyFormat(r *http.Request) (format, error) {
	header := r.Header.Get("Content-Type")
	if header == "" {
		return xmlFormat, nil
	}
	mediaType, _, err := mime.ParseMediaType(header)
	if err == nil {
		if found, known := formatOf(mediaType); known {
			return found, nil
		}
	}
	return xmlFormat, &fault.Fault{
		Kind: unsupportedMedia, Code: "UNSUPPORTED_MEDIA_TYPE",
		Messages: []string{"The media type of the request's body is not supported; supported are application/xml and application/json."},
	}
}

// details are the words of detail parameters: what is to be shown inline.
type details struct {
	included, excluded map[string]bool
}

// add reads one parameter: words joined by + (with) and - (without), as in
// "-main+size" (api-v3 1.3).
func (d *details) add(text string) {
	into := &d.included
	word := strings.Builder{}
	flush := func() {
		if name := strings.TrimSpace(word.String()); name != "" {
			if *into == nil {
				*into = map[string]bool{}
			}
			(*into)[strings.ToLower(name)] = true
		}
		word.Reset()
	}
	for _, c := range text {
		switch c {
		case '+', ' ': // a plus sign in a query is a blank
			flush()
			into = &d.included
		case '-':
			flush()
			into = &d.excluded
		default:
			word.WriteRune(c)
		}
	}
	flush()
}

// has says whether a detail is wanted.
func (d *details) has(word string) bool { return d.included[word] && !d.excluded[word] }

// main says whether the objects of a collection are wanted at all.
func (d *details) main() bool { return !d.excluded["main"] }
