package seed

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// node is a file or a folder of an image.
type node struct {
	name     string
	folder   bool
	content  []byte
	parent   *node // of the first folder: itself
	children []*node
	short    string // the name in the primary tree of an ISO
}

// maxFiles bounds an image, and what is written into a guest: each of its names is compared with all the others,
// also while a payload is checked and everybody else waits.
const maxFiles = 200

// grow makes the tree of the files, sorted by name, so that their order as
// arguments does not matter. Two files of one name are refused, also where they
// differ in case only: Windows sees one of them.
func grow(files []File) (*node, error) {
	if len(files) > maxFiles {
		return nil, fmt.Errorf("there are more than %d files", maxFiles)
	}
	root := &node{folder: true}
	root.parent = root
	for _, file := range files {
		parts := strings.Split(file.Name, "/")
		if len(parts) > maxDepth {
			return nil, fmt.Errorf("the file %.100q lies more than %d folders deep", file.Name, maxDepth)
		}
		at := root
		for i, part := range parts {
			if err := checkName(part); err != nil {
				return nil, err
			}
			var err error
			if at, err = at.child(part, i < len(parts)-1); err != nil {
				return nil, err
			}
		}
		at.content = file.Content
	}
	root.sort()
	return root, nil
}

// child finds or makes the folder of that name, or makes the file.
func (n *node) child(name string, folder bool) (*node, error) {
	for _, child := range n.children {
		if !strings.EqualFold(child.name, name) {
			continue
		}
		if child.folder && folder && child.name == name {
			return child, nil
		}
		return nil, fmt.Errorf("the file name %.100q is given twice", name)
	}
	child := &node{name: name, folder: folder, parent: n}
	n.children = append(n.children, child)
	return child, nil
}

func (n *node) sort() {
	slices.SortFunc(n.children, func(a, b *node) int { return cmp.Compare(a.name, b.name) })
	for _, child := range n.children {
		child.sort()
	}
}
