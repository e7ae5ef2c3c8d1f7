package v3

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"

	"vireo/internal/fault"
	"vireo/internal/model"
)

// Payloads is payloads.
type Payloads struct {
	Payload []Payload `wire:"payload"`
}

// Payload is payloads/payload. File is how the releases 3.1 and 3.2 gave the one
// file that there could be; it is read and never shown.
type Payload struct {
	Type     *string         `wire:"type,attr"`
	Files    *PayloadFiles   `wire:"files"`
	VolumeID *string         `wire:"volume_id"`
	File     *OldPayloadFile `wire:"file"`
}

// PayloadFiles is payloads/payload/files, and cloud_init/files.
type PayloadFiles struct {
	File []PayloadFile `wire:"file"`
}

// PayloadFile is a file given with its content; Type says how the content is
// encoded, plaintext if it is missing.
type PayloadFile struct {
	Name    *string `wire:"name"`
	Content *string `wire:"content"`
	Type    *string `wire:"type"`
}

// OldPayloadFile is payloads/payload/file.
type OldPayloadFile struct {
	Name    *string `wire:"name,attr"`
	Content *string `wire:"content"`
	Type    *string `wire:"type"`
}

// The encodings of a file's content.
const (
	base64Encoding = "base64"
	plainEncoding  = "plaintext"
)

// apply replaces all payloads; none given takes them away.
func (s *Payloads) apply(to *[]model.Payload, seal Sealer) error {
	if s == nil {
		return nil
	}
	var payloads []model.Payload
	for i := range s.Payload {
		payload, err := s.Payload[i].read(*to, seal)
		if err != nil {
			return err
		}
		payloads = append(payloads, payload)
	}
	*to = payloads
	return nil
}

func (s *Payload) read(before []model.Payload, seal Sealer) (model.Payload, error) {
	out := model.Payload{}
	if s.Type == nil || *s.Type == "" {
		return out, Incomplete("Payload", "payloads", "type")
	}
	if err := setMember(&out.Type, "VmDeviceType", payloadTypes, s.Type); err != nil {
		return out, err
	}
	setTrimmed(&out.VolumeID, s.VolumeID)
	stored := make(map[string]model.Secret)
	for _, payload := range before {
		for _, file := range payload.Files {
			if payload.Type == out.Type {
				stored[file.Name] = file.Content
			}
		}
	}
	for _, file := range s.files() {
		name, content, err := file.read("payloads", stored, seal)
		if err != nil {
			return out, err
		}
		out.Files = append(out.Files, model.PayloadFile{Name: name, Content: content})
	}
	return out, nil
}

// files gives the files of either form.
func (s *Payload) files() []PayloadFile {
	var files []PayloadFile
	if s.Files != nil {
		files = append(files, s.Files.File...)
	}
	if s.File != nil {
		files = append(files, PayloadFile(*s.File))
	}
	return files
}

// read gives name and content of a file; stored are the contents that are there
// already, by name. Refusals never quote the content.
func (s *PayloadFile) read(where string, stored map[string]model.Secret, seal Sealer) (string, model.Secret, error) {
	var name, content, encoding string
	setTrimmed(&name, s.Name)
	set(&content, s.Content)
	if name == "" {
		return "", "", Incomplete("File", where, "name")
	}
	secret, known := stored[name]
	if content == hidden {
		if !known {
			return "", "", fault.Bad("Invalid value", "The content of the file "+shorten(name)+" is hidden, and none is stored under this name.")
		}
		return name, secret, nil
	}
	if s.Type != nil && *s.Type != "" {
		if err := setMember(&encoding, "PayloadEncoding", payloadEncodings, s.Type); err != nil {
			return "", "", err
		}
	}
	if encoding == base64Encoding {
		decoded, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(content), ""))
		if err != nil {
			return "", "", fault.Bad("Invalid value", "The content of the file "+shorten(name)+" is not valid base64.")
		}
		content = string(decoded)
	}
	setSecret(&secret, &content, seal)
	return name, secret, nil
}

// showPayloads shows the payloads; the contents of files only where they may be
// revealed.
func (p *Page) showPayloads(payloads []model.Payload) *Payloads {
	if len(payloads) == 0 {
		return nil
	}
	out := &Payloads{}
	for _, payload := range payloads {
		shown := Payload{Type: text(payload.Type), VolumeID: text(payload.VolumeID), Files: &PayloadFiles{}}
		for _, file := range payload.Files {
			shown.Files.File = append(shown.Files.File, p.showPayloadFile(&file))
		}
		out.Payload = append(out.Payload, shown)
	}
	return out
}

// showPayloadFile shows a file; what is no text is encoded.
func (p *Page) showPayloadFile(file *model.PayloadFile) PayloadFile {
	out := PayloadFile{Name: new(file.Name), Content: new("")}
	if file.Content == "" {
		return out
	}
	content, ok := p.reveal(file.Content)
	switch {
	case !ok:
		out.Content = new(hidden)
	case isText(content) && content != hidden:
		out.Content = &content
	default:
		out.Content = new(base64.StdEncoding.EncodeToString([]byte(content)))
		out.Type = new(base64Encoding)
	}
	return out
}

// isText says whether a content can stand in XML as it is.
func isText(content string) bool {
	return utf8.ValidString(content) && !strings.ContainsFunc(content, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r' || r == 0xfffe || r == 0xffff
	})
}
