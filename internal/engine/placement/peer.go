package placement

import (
	"net/url"
	"strings"

	"vireo/internal/model"
)

// PeerAddress is the address at which other hosts reach a host: the engine's own, without
// what only the engine's machine has (keys, sockets). A host that is reached through a
// socket of this machine has none.
func PeerAddress(on *model.Host) (string, bool) {
	address := on.Address
	if !strings.Contains(address, "://") {
		address = "qemu+ssh://" + address + "/system"
	}
	parsed, err := url.Parse(address)
	if err != nil || parsed.Hostname() == "" {
		return "", false
	}
	parsed.RawQuery = ""
	return parsed.String(), true
}
