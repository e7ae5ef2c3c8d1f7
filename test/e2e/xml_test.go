package e2e

import (
	"encoding/xml"
	"strings"
)

// node is an element of an answer, without any knowledge of the schema.
type node struct {
	XMLName xml.Name
	Attrs   []xml.Attr `xml:",any,attr"`
	Chars   string     `xml:",chardata"`
	Nodes   []node     `xml:",any"`
}

// all finds the elements at a path below the node: "guest_info/ips/ip".
func (n node) all(path string) []node {
	first, rest, deeper := strings.Cut(path, "/")
	var found []node
	for _, child := range n.Nodes {
		if child.XMLName.Local != first {
			continue
		}
		if deeper {
			found = append(found, child.all(rest)...)
		} else {
			found = append(found, child)
		}
	}
	return found
}

// at is the first element at a path; an empty one when there is none.
func (n node) at(path string) node {
	if found := n.all(path); len(found) > 0 {
		return found[0]
	}
	return node{}
}

func (n node) has(path string) bool { return len(n.all(path)) > 0 }

func (n node) text(path string) string { return strings.TrimSpace(n.at(path).Chars) }

func (n node) attr(name string) string {
	for _, attr := range n.Attrs {
		if attr.Name.Local == name {
			return attr.Value
		}
	}
	return ""
}
