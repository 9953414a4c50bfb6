package report

import (
	"bytes"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"rdiostress/internal/diagnose"
	"rdiostress/internal/measure"
)

const schemaFile = "../../docs/report.schema.json"

// full is a report in which every field that there is has a value.
func full() Report {
	res := failing()
	before(&res, "batches", "batches of 1, 6, 11 … up to 50 uploads at once", 7.31, 30, 4)
	inStages := staged()
	res.Run.Interrupted, res.Run.Aborted = true, inStages.Run.Aborted
	res.Generator, res.Guide = limited().Generator, guided().Guide
	res.Scenario = inStages.Scenario
	res.Scenario.RatePerS, res.Scenario.Profile, res.Scenario.AudioSize = 200, "guide", "16384-131072"
	res.Scenario.AudioDir = "recordings"
	res.Scenario.WarmUpS, res.Scenario.RampUpS, res.Scenario.ThinkTimeS = 30, 10, 2
	res.Delivery, res.Mischief, res.Retries = lossy().Delivery, mischievous().Mischief, repeated().Retries
	res.Scenario.ClientRetries = "client"
	res.Watch, res.Alerts = soak().Watch, []measure.Alert{{Severity: "high", KPI: "error_rate", Unit: "ratio", Value: 0.14, Limit: 0.05, FromS: 10, ToS: 120}}
	for i := range res.Series {
		res.Series[i].Server = serverAt(i, res.Series[i].TS)
	}
	res.Delivery.Crash, res.Delivery.PendingS, res.Delivery.DrainS = crashed().Delivery.Crash, pending().Delivery.PendingS, behind().Delivery.DrainS
	res.Delivery.Failed, res.Delivery.Absent = true, "looking failed"
	old := stale().Delivery
	res.Delivery.AsOfS, res.Delivery.AgeS, res.Delivery.Unread = old.AsOfS, old.AgeS, old.Unread
	res.Delivery.WaitEnd, res.Delivery.WaitedS, res.Delivery.Reasons = explained().Delivery.WaitEnd, explained().Delivery.WaitedS, explained().Delivery.Reasons
	res.Target = unlooked().Target
	s := &res.Scenario
	s.MustVerify = true
	s.Verify, s.VerifyWaitS, s.VerifyMaxS, s.CrashTest, s.CrashAtS = "sqlite:rdio-scanner.db", 60, 600, "server", 60
	res.Series[0].Stored, res.Series[0].Backlog, res.Series[0].StoredPerS = res.Delivery.Stored, res.Delivery.Missing, res.Delivery.StoredPerS
	res.Traffic, res.Scenario.Radio = doubled().Traffic, doubled().Scenario.Radio
	res.Traffic.Replay, res.Scenario.Replay = recorded().Traffic.Replay, recorded().Scenario.Replay
	res.Priming = primed().Priming
	res.Priming.Refused, res.Priming.Unseen = "503 busy", "its process is not seen"
	res.FirstCalls = &measure.FirstCalls{Count: 30, MeanS: 0.4, LaterMeanS: 0.02}
	res.Series[0].FirstCalls, res.Series[0].FailedAttempts = 3, 2
	res.Latency.Clamped, res.ServiceTime.Clamped = 1, 1
	window := 10.0
	res.Target = measure.Target{
		URL: res.Target.URL, Server: "tr-engine", AcknowledgesFirst: true, DuplicateWindowS: &window, Warnings: []string{"a warning"},
		FirstReplies: []measure.FirstReply{{
			Client: "sdrtrunk", Address: "http://localhost:8000/api/call-upload", Status: 500, Reply: "Internal server error", Tries: 3,
			Accepted: true, FormUnread: true, DatesUnread: true,
		}},
	}
	res.Clients = []measure.ClientTotals{{Client: "sdrtrunk", Attempted: 3, Accepted: 1, Failed: 2, Busy: 1, OnlyStatus: 500}}
	rep := New(res, "1.2.3")
	rep.Diagnosis = []Finding{{
		ID: "queue-full", Title: "Queue full", Evidence: []string{"1,204 uploads were refused with 503"},
		Fix: "more workers", GuidePhase: 2, Certainty: diagnose.Likely,
	}}
	return rep
}

func TestSchemaTakesReports(t *testing.T) {
	schema := compile(t)
	for name, rep := range map[string]Report{
		"pass": New(passing(), "1.2.3"), "fail": New(failing(), "1.2.3"), "no sample": New(noSampleResult(), "1.2.3"),
		"interrupted": New(interrupted(), "1.2.3"), "open": New(unsent(), "1.2.3"), "loss": New(lossy(), "1.2.3"),
		"explained": New(explained(), "1.2.3"), "stale": New(stale(), "1.2.3"), "unlooked": New(unlooked(), "1.2.3"), "nothing forwarded": New(unforwarded(), "1.2.3"),
		"behind": New(behind(), "1.2.3"), "pending": New(pending(), "1.2.3"), "crash": New(crashed(), "1.2.3"), "unreadable": New(unreadable(), "1.2.3"),
		"inconclusive": New(limited(), "1.2.3"), "phases": New(phased(), "1.2.3"), "duplicates": New(doubled(), "1.2.3"), "primed": New(primed(), "1.2.3"), "guide": New(guided(), "1.2.3"),
		"mischief": New(mischievous(), "1.2.3"), "harmless mischief": New(harmless(), "1.2.3"),
		"stages": New(staged(), "1.2.3"), "stopped in its warm-up": New(thinking(), "1.2.3"), "full": full(), "soak": New(soak(), "1.2.3"), "nothing filled in": New(noDistribution(), "1.2.3"),
	} {
		t.Run(name, func(t *testing.T) {
			if err := schema.Validate(asJSON(t, rep)); err != nil {
				t.Errorf("%v", err)
			}
		})
	}
}

// noDistribution is the least that a run can leave behind.
func noDistribution() measure.Result {
	return measure.Result{
		Run:         measure.Run{StartedAt: time.Unix(0, 0).UTC(), Interrupted: true},
		Scenario:    measure.Scenario{Model: "closed", HTTP: "1.1"},
		Latency:     measure.NewHistogram().Distribution("no upload was accepted"),
		ServiceTime: measure.NewHistogram().Distribution("no upload was accepted"),
	}
}

func TestSchemaRefuses(t *testing.T) {
	schema := compile(t)
	text := written(t, full())
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
		"a phase without totals": func(doc map[string]any) { delete(doc["phases"].([]any)[0].(map[string]any), "totals") },
		"no batches":             func(doc map[string]any) { delete(doc["guide"].(map[string]any), "batches") },
		"an unknown step":        func(doc map[string]any) { doc["steps"].(map[string]any)["think"] = doc["latency"] },
		"an unknown storage":     func(doc map[string]any) { doc["verdict"].(map[string]any)["storage"] = "altered" },
		"no storage":             func(doc map[string]any) { delete(doc["verdict"].(map[string]any), "storage") },
		"exit code 2":            func(doc map[string]any) { doc["verdict"].(map[string]any)["exit_code"] = 2 },
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
	produce(reflect.TypeFor[Report](), "", produced)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(produced)), slices.Sorted(maps.Keys(described))); diff != "" {
		t.Errorf("fields (-of Report +of the schema):\n%s", diff)
	}
}

// describe collects the paths of all properties in a schema, and makes sure that each is described and each object closed.
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
		if of == reflect.TypeFor[time.Time]() {
			return
		}
		for f := range of.Fields() {
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
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
func asJSON(t *testing.T, rep Report) any {
	t.Helper()
	var buf bytes.Buffer
	if err := WriteJSON(&buf, rep); err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(&buf)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}
