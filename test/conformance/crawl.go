package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
)

// exceptions are the ways in which answers are known not to be valid: the schema
// demands the content of every file, which is megabytes.
var exceptions = []string{
	"Element 'file': Missing child element(s). Expected is one of ( actions, name, description, comment, creation_status, link, content ).",
	"Element 'type': This element is not expected. Expected is one of ( description, comment, creation_status, link, content ).",
}

const fileReason = "the content of files is not shown"

var addresses = regexp.MustCompile(`href="([^"]+)"`)

// perNoun bounds how many addresses of the same form are looked at, so that an
// engine with very many objects can be crawled.
const perNoun = 50

// crawl follows every address from the root and returns how many answers are not
// valid.
func crawl(ctx context.Context, engine *client, schema string) (int, error) {
	queue, seen, forms := []string{"/api"}, map[string]bool{"/api": true}, map[string]int{}
	valid, excused, invalid := 0, 0, 0
	for len(queue) > 0 {
		path := queue[0]
		queue = queue[1:]
		code, header, body, err := engine.ask(ctx, http.MethodGet, path)
		if err != nil {
			return 0, err
		}
		if code == http.StatusMethodNotAllowed && strings.Contains(header.Get("Allow"), http.MethodPost) {
			continue // an action
		}
		if code != http.StatusOK {
			fmt.Printf("INVALID %s: code %d\n", path, code)
			invalid++
			continue
		}
		violations, err := validate(ctx, schema, body)
		switch {
		case err != nil:
			return 0, err
		case len(violations) == 0:
			valid++
		case excuse(violations):
			excused++
			fmt.Printf("known   %s: %s\n", path, fileReason)
		default:
			invalid++
			fmt.Printf("INVALID %s\n        %s\n", path, strings.Join(violations, "\n        "))
		}
		for _, found := range addresses.FindAllSubmatch(body, -1) {
			next := string(found[1])
			form := formOf(next)
			if seen[next] || strings.ContainsAny(next, "{") || !strings.HasPrefix(next, "/") || forms[form] >= perNoun || isPermit(next) {
				continue
			}
			seen[next] = true
			forms[form]++
			queue = append(queue, next)
		}
	}
	fmt.Printf("%d representations: %d valid, %d with known exceptions, %d not valid\n", valid+excused+invalid, valid, excused, invalid)
	return invalid, nil
}

var ids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}|/\d+`)

// formOf is an address without ids.
func formOf(path string) string { return ids.ReplaceAllString(path, "{}") }

// isPermit says whether an address is that of a permit in the capabilities, which
// is a name and no resource, as in the engine 3.6.
func isPermit(path string) bool { return strings.Contains(path, "/capabilities/permits/") }

// validate gives a document to xmllint and returns what it finds wrong.
func validate(ctx context.Context, schema string, document []byte) ([]string, error) {
	command := exec.CommandContext(ctx, "xmllint", "--noout", "--schema", schema, "-")
	command.Stdin = bytes.NewReader(document)
	var output bytes.Buffer
	command.Stderr = &output
	err := command.Run()
	if err == nil {
		return nil, nil
	}
	if exit, failed := errors.AsType[*exec.ExitError](err); !failed || exit.ExitCode() > 4 {
		return nil, fmt.Errorf("running xmllint: %w: %s", err, output.String())
	}
	var violations []string
	for line := range strings.Lines(output.String()) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasSuffix(line, "fails to validate") {
			violations = append(violations, line)
		}
	}
	return violations, nil
}

// excuse says whether all violations are known.
func excuse(violations []string) bool {
	for _, violation := range violations {
		known := false
		for _, exception := range exceptions {
			known = known || strings.Contains(violation, exception)
		}
		if !known {
			return false
		}
	}
	return true
}
