package images

import "vireo/internal/model"

// connections is how many connections clients are told to open at most.
const connections = 8

// capabilities are the answer to OPTIONS (api-v4 7.2).
type capabilities struct {
	Features   []string `json:"features"`
	MaxReaders int      `json:"max_readers"`
	MaxWriters int      `json:"max_writers"`
}

// options says what the ticket is good for, and counts as a sign of life.
func (r *request) options() error {
	features, allow := []string{"extents", "checksum"}, "OPTIONS,GET"
	if r.session.Transfer.Direction == model.TransferUpload {
		features, allow = append(features, "zero", "flush"), allow+",PUT,PATCH"
	}
	r.w.Header().Set("Allow", allow)
	return r.json(capabilities{features, connections, connections})
}

// optionsOfAll says what tickets can be good for.
func (r *request) optionsOfAll() error {
	r.w.Header().Set("Allow", "OPTIONS,GET,PUT,PATCH")
	return r.json(capabilities{[]string{"extents", "checksum", "zero", "flush"}, connections, connections})
}
