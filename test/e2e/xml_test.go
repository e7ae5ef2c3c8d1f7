package e2e

import (
	"encoding/xml"
	"strings"
	"testing"
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

// outline is every place in an OVF where something stands: elements by their path, with
// the type in the place of Section and of Item, and attributes behind an @.
func outline(t *testing.T, text string) map[string]bool {
	t.Helper()
	var top node
	if err := xml.Unmarshal([]byte(text), &top); err != nil {
		t.Fatal(err)
	}
	out := map[string]bool{}
	var walk func(node, string)
	walk = func(n node, path string) {
		name := n.XMLName.Local
		switch name {
		case "Section":
			_, kind, _ := strings.Cut(n.attr("type"), ":")
			name = strings.TrimSuffix(kind, "_Type")
		case "Item":
			name = "Item" + n.text("ResourceType")
			if name == "Item0" {
				name += n.text("Type")
			}
		}
		path = strings.TrimPrefix(path+"/"+name, "/")
		out[path] = true
		for _, attr := range n.Attrs {
			if attr.Name.Space != "xmlns" {
				out[path+"@"+attr.Name.Local] = true
			}
		}
		for _, child := range n.Nodes {
			walk(child, path)
		}
	}
	walk(top, "")
	return out
}
