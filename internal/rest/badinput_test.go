package rest_test

import (
	"strings"
	"testing"
)

// TestBadInput sends what must be refused: each with its code, a clear sentence,
// in the format asked for, and without changing anything.
func TestBadInput(t *testing.T) {
	e := newEdge(t)
	vm := e.addVM("web1")
	at := "/api/vms/" + vm
	deep := strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000)
	bomb := `<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><vm><name>&b;</name></vm>`
	large := "<vm><description>" + strings.Repeat("x", 1<<20) + "</description></vm>"
	add := func(elements string) string {
		return "<vm><name>n</name><cluster><name>Default</name></cluster><template><name>Blank</name></template>" + elements + "</vm>"
	}
	json := "Content-Type: application/json"
	const usage, plain = "usage_message", "fault"
	for name, c := range map[string]struct {
		method, path, body string
		headers            []string
		code               int
		root, sentence     string
	}{
		"malformed":              {"POST", "/api/vms", "<vm><name>a < b & c</name></vm>", nil, 400, usage, "malformed"},
		"cut short":              {"POST", "/api/vms", "<vm><name>", nil, 400, usage, "malformed"},
		"malformed JSON":         {"POST", "/api/vms", `{"name":`, []string{json}, 400, usage, "malformed"},
		"too deep":               {"POST", "/api/vms", "<vm>" + deep + "</vm>", nil, 400, usage, "nests deeper than 64 levels"},
		"too deep JSON":          {"POST", "/api/vms", strings.Repeat(`{"vm":`, 10_000), []string{json}, 400, usage, "nests deeper"},
		"too deep action":        {"POST", at + "/start", "<action>" + deep + "</action>", nil, 400, usage, "nests deeper"},
		"bomb":                   {"POST", "/api/vms", bomb, nil, 400, usage, "not accepted"},
		"too large":              {"POST", "/api/vms", large, nil, 413, plain, "larger than 1048576 bytes"},
		"too large action":       {"POST", at + "/stop", "<action><reason>" + large + "</reason></action>", nil, 413, plain, "larger than"},
		"wrong root":             {"POST", "/api/vms", "<host/>", nil, 400, usage, "should be &lt;vm&gt;"},
		"wrong root JSON":        {"POST", "/api/vms", "[]", []string{json}, 400, usage, "should be an object"},
		"empty":                  {"POST", "/api/vms", " ", nil, 400, usage, "empty"},
		"empty action":           {"POST", at + "/start", " ", nil, 400, usage, "empty"},
		"not UTF-8":              {"POST", "/api/vms", "<vm><name>\xff</name></vm>", nil, 400, usage, "UTF-8"},
		"unknown type":           {"POST", "/api/vms", "x=y", []string{"Content-Type: application/x-www-form-urlencoded"}, 415, plain, "media type of the request's body"},
		"bad type":               {"POST", "/api/vms", "<vm/>", []string{"Content-Type: ;;;"}, 415, plain, "media type"},
		"unknown enum":           {"POST", "/api/vms", add("<type>toaster</type>"), nil, 400, plain, "toaster is not a member of VmType"},
		"bad boolean":            {"POST", "/api/vms", add("<stateless>ja</stateless>"), nil, 400, plain, "isn't a valid boolean"},
		"bad number":             {"POST", "/api/vms", add("<memory>1e99</memory>"), nil, 400, plain, "isn't a valid integer"},
		"bad number JSON":        {"PUT", at, `{"memory":"viel"}`, []string{json}, 400, plain, "isn't a valid integer"},
		"number too large":       {"PUT", at, `<vm><cpu><topology sockets="99999999999"/></cpu></vm>`, nil, 400, plain, "isn't a valid integer"},
		"bad id in the body":     {"POST", "/api/vms", strings.Replace(add(""), "<cluster><name>Default</name></cluster>", `<cluster id="x"/>`, 1), nil, 400, plain, "is not a valid id of a cluster"},
		"unknown id in the body": {"POST", "/api/vms", strings.Replace(add(""), "<cluster><name>Default</name></cluster>", `<cluster id="`+unknownID+`"/>`, 1), nil, 404, plain, "Entity not found: Cluster"},
		"bad name":               {"POST", "/api/vms", strings.Replace(add(""), "<name>n<", "<name>a b<", 1), nil, 400, plain, "name"},
		"long name":              {"POST", "/api/vms", strings.Replace(add(""), "<name>n<", "<name>"+strings.Repeat("x", 65)+"<", 1), nil, 400, plain, "64 characters"},
		"bad UUID":               {"GET", "/api/vms/nonsense", "", nil, 404, plain, "not a valid id"},
		"bad UUID of an action":  {"POST", "/api/vms/nonsense/start", "<action/>", nil, 404, plain, "not a valid id"},
		"unknown id":             {"GET", "/api/vms/" + unknownID, "", nil, 404, plain, "Entity not found"},
		"unknown collection":     {"GET", "/api/toasters", "", nil, 404, plain, "no such resource"},
		"unknown action":         {"POST", at + "/explode", "<action/>", nil, 404, plain, "no such resource"},
		"climbing path":          {"GET", "/api/vms/%2e%2e/hosts", "", nil, 404, plain, "no such resource"},
		"broken escape":          {"GET", "/api/storagedomains/" + unknownID + "/files/..%2f..%2fetc%2fpasswd", "", nil, 404, plain, ""},
		"wrong method":           {"DELETE", "/api/vms", "", nil, 405, plain, "allowed are GET, HEAD, POST, OPTIONS"},
		"unknown method":         {"BREW", "/api/vms", "", nil, 405, plain, "not allowed"},
		"wrong Accept":           {"GET", "/api/vms", "", []string{"Accept: image/png"}, 406, plain, "None of the media types"},
		"refused Accept":         {"GET", "/api/vms", "", []string{"Accept: application/xml;q=0"}, 406, plain, "None of the media types"},
		"bad max":                {"GET", "/api/vms;max=many", "", nil, 400, plain, "Max number of results is not a valid number: many"},
		"bad search":             {"GET", "/api/vms?search=name%3D%3D%3D", "", nil, 400, plain, "The search text is wrong at character"},
		"unknown field":          {"GET", "/api/vms?search=colour%3Dred", "", nil, 400, plain, "search text is wrong"},
		"long correlation id":    {"GET", "/api/vms", "", []string{"Correlation-Id: " + strings.Repeat("x", 51)}, 400, plain, "longer than 50 characters"},
		"bad async":              {"DELETE", at + ";async=soon", "", nil, 400, plain, "Illegal value 'soon' for matrix param: 'async'"},
		"unsupported version":    {"GET", "/ovirt-engine/api/v5/vms", "", nil, 400, plain, "Version 5 of the API is not supported"},
		"not yet in version 4":   {"GET", "/ovirt-engine/api/v4/vms", "", nil, 404, plain, "There is no such resource"},
		"version in a header":    {"GET", "/ovirt-engine/api/vms", "", []string{"Version: 5"}, 400, plain, "Version 5"},
		"unknown event":          {"GET", "/api/events/99999", "", nil, 404, plain, "not found"},
		"bad event":              {"GET", "/api/events/first", "", nil, 404, plain, "not a valid id"},
		"schema":                 {"GET", "/api?schema", "", nil, 404, plain, "schema"},
		"rsdl":                   {"GET", "/api?rsdl", "", nil, 404, plain, "RSDL"},
		"snapshot":               {"POST", "/api/vms", add(`<snapshots><snapshot id="` + unknownID + `"/></snapshots>`), nil, 404, plain, "Snapshot: id="},
	} {
		for _, format := range []string{"application/xml", "application/json"} {
			t.Run(name+"/"+format, func(t *testing.T) {
				before := e.do("GET", "/api/vms;detail=disks;detail=nics", "").Body.String()
				headers := c.headers
				asked := format
				if strings.HasPrefix(strings.Join(headers, ""), "Accept") {
					asked = "application/xml" // where none is acceptable
				} else {
					headers = append([]string{"Accept: " + format}, headers...)
				}
				w := e.do(c.method, c.path, c.body, headers...)
				if w.Code != c.code {
					t.Errorf("code %d instead of %d\n%.1000s", w.Code, c.code, w.Body)
				}
				if got := w.Header().Get("Content-Type"); got != asked+"; charset=UTF-8" {
					t.Errorf("Content-Type is %q", got)
				}
				body := w.Body.String()
				sentence := c.sentence
				if asked == "application/json" {
					sentence = strings.NewReplacer("&lt;", "<", "&gt;", ">").Replace(sentence)
				} else {
					validate(t, name, body)
					if !strings.Contains(body, "?>\n<"+c.root) {
						t.Errorf("the root element is not %s\n%.300s", c.root, body)
					}
				}
				if !strings.Contains(body, sentence) || len(body) > 2000 {
					t.Errorf("it does not say %q\n%.2000s", sentence, body)
				}
				if c.code == 405 && !strings.Contains(w.Header().Get("Allow"), "OPTIONS") {
					t.Errorf("Allow is %q", w.Header().Get("Allow"))
				}
				if after := e.do("GET", "/api/vms;detail=disks;detail=nics", "").Body.String(); after != before {
					t.Errorf("something has changed:\n%s", after)
				}
			})
		}
	}
}

// BenchmarkRefusals times the bodies that are meant to take long.
func BenchmarkRefusals(b *testing.B) {
	e := newEdge(b)
	for name, body := range map[string]string{
		"deep":      "<vm>" + strings.Repeat("<a>", 10_000) + strings.Repeat("</a>", 10_000) + "</vm>",
		"large":     "<vm><description>" + strings.Repeat("x", 1<<20) + "</description></vm>",
		"many":      "<vm>" + strings.Repeat("<disks><disk/></disks>", 40_000) + "</vm>",
		"malformed": "<vm>" + strings.Repeat("<name>x</name>", 70_000),
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if w := e.do("POST", "/api/vms", body); w.Code < 400 {
					b.Fatal(w.Code)
				}
			}
		})
	}
}
