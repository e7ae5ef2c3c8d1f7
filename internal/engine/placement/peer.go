package placement

import (
	"net/url"

	"vireo/internal/model"
)

// PeerAddress is the address at which other hosts reach a host: the engine's own, without
// what only the engine's machine has (keys, sockets). A host that is reached through a
// socket of this machine has none.
func PeerAddress(on *model.Host) (string, bool) {
	parsed, err := url.Parse(on.URI())
	if err != nil || parsed.Hostname() == "" {
		return "", false
	}
	parsed.RawQuery = ""
	return parsed.String(), true
}
