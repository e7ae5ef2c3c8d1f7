package seed

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// Bounds of a custom script. What aliases stand for counts as often as they are
// used, in values and in bytes.
const (
	MaxScriptBytes   = 64 << 10
	maxScriptNodes   = 10_000
	maxExpandedBytes = 4 * MaxScriptBytes
	maxScriptDepth   = 32
)

// otherFormats begin user data that is no cloud-config, or one that would mean
// something else once it is joined with ours.
var otherFormats = []string{
	"#include", "#cloud-boothook", "#cloud-config-archive", "#cloud-config-jsonp",
	"#part-handler", "#upstart-job", "## template:", "Content-Type:", "MIME-Version:",
}

// plainTags are the kinds of values that cloud-init's reader knows.
var plainTags = []string{
	"!!map", "!!seq", "!!str", "!!int", "!!float", "!!bool", "!!null", "!!timestamp", "!!binary", "!!merge",
}

var errScript = errors.New("the custom_script is not a YAML map that continues cloud-init's configuration, " +
	`such as "runcmd:" with a list, nor a program that begins with "#!"`)

// parseScript reads a custom script: a YAML map, with or without the first line
// of a cloud-config, or a program. It is nil if there is nothing in it. Aliases are
// replaced by what they stand for, comments are dropped. Errors quote nothing of the
// script.
func parseScript(script string) (*yaml.Node, error) {
	if len(script) > MaxScriptBytes {
		return nil, fmt.Errorf("the custom_script is longer than %d bytes", MaxScriptBytes)
	}
	if strings.HasPrefix(script, shebang) {
		if !isPlainText(script) {
			return nil, errors.New("the custom_script holds control characters")
		}
		return runProgram(script), nil
	}
	start := strings.TrimLeft(script, " \t\r\n\ufeff")
	for _, format := range otherFormats {
		if strings.HasPrefix(start, format) {
			return nil, errScript
		}
	}
	var documents []yaml.Node
	if err := yaml.Load([]byte(script), &documents, yaml.WithAllDocuments(), yaml.WithUniqueKeys(false)); err != nil {
		return nil, fmt.Errorf("the custom_script is no valid YAML%s", lineOf(err))
	}
	if len(documents) > 1 {
		return nil, errors.New("the custom_script has several YAML documents; one is wanted")
	}
	if len(documents) == 0 || len(documents[0].Content) == 0 || isNull(documents[0].Content[0]) {
		return nil, nil
	}
	if documents[0].Content[0].Kind != yaml.MappingNode {
		return nil, errScript
	}
	return expand(documents[0].Content[0], 0, &budget{nodes: maxScriptNodes, bytes: maxExpandedBytes})
}

// budget is what a script may still grow to.
type budget struct{ nodes, bytes int }

// shebang begins a program, whose first line names what runs it.
const shebang = "#!"

// programPath is a file of the folder whose programs cloud-init runs once in the
// life of an instance, after the rest of the configuration; it is where a program
// given as user data would be put.
const programPath = "/var/lib/cloud/instance/scripts/custom_script"

// runProgram is the cloud-config that runs a program as user data that begins with
// "#!" is run (reference v3, 15.7.2: a script to run when the machine boots).
func runProgram(program string) *yaml.Node {
	entry := put(writeFile(programPath, []byte(program)), "permissions", newText("0700"))
	return put(newMap(), "write_files", add(newList(), entry))
}

var lineNumber = regexp.MustCompile(`line \d+`)

// lineOf keeps of an error only the line: the rest may quote the script.
func lineOf(err error) string {
	if line := lineNumber.FindString(err.Error()); line != "" {
		return " (" + line + ")"
	}
	return ""
}

// expand copies a tree, with what aliases stand for in their place.
func expand(n *yaml.Node, depth int, left *budget) (*yaml.Node, error) {
	if n.Kind != yaml.AliasNode { // its value is a name
		left.bytes -= len(n.Value)
	}
	if left.nodes--; left.nodes < 0 || depth > maxScriptDepth {
		return nil, fmt.Errorf("the custom_script is nested more than %d deep or has more than %d values",
			maxScriptDepth, maxScriptNodes)
	}
	if left.bytes < 0 {
		return nil, fmt.Errorf("the custom_script is longer than %d bytes when its aliases are replaced", maxExpandedBytes)
	}
	if n.Kind == yaml.AliasNode {
		return expand(n.Alias, depth+1, left)
	}
	if !slices.Contains(plainTags, n.ShortTag()) {
		return nil, fmt.Errorf("the custom_script has a value with a tag of its own in line %d", n.Line)
	}
	if n.Kind == yaml.MappingNode {
		if err := checkKeys(n); err != nil {
			return nil, err
		}
	}
	copied := &yaml.Node{Kind: n.Kind, Style: n.Style, Tag: n.Tag, Value: n.Value}
	if isNull(n) {
		copied.Value = "null" // left empty it would be written as an empty text
	}
	for _, child := range n.Content {
		child, err := expand(child, depth+1, left)
		if err != nil {
			return nil, err
		}
		copied.Content = append(copied.Content, child)
	}
	return copied, nil
}

// checkKeys refuses keys that stand twice, of which one would be lost.
func checkKeys(n *yaml.Node) error {
	seen := make(map[string]bool)
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode {
			return fmt.Errorf("the custom_script has a key that is no word in line %d", key.Line)
		}
		if seen[key.Value] {
			return fmt.Errorf("the custom_script has a key twice in line %d", key.Line)
		}
		seen[key.Value] = true
	}
	return nil
}
