package libvirt

import (
	"context"
	"crypto/tls"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"vireo/internal/host"
	"vireo/internal/model"
)

// DisplaySubject looks at the certificate that a SPICE display shows at its port for TLS.
func (h *hypervisor) DisplaySubject(ctx context.Context, id model.ID) (string, error) {
	const doing = "looking at the certificate of the display"
	definition, err := h.devices(ctx, id)
	if err != nil {
		return "", err
	}
	for i := range definition.Devices.Graphics {
		spice := definition.Devices.Graphics[i].Spice
		if spice == nil || spice.TLSPort <= 0 {
			continue
		}
		stream, err := h.dialDisplay(ctx, listenAddress(spice.Listen, spice.Listeners), strconv.Itoa(spice.TLSPort))
		switch {
		case errors.Is(err, errOwnHost):
			return "", refuse(host.RefusedUnsupported, "the display listens on its host alone")
		case err != nil:
			return "", unreachable(doing, err)
		}
		stop := context.AfterFunc(ctx, func() { _ = stream.Close() })
		defer func() { stop(); _ = stream.Close() }() // it has been looked at
		if err := stream.Secure(); err != nil {
			return "", fmt.Errorf("%s: %w", doing, err)
		}
		secured, _ := stream.Conn.(*tls.Conn) // it has just become one
		return subjectText(secured.ConnectionState().PeerCertificates[0].Subject), nil
	}
	return "", nil
}

// subjectNames are what parts of a subject are called, by their identifiers (RFC 4514,
// 3, and RFC 2985 for the address).
var subjectNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST", "2.5.4.10": "O", "2.5.4.11": "OU",
	"0.9.2342.19200300.100.1.25": "DC", "1.2.840.113549.1.9.1": "emailAddress",
}

// subjectText is a subject as SPICE's clients read it: in the order of the certificate,
// with a backslash before what would end a part. Parts that have no name are left out.
func subjectText(subject pkix.Name) string {
	var parts []string
	for _, part := range subject.Names {
		if name, known := subjectNames[part.Type.String()]; known {
			parts = append(parts, name+"="+strings.NewReplacer(`\`, `\\`, `,`, `\,`).Replace(fmt.Sprint(part.Value)))
		}
	}
	return strings.Join(parts, ",")
}
