package rest

import (
	"net/http"
	"net/url"
	"strings"
)

// address is a request's path, taken apart.
type address struct {
	// prefix is the root as the client wrote it, which links begin with.
	prefix string
	// root is the prefix without a version segment: the path of cookies.
	root string
	// version is the version that was asked for: "3", or anything else that a
	// client wrote. Empty: none was.
	version string
	// segments are the decoded parts behind the prefix, without empty ones.
	segments []string
	// matrix holds the matrix parameters of all segments (api-v3 1.1); a bare
	// name has the value "".
	matrix url.Values
}

// The two roots (api-v3 1.1). Only the second negotiates a version.
const (
	oldRoot = "/api"
	newRoot = "/ovirt-engine/api"
)

// parseAddress takes a path apart. Double and trailing slashes do not matter
// (clients 1.1), and a parameter stands behind a semicolon in any segment. It
// returns false for what is not below a root or is not properly encoded.
func parseAddress(r *http.Request) (*address, bool) {
	a := &address{matrix: url.Values{}}
	for part := range strings.SplitSeq(r.URL.EscapedPath(), "/") {
		name, parameters, _ := strings.Cut(part, ";")
		if !a.addParameters(parameters) {
			return nil, false
		}
		if name == "" {
			continue
		}
		decoded, err := url.PathUnescape(name)
		if err != nil || decoded == "." || decoded == ".." {
			return nil, false
		}
		a.segments = append(a.segments, decoded)
	}
	return a, a.takeRoot(r.Header)
}

func (a *address) addParameters(text string) bool {
	for parameter := range strings.SplitSeq(text, ";") {
		if parameter == "" {
			continue
		}
		name, value, _ := strings.Cut(parameter, "=")
		name, err := url.PathUnescape(name)
		if err != nil {
			return false
		}
		if value, err = url.PathUnescape(value); err != nil {
			return false
		}
		a.matrix.Add(name, value)
	}
	return true
}

// takeRoot finds the root and the version: its segment first, then the header,
// and none of both is the newest (api-v3 1.1).
func (a *address) takeRoot(header http.Header) bool {
	switch {
	case len(a.segments) >= 1 && a.segments[0] == "api":
		a.prefix, a.root, a.version = oldRoot, oldRoot, "3"
		a.segments = a.segments[1:]
		return true
	case len(a.segments) >= 2 && a.segments[0] == "ovirt-engine" && a.segments[1] == "api":
		a.prefix, a.root = newRoot, newRoot
		a.segments = a.segments[2:]
	default:
		return false
	}
	if a.version = strings.TrimSpace(header.Get("Version")); a.version == "" {
		a.version = version4
	}
	if len(a.segments) > 0 && isVersion(a.segments[0]) {
		a.version = a.segments[0][1:]
		a.prefix += "/" + a.segments[0]
		a.segments = a.segments[1:]
	}
	return true
}

// isVersion says whether a segment has the form v3.
func isVersion(segment string) bool {
	return len(segment) > 1 && segment[0] == 'v' && strings.Trim(segment[1:], "0123456789") == ""
}
