package seed

import "go.yaml.in/yaml/v4"

// Values are always quoted: what a bare word means differs between the versions
// of YAML, and cloud-init reads an older one (12:30 is a number to it).

func newText(value string) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: value, Style: yaml.DoubleQuotedStyle}
}

func newBool(value bool) *yaml.Node {
	if value {
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "true"}
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "false"}
}

func newMap() *yaml.Node  { return &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"} }
func newList() *yaml.Node { return &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"} }

// put adds a key that the map does not have; keys of ours are plain words.
func put(to *yaml.Node, key string, value *yaml.Node) *yaml.Node {
	to.Content = append(to.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: key}, value)
	return to
}

func add(to *yaml.Node, value *yaml.Node) *yaml.Node {
	to.Content = append(to.Content, value)
	return to
}

// get finds the value of a key; nil if there is none or it is no map.
func get(from *yaml.Node, key string) *yaml.Node {
	if from == nil || from.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(from.Content); i += 2 {
		if from.Content[i].Value == key {
			return from.Content[i+1]
		}
	}
	return nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" }

// merge adds to a map what another has: keys that only one has are kept, maps are
// joined, lists are appended, and of two single values the first stays. A key
// without a value adds nothing. It returns the keys whose values have different
// forms; there, too, the first stays.
func merge(into, from *yaml.Node, path string) (conflicts []string) {
	if from == nil {
		return nil
	}
	for i := 0; i+1 < len(from.Content); i += 2 {
		key, value := from.Content[i], from.Content[i+1]
		present := get(into, key.Value)
		switch {
		case present == nil:
			into.Content = append(into.Content, key, value)
		case isNull(value):
		case isNull(present):
			*present = *value
		case present.Kind != value.Kind:
			conflicts = append(conflicts, path+key.Value)
		case present.Kind == yaml.MappingNode:
			conflicts = append(conflicts, merge(present, value, path+key.Value+".")...)
		case present.Kind == yaml.SequenceNode:
			present.Content = append(present.Content, value.Content...)
		}
	}
	return conflicts
}
