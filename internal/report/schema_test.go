package report_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
	"rdiostress/internal/testenv/results"
)

const schemaFile = "../../docs/report.schema.json"

func TestSchemaTakesReports(t *testing.T) {
	schema := compile(t)
	reports := map[string]report.Report{"full": reporttest.Full(), "own thresholds": reporttest.Own()}
	for name, res := range map[string]measure.Result{
		"pass": results.Passing(), "fail": results.Failing(), "no sample": results.NoSampleResult(),
		"interrupted": results.Interrupted(), "open": results.Unsent(), "loss": results.Lossy(),
		"explained": results.Explained(), "stale": results.Stale(), "unlooked": results.Unlooked(),
		"nothing forwarded": results.Unforwarded(), "behind": results.Behind(), "pending": results.Pending(),
		"transcribed": results.Transcribed(), "untranscribed": results.Untranscribed(),
		"crash": results.Crashed(), "unreadable": results.Unreadable(), "inconclusive": results.Limited(),
		"phases": results.Phased(), "duplicates": results.Doubled(), "primed": results.Primed(),
		"guide": results.Guided(), "mischief": results.Mischievous(), "harmless mischief": results.Harmless(),
		"stages": results.Staged(), "stopped in its warm-up": results.Thinking(), "soak": results.Soak(),
		"nothing filled in": results.NoDistribution(), "short of processors": results.Short(results.Passing()),
		"stopped itself": results.Halted(results.Passing(), 40),
	} {
		reports[name] = report.New(res, "1.2.3", nil)
	}
	for name, rep := range reports {
		t.Run(name, func(t *testing.T) {
			if err := schema.Validate(asJSON(t, rep)); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestSchemaRefuses(t *testing.T) {
	schema := compile(t)
	text := reporttest.JSON(t, reporttest.Full())
	for name, spoil := range map[string]func(doc map[string]any){
		"another version":        func(doc map[string]any) { doc["schema"] = "rdiostress.report/v2" },
		"an unknown field":       func(doc map[string]any) { doc["extra"] = 1 },
		"an unknown total":       func(doc map[string]any) { doc["totals"].(map[string]any)["extra"] = 1 },
		"a missing field":        func(doc map[string]any) { delete(doc, "kpis") },
		"null for a list":        func(doc map[string]any) { doc["alerts"] = nil },
		"a negative count":       func(doc map[string]any) { doc["totals"].(map[string]any)["failed"] = -1 },
		"no histogram":           func(doc map[string]any) { delete(doc["latency"].(map[string]any), "histogram") },
		"figures without sample": func(doc map[string]any) { doc["latency"].(map[string]any)["count"] = 0 },
		"an unknown arrival":     func(doc map[string]any) { doc["scenario"].(map[string]any)["arrival"] = "bursts" },
		"a phase without totals": func(doc map[string]any) {
			delete(doc["phases"].([]any)[0].(map[string]any),
				"totals")
		},
		"no batches":         func(doc map[string]any) { delete(doc["guide"].(map[string]any), "batches") },
		"an unknown step":    func(doc map[string]any) { doc["steps"].(map[string]any)["think"] = doc["latency"] },
		"an unknown storage": func(doc map[string]any) { doc["verdict"].(map[string]any)["storage"] = "altered" },
		"no storage":         func(doc map[string]any) { delete(doc["verdict"].(map[string]any), "storage") },
		"exit code 2":        func(doc map[string]any) { doc["verdict"].(map[string]any)["exit_code"] = 2 },
	} {
		t.Run(name, func(t *testing.T) {
			parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
			if err != nil {
				t.Fatal(err)
			}
			doc := parsed.(map[string]any)
			spoil(doc)
			if err := schema.Validate(doc); err == nil {
				t.Error("the schema takes it")
			}
		})
	}
}

// TestSchemaDescribesEveryField compares the fields of Report, optional ones too, with those that the schema describes.
func TestSchemaDescribesEveryField(t *testing.T) {
	data, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	doc := parsed.(map[string]any)
	described := make(map[string]bool)
	describe(t, doc, doc, "", described)
	produced := make(map[string]bool)
	produce(reflect.TypeFor[report.Report](), "", produced)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(produced)), slices.Sorted(maps.Keys(described))); diff != "" {
		t.Errorf("fields (-of Report +of the schema):\n%s", diff)
	}
}

// The schema describes signals as the table of signals does.
func TestSchemaDescribesSignals(t *testing.T) {
	data, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs struct {
			Point struct {
				Properties struct {
					Server struct {
						Properties map[string]struct{ Description string }
					}
				}
			}
		} `json:"$defs"`
	}
	if err := json.Unmarshal(data, &schema); err != nil {
		t.Fatal(err)
	}
	described := schema.Defs.Point.Properties.Server.Properties
	for _, sig := range measure.Signals() {
		if got := described[sig.Name].Description; got != sig.Doc {
			t.Errorf("%s: the schema says %q, the table %q", sig.Name, got, sig.Doc)
		}
	}
}

// describe collects the paths of all properties in a schema, and makes sure that each is described and each object
// closed.
func describe(t *testing.T, root, node map[string]any, path string, into map[string]bool) {
	t.Helper()
	if node["description"] == nil && path != "" && !strings.HasSuffix(path, "[]") {
		t.Errorf("%s: no description", path)
	}
	if name, ok := node["$ref"].(string); ok {
		node = root["$defs"].(map[string]any)[strings.TrimPrefix(name, "#/$defs/")].(map[string]any)
	}
	if items, ok := node["items"].(map[string]any); ok {
		describe(t, root, items, path+"[]", into)
	}
	properties, ok := node["properties"].(map[string]any)
	if ok && node["additionalProperties"] != false {
		t.Errorf("%s: takes additional properties", path)
	}
	for name, property := range properties {
		into[path+"/"+name] = true
		describe(t, root, property.(map[string]any), path+"/"+name, into)
	}
}

// produce collects the paths of all JSON fields of a type.
func produce(of reflect.Type, path string, into map[string]bool) {
	switch of.Kind() {
	case reflect.Pointer:
		produce(of.Elem(), path, into)
	case reflect.Slice:
		produce(of.Elem(), path+"[]", into)
	case reflect.Struct:
		switch of {
		case reflect.TypeFor[time.Time](), reflect.TypeFor[measure.WatchEvent]():
			return
		case reflect.TypeFor[measure.Observation]():
			for _, sig := range measure.Signals() {
				into[path+"/"+sig.Name] = true
			}
			return
		}
		for f := range of.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			if name == "-" {
				continue
			}
			if f.Anonymous && name == "" {
				produce(f.Type, path, into)
				continue
			}
			into[path+"/"+name] = true
			produce(f.Type, path+"/"+name, into)
		}
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	schema, err := c.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return schema
}

// asJSON returns a report as the schema sees it.
func asJSON(t *testing.T, rep report.Report) any {
	t.Helper()
	var buf bytes.Buffer
	if err := report.WriteJSON(&buf, rep); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(&buf)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
