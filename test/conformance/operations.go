package main

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
)

// operation is one row of the table of operations.
type operation struct{ path, method, rel string }

// placeholders are the ids in the paths of the table: {vm:id}.
var placeholders = regexp.MustCompile(`\{[^}]*\}`)

// someID stands for ids: OPTIONS looks at the form of a path only.
const someID = "00000000-0000-0000-0000-000000000000"

// count asks which operations exist and prints a summary by collection.
func count(ctx context.Context, engine *client, table string) error {
	operations, err := readOperations(table)
	if err != nil {
		return err
	}
	allowed := map[string]string{}
	type sum struct {
		name          string
		exists, total int
	}
	sums := map[string]*sum{}
	exists := 0
	for _, o := range operations {
		path := "/api/" + placeholders.ReplaceAllString(o.path, someID)
		if _, asked := allowed[path]; !asked {
			_, header, _, err := engine.ask(ctx, http.MethodOptions, path)
			if err != nil {
				return err
			}
			allowed[path] = header.Get("Allow")
		}
		collection, _, _ := strings.Cut(o.path, "/")
		if sums[collection] == nil {
			sums[collection] = &sum{name: collection}
		}
		sums[collection].total++
		if slices.Contains(strings.Split(allowed[path], ", "), o.method) {
			sums[collection].exists++
			exists++
		}
	}
	list := make([]*sum, 0, len(sums))
	for _, s := range sums {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *sum) int {
		return cmp.Or(cmp.Compare(b.exists, a.exists), cmp.Compare(a.name, b.name))
	})
	for _, s := range list {
		fmt.Printf("%-28s %3d of %3d\n", s.name, s.exists, s.total)
	}
	fmt.Printf("%d of %d operations exist\n", exists, len(operations))
	return nil
}

func readOperations(table string) ([]operation, error) {
	data, err := os.ReadFile(table)
	if err != nil {
		return nil, fmt.Errorf("the table of operations: %w", err)
	}
	var operations []operation
	for i, line := range strings.Split(string(data), "\n") {
		columns := strings.Split(line, "\t")
		if i == 0 || len(columns) < 3 { // the heading, and an empty line at the end
			continue
		}
		operations = append(operations, operation{columns[0], columns[1], columns[2]})
	}
	if len(operations) == 0 {
		return nil, fmt.Errorf("%s holds no operations", table)
	}
	return operations, nil
}
