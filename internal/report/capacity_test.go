package report_test

import (
	"bytes"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
)

const capacitySchemaFile = "../../docs/capacity.schema.json"

// TestCapacitySchema: the schema takes what is written, and describes every field.
func TestCapacitySchema(t *testing.T) {
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	schema, err := c.Compile(capacitySchemaFile)
	if err != nil {
		t.Fatal(err)
	}
	all := reporttest.Unfound()
	all["capacity"] = reporttest.Searched()
	for name, rep := range all {
		var buf bytes.Buffer
		if err := report.WriteCapacityJSON(&buf, rep); err != nil {
			t.Fatal(err)
		}
		doc, err := jsonschema.UnmarshalJSON(&buf)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(doc); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		doc.(map[string]any)["extra"] = 1
		if err := schema.Validate(doc); err == nil {
			t.Errorf("%s: the schema takes an unknown field", name)
		}
	}
	data, err := os.ReadFile(capacitySchemaFile)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	root := parsed.(map[string]any)
	shared := make(map[string]bool) // described in the schema of reports
	for name, property := range root["properties"].(map[string]any) {
		if ref, ok := property.(map[string]any)["$ref"].(string); ok {
			shared["/"+name] = true
			if ref != "report.schema.json#/properties/"+name {
				t.Errorf("%s refers to %s", name, ref)
			}
			delete(property.(map[string]any), "$ref")
		}
	}
	described, produced := make(map[string]bool), make(map[string]bool)
	describe(t, root, root, "", described)
	produce(reflect.TypeFor[report.Capacity](), "", produced)
	for path := range produced {
		for name := range shared {
			if strings.HasPrefix(path, name+"/") {
				delete(produced, path)
			}
		}
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(produced)), slices.Sorted(maps.Keys(described))); diff != "" {
		t.Errorf("fields (-of Report +of the schema):\n%s", diff)
	}
}

func TestWriteCapacityJSON(t *testing.T) {
	var text strings.Builder
	if err := report.WriteCapacityJSON(&text, reporttest.Searched()); err != nil ||
		!strings.Contains(text.String(), `"capacity_per_s": 184`) {
		t.Errorf("%.100s, %v", text.String(), err)
	}
}
