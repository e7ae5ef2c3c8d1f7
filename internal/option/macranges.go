package option

import (
	"encoding/binary"
	"fmt"
	"net"
	"strings"
)

// MACRange is a range of MAC addresses as 48-bit numbers, both ends included.
type MACRange struct{ First, Last uint64 }

// ParseMACRanges reads first-last pairs of unicast addresses, separated by
// commas.
func ParseMACRanges(text string) ([]MACRange, error) {
	var ranges []MACRange
	for pair := range strings.SplitSeq(text, ",") {
		first, last, found := strings.Cut(strings.TrimSpace(pair), "-")
		low, okLow := parseMAC(first)
		high, okHigh := parseMAC(last)
		if !found || !okLow || !okHigh || low > high {
			return nil, fmt.Errorf("%.60q is not a range of MAC addresses, first-last", pair)
		}
		if low>>40&1 != 0 || high>>40&1 != 0 || low>>40 != high>>40 {
			return nil, fmt.Errorf("%.60q must hold unicast addresses with the same first byte", pair)
		}
		ranges = append(ranges, MACRange{low, high})
	}
	return ranges, nil
}

func parseMAC(text string) (uint64, bool) {
	address, err := net.ParseMAC(text)
	if err != nil || len(address) != 6 {
		return 0, false
	}
	return binary.BigEndian.Uint64(append([]byte{0, 0}, address...)), true
}

// MAC is the address of a number: lower-case, colons between the bytes.
func MAC(number uint64) string {
	return net.HardwareAddr(binary.BigEndian.AppendUint64(nil, number)[2:]).String()
}
