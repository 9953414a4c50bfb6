package server_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"rdiostress/internal/server"
)

// operation is a method of a path in the description.
type operation struct {
	path, method string
	parameters   []parameter
	body         map[string]any // the schema of a form; nil if there is none
}

// parameter is a parameter of an operation.
type parameter struct {
	name, in string
	schema   *jsonschema.Schema
	raw      map[string]any // the schema's text, without what it refers to
}

// operations returns all operations in the description.
func (d *described) operations(t *testing.T) (list []operation) {
	t.Helper()
	for _, path := range slices.Sorted(maps.Keys(d.at(t, "paths"))) {
		item := d.at(t, "paths", path)
		for _, method := range []string{"get", "head", "post"} {
			op, ok := item[method].(map[string]any)
			if !ok {
				continue
			}
			o := operation{path: path, method: strings.ToUpper(method)}
			at := "#/paths/" + strings.ReplaceAll(path, "/", "~1")
			o.parameters = append(d.parameters(t, item["parameters"], at),
				d.parameters(t, op["parameters"], at+"/"+method)...)
			o.body = d.at(t, "paths", path, method, "requestBody", "content", "multipart/form-data", "schema")
			list = append(list, o)
		}
	}
	return list
}

func (d *described) parameters(t *testing.T, raw any, at string) (list []parameter) {
	t.Helper()
	items, _ := raw.([]any)
	for i, item := range items {
		item := item.(map[string]any)
		p := parameter{name: item["name"].(string), in: item["in"].(string), raw: item["schema"].(map[string]any)}
		p.schema = d.compile(t, fmt.Sprintf("%s/parameters/%d/schema", at, i))
		if ref, ok := p.raw["$ref"].(string); ok {
			p.raw = d.at(t, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
		}
		list = append(list, p)
	}
	return list
}

// candidates returns values for a schema: at its bounds, beyond them, and of the wrong kind.
func candidates(raw map[string]any) (list []string) {
	for _, name := range []string{"minimum", "maximum"} {
		bound, ok := raw[name].(json.Number)
		if !ok {
			continue
		}
		n, err := bound.Int64()
		if err != nil {
			continue
		}
		list = append(list, fmt.Sprint(n), fmt.Sprint(n-1))
		if n < 1<<63-1 {
			list = append(list, fmt.Sprint(n+1))
		} else {
			list = append(list, "9223372036854775808")
		}
	}
	for _, part := range anyOf(raw) {
		list = append(list, candidates(part)...)
	}
	enum, _ := raw["enum"].([]any)
	for _, v := range enum {
		list = append(list, fmt.Sprint(v), fmt.Sprint(v, "x"))
	}
	return append(list, "1", "true", "false", "start", "now", "ab.1", "ab.99.1-3", "2025-11-24T16:00:00Z",
		"2025-11-24T16:00:00.5-05:00", "0001-01-01T00:00:00Z",
		"", "nonsense", "1.5", "1e3", "0x1", "2025-11-24", "2025-13-24T16:00:00Z", "ab", "ab.x", "TRUE", "\x00",
		"'; DROP TABLE calls; --", strings.Repeat("9", 400))
}

func anyOf(raw map[string]any) (list []map[string]any) {
	parts, _ := raw["anyOf"].([]any)
	for _, p := range parts {
		list = append(list, p.(map[string]any))
	}
	return list
}

var wholeNumber = regexp.MustCompile(`^-?[0-9]+$`)

// isValid reports whether a value, as written in a request, matches a schema.
func isValid(schema *jsonschema.Schema, value string) bool {
	if wholeNumber.MatchString(value) && schema.Validate(json.Number(value)) == nil {
		return true
	}
	if value == "true" || value == "false" {
		return schema.Validate(value == "true") == nil
	}
	return schema.Validate(value) == nil
}

// Requests are generated from the description alone: each operation with its parameters at their bounds and beyond,
// omitted, repeated and unknown. Every reply must be described and match its schema, and a request must be refused
// exactly if the description says so.
func TestRequestsFromTheDescription(t *testing.T) {
	d := openDescription(t)
	keys := filepath.Join(t.TempDir(), "keys.yaml")
	writeKeys(t, keys, "keys:\n- {label: other, key: key-for-others, systems: [99]}\n")
	r := newRig(t, func(o *server.Options) { o.KeyFile = keys })
	for n := range 3 {
		r.upload(t, field{"dateTime", fmt.Sprint(1764000000 + n)}, field{"units", `[{"id":1,"label":"x"}]`},
			field{"frequencies", `[{"freq":1,"errorCount":2,"dbm":-7}]`})
	}
	made := 0
	do := func(o operation, query url.Values, path string) int {
		t.Helper()
		target := path
		if len(query) > 0 {
			target += "?" + query.Encode()
		}
		status := 0
		for _, accept := range []string{"application/json", "*/*"} {
			resp, body := r.do(t, o.method, target, nil, "Accept", accept)
			d.check(t, o.method, target, resp.StatusCode, resp.Header, body)
			status = resp.StatusCode
			made++
		}
		return status
	}
	for _, o := range d.operations(t) {
		if o.body != nil {
			continue // see TestFormsFromTheDescription
		}
		plain := strings.ReplaceAll(o.path, "{id}", "1")
		if status := do(o, nil, plain); status != http.StatusOK {
			t.Errorf("%s %s without anything: %d", o.method, o.path, status)
		}
		for _, p := range o.parameters {
			for _, value := range candidates(p.raw) {
				switch valid := isValid(p.schema, value); {
				case p.in == "path" && value == "":
				case p.in == "path":
					status := do(o, nil, strings.ReplaceAll(o.path, "{id}", url.PathEscape(value)))
					if status != http.StatusNotFound && (!valid || status != http.StatusOK) {
						t.Errorf("%s %s with %.40q: %d", o.method, o.path, value, status)
					}
				default:
					status := do(o, url.Values{p.name: {value}}, plain)
					isFine := status == http.StatusOK || p.name == "cursor" && (status == http.StatusGone ||
						status == http.StatusBadRequest && value != "start")
					if valid && !isFine || !valid && status != http.StatusBadRequest {
						t.Errorf("%s %s with %s=%.40q, which is of its schema: %t, got %d", o.method, o.path, p.name,
							value, valid, status)
					}
				}
			}
			if p.in == "query" {
				if status := do(o, url.Values{p.name: {"1", "1"}}, plain); status != http.StatusBadRequest {
					t.Errorf("%s %s with %s twice: %d", o.method, o.path, p.name, status)
				}
				if status := do(o, url.Values{p.name + "x": {"1"}}, plain); status != http.StatusBadRequest {
					t.Errorf("%s %s with an unknown parameter: %d", o.method, o.path, status)
				}
			}
		}
	}
	t.Logf("%d requests", made)
	if made < 500 {
		t.Error("hardly any requests were made of the description")
	}
}

// Forms are generated from the description alone: each field with values of each kind, at its bounds and beyond, and
// omitted.
func TestFormsFromTheDescription(t *testing.T) {
	d := openDescription(t)
	r := newRig(t)
	usual := map[string]string{
		"key": key, "system": "11", "talkgroup": "1001", "dateTime": "1764000000", "audio": strings.Repeat("x", 100),
		"meta": `{"talkgroup":1001,"start_time":1764000000}`,
	}
	for _, o := range d.operations(t) {
		if o.body == nil {
			continue
		}
		required := strings.Fields(strings.Trim(fmt.Sprint(o.body["required"]), "[]"))
		properties := o.body["properties"].(map[string]any)
		post := func(changes map[string]string) int {
			t.Helper()
			var fields []field
			for name, value := range usual {
				if _, known := properties[name]; known || slices.Contains(required, name) {
					fields = append(fields, field{name, value})
				}
			}
			for name, value := range changes {
				fields = slices.DeleteFunc(fields, func(f field) bool { return f.name == name })
				if value != "-absent-" {
					fields = append(fields, field{name, value})
				}
			}
			status := 0
			for _, accept := range []string{"*/*", "application/json"} {
				resp, body := r.do(t, o.method, o.path, strings.NewReader(form(fields)), "Accept", accept)
				d.check(t, o.method, o.path, resp.StatusCode, resp.Header, body)
				status = resp.StatusCode
			}
			return status
		}
		if status := post(nil); status != http.StatusOK {
			t.Errorf("%s with what is required: %d", o.path, status)
		}
		for name, raw := range properties {
			raw := raw.(map[string]any)
			if ref, ok := raw["$ref"].(string); ok {
				raw = d.at(t, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
			}
			isRequired := slices.Contains(required, name)
			if status := post(map[string]string{name: "-absent-"}); isRequired != (status != http.StatusOK) &&
				name != "dateTime" {
				t.Errorf("%s without %s: %d", o.path, name, status)
			}
			for _, value := range candidates(raw) {
				status := post(map[string]string{name: value})
				_, isBounded := raw["maximum"]
				isWithin := wholeNumber.MatchString(value) && len(value) < 11 && value[0] != '-' &&
					strings.Trim(value, "0") != ""
				if status >= 500 || isBounded && isWithin != (status == http.StatusOK) {
					t.Errorf("%s with %s=%.40q: %d", o.path, name, value, status)
				}
			}
		}
	}
}
