package report

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

// Every field of a report has its place in the file.
func TestFieldOrderIsComplete(t *testing.T) {
	listed := strings.Fields(fieldOrder)
	var names []string
	for _, f := range reflect.VisibleFields(reflect.TypeFor[Report]()) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if !f.IsExported() || f.Anonymous && name == "" || name == "-" {
			continue
		}
		if names = append(names, name); !slices.Contains(listed, name) {
			t.Errorf("the field %s, %q in the file, is not in fieldOrder", f.Name, name)
		}
	}
	for _, name := range listed {
		if !slices.Contains(names, name) {
			t.Errorf("fieldOrder lists %q, which no report has", name)
		}
	}
}
