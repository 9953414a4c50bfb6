package compare

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/testenv/results"
)

// runTook returns the report of a run whose calls took that many times as long as usual, and in the intervals that much
// longer or shorter than in the mean.
func runTook(id string, factor float64, intervals ...float64) *report.Report {
	const calls, perInterval = 2000, 200
	scaled := func(d time.Duration) time.Duration { return time.Duration(float64(d) * factor) }
	res := results.Of(calls, 0, scaled(20*time.Millisecond), scaled(180*time.Millisecond))
	res.Run.ID, res.Target.Server = id, "rdio-scanner 7"
	rep := report.Report{Schema: report.Schema, Tool: report.Tool{Name: "rdiostress", Version: "1.2.3"}, Result: res}
	for i, of := range intervals {
		d := results.SpreadOut(perInterval, time.Duration(of*float64(scaled(20*time.Millisecond))),
			time.Duration(of*float64(scaled(180*time.Millisecond))))
		rep.Histograms = append(rep.Histograms, measure.Histograms{
			TS: float64(i), WidthS: 1, Count: perInterval, Latency: d.Histogram, ServiceTime: d.Histogram,
		})
	}
	return &rep
}

// side returns a side whose runs took as many times as long as usual.
func side(name string, factors ...float64) Loaded {
	s := Loaded{Name: name}
	for i, factor := range factors {
		s.Files = append(s.Files, fmt.Sprintf("%s/%d.json", name, i+1))
		s.Reports = append(s.Reports, runTook(fmt.Sprintf("%s%d", name, i+1), factor))
	}
	return s
}

func mustCompare(t *testing.T, base, changed Loaded, o Options) Document {
	t.Helper()
	doc, err := New(base, changed, o)
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func figureOf(t *testing.T, doc *Document, name string) Figure {
	t.Helper()
	for _, f := range doc.Figures {
		if f.Name == name {
			return f
		}
	}
	t.Fatalf("there is no %s", name)
	return Figure{}
}

func gateOf(t *testing.T, kind, text string) Gate {
	t.Helper()
	g, err := ParseGate(kind, text)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestResults(t *testing.T) {
	usual := []float64{1, 1.01, 0.99, 1.02, 0.98}
	times := func(by float64) (list []float64) {
		for _, f := range usual {
			list = append(list, f*by)
		}
		return list
	}
	for _, tt := range []struct {
		by   float64
		want string
	}{{1, NoDifference}, {1.2, Worse}, {0.8, Better}, {1.01, NoDifference}} {
		doc := mustCompare(t, side("base", usual...), side("new", times(tt.by)...), Options{})
		f := figureOf(t, &doc, "p95_response_time_s")
		if f.Result != tt.want || math.Abs(f.Change.Ratio-tt.by) > 0.002 {
			t.Errorf("%g times as long is %q, with a ratio of %g; want %q", tt.by, f.Result, f.Change.Ratio, tt.want)
		}
		if !f.Gated || f.PAdjusted == nil || f.RankP == nil || *f.Visible < 0.02 || *f.Visible > 0.05 {
			t.Errorf("%+v", f)
		}
		if doc.Verdict.ExitCode != 0 {
			t.Errorf("without a gate, the exit code is %d", doc.Verdict.ExitCode)
		}
	}
}

// A percentile of several runs is that of all their calls, not a mean of theirs.
func TestPercentilesAreOfMergedHistograms(t *testing.T) {
	base, changed := side("base", 1, 1, 1, 4), side("new", 1, 1, 1, 1.001)
	all := measure.NewHistogram()
	for _, r := range base.Reports {
		h, err := r.Latency.Decode()
		if err != nil {
			t.Fatal(err)
		}
		all.Merge(h)
	}
	doc := mustCompare(t, base, changed, Options{})
	f := figureOf(t, &doc, "p95_response_time_s")
	if want := all.Quantile(0.95).Seconds(); *f.Base != want {
		t.Errorf("p95 of all is %g, want %g", *f.Base, want)
	}
	if mean := (3*f.BaseRuns[0] + f.BaseRuns[3]) / 4; math.Abs(mean-*f.Base) < 0.005 {
		t.Errorf("it is the mean of the runs', %g", mean)
	}
}

func TestGates(t *testing.T) {
	usual, worse := []float64{1, 1.01, 0.99, 1.02, 0.98}, []float64{1.2, 1.21, 1.19, 1.22, 1.18}
	noisy := []float64{1, 1.2, 0.85, 1.1, 0.9}
	for name, tt := range map[string]struct {
		base, changed []float64
		kind, gate    string
		outcome       string
		code          int
		text          string
	}{
		"worse": {usual, worse, FailOn, "p95_response_time_s +10%", Failed, 1, "it is worse, +20.0 %"},
		"worse, but tolerated": {
			usual, worse, FailOn, "p95_response_time_s +25%", Passed, 0, "it is worse, but not by more",
		},
		"not shown":        {usual, noisy, FailOn, "p95_response_time_s +0%", Passed, 0, "no difference shown"},
		"better":           {worse, usual, FailOn, "p95_response_time_s +0%", Passed, 0, "better"},
		"success":          {usual, worse, FailOn, "success_rate -1%", Passed, 0, "no difference shown"},
		"proved":           {usual, worse, Prove, "p95_response_time_s +30%", Passed, 0, "proved"},
		"disproved":        {usual, worse, Prove, "p95_response_time_s +10%", NotSettled, 5, "would not prove it"},
		"not proved":       {usual, noisy, Prove, "p95_response_time_s +10%", NotSettled, 5, "would settle it"},
		"too few":          {usual[:3], worse, FailOn, "p95_response_time_s +10%", NotSettled, 5, "too few runs"},
		"too few to prove": {usual, worse[:3], Prove, "p95_response_time_s +30%", NotSettled, 5, "too few runs"},
		"not there":        {usual, worse, FailOn, "p95_due_to_stored_s +1%", NotSettled, 5, "not measured: "},
		"never to be": {
			usual,
			[]float64{0.9, 1.4, 0.8, 1.3, 1.12},
			Prove, "p95_response_time_s +0.001%", NotSettled, 5,
			"not even 100 runs",
		},
	} {
		t.Run(name, func(t *testing.T) {
			doc := mustCompare(t, side("base", tt.base...), side("new", tt.changed...),
				Options{Gates: []Gate{gateOf(t, tt.kind, tt.gate)}})
			g := doc.Gates[0]
			if g.Outcome != tt.outcome || doc.Verdict.ExitCode != tt.code || !strings.Contains(g.Text, tt.text) {
				t.Errorf("%s, exit code %d: %s", g.Outcome, doc.Verdict.ExitCode, g.Text)
			}
		})
	}
}

// As many runs as it asks for do settle a gate.
func TestAsManyRunsSettleIt(t *testing.T) {
	noisy := []float64{1, 1.2, 0.85, 1.1, 0.9}
	gate := gateOf(t, Prove, "p95_response_time_s +10%")
	doc := mustCompare(t, side("base", noisy...), side("new", noisy...), Options{Gates: []Gate{gate}})
	more := doc.Gates[0].MoreRuns
	if more == nil || *more < 5 {
		t.Fatalf("%+v", doc.Gates[0])
	}
	for _, tt := range []struct {
		runs int
		want string
	}{{5 + *more, Passed}, {4 + *more, NotSettled}} {
		var many []float64
		for i := range tt.runs {
			many = append(many, noisy[i%len(noisy)])
		}
		// The scatter of repeated runs is less: their variance is of one degree of freedom more.
		doc := mustCompare(t, side("base", many...), side("new", many...), Options{Gates: []Gate{gate}})
		if got := doc.Gates[0].Outcome; got != tt.want && tt.want == Passed {
			t.Errorf("with %d runs it is %s: %s", tt.runs, got, doc.Gates[0].Text)
		}
	}
}

// Several gated figures are corrected for their number.
func TestGatedFiguresAreCorrected(t *testing.T) {
	gates := []Gate{
		gateOf(t, FailOn, "p50_response_time_s +0%"), gateOf(t, FailOn, "p95_response_time_s +0%"),
		gateOf(t, FailOn, "mean_response_time_s +0%"),
	}
	base, changed := side("base", 1, 1.02, 0.98, 1.01), side("new", 1.03, 1.05, 1.01, 1.04)
	doc := mustCompare(t, base, changed, Options{Gates: gates})
	f := figureOf(t, &doc, "p95_response_time_s")
	if *f.P >= alpha || *f.PAdjusted <= *f.P || *f.PAdjusted > 3**f.P {
		t.Errorf("p %g becomes %g", *f.P, *f.PAdjusted)
	}
	if other := figureOf(t, &doc, "p99_response_time_s"); other.Gated || other.PAdjusted != nil {
		t.Errorf("%+v is gated", other)
	}
}

func TestPairs(t *testing.T) {
	// The machine drifts from round to round, which pairs do not mind.
	base, changed := side("a", 1, 1.2, 1.4, 1.6, 1.8), side("b", 1.05, 1.27, 1.46, 1.69, 1.89)
	doc := mustCompare(t, base, changed, Options{Design: Paired})
	if f := figureOf(t, &doc, "p95_response_time_s"); f.Result != Worse || f.RankP != nil {
		t.Errorf("in pairs it is %q, %+v", f.Result, f.Change)
	}
	doc = mustCompare(t, base, changed, Options{})
	if f := figureOf(t, &doc, "p95_response_time_s"); f.Result != NoDifference {
		t.Errorf("not in pairs it is %q", f.Result)
	}
	if _, err := New(base, side("c", 1, 1), Options{Design: Paired}); err == nil {
		t.Error("5 and 2 runs make pairs")
	}
}

func TestFewRunsAreComparedByBatches(t *testing.T) {
	even := slices.Repeat([]float64{1, 1.02, 0.98, 1.01, 0.99}, 12)
	one := func(name string, factor float64, intervals ...float64) Loaded {
		return Loaded{Name: name, Reports: []*report.Report{runTook(name, factor, intervals...)}}
	}
	gates := []Gate{gateOf(t, FailOn, "p95_response_time_s +1%")}
	doc := mustCompare(t, one("a", 1, even...), one("b", 1.3, even...), Options{Gates: gates})
	f := figureOf(t, &doc, "p95_response_time_s")
	if f.Result != TooFewRuns || f.Change != nil || f.Within == nil || f.Within.Change == nil {
		t.Fatalf("%+v", f)
	}
	if c := f.Within.Change; c.Low < 1.25 || c.High > 1.35 || c.Ratio < c.Low || c.Ratio > c.High {
		t.Errorf("%+v", c)
	}
	if doc.Verdict.ExitCode != 5 || *doc.Gates[0].MoreRuns != 3 {
		t.Errorf("%+v, %+v", doc.Verdict, doc.Gates[0])
	}
	drifting := make([]float64, 60) // its seconds depend on each other so much that there are hardly two
	for i := range drifting {
		drifting[i] = 1 + float64(i)/60
	}
	doc = mustCompare(t, one("a", 1, drifting...), one("b", 1.3, drifting...), Options{})
	w := figureOf(t, &doc, "p95_response_time_s").Within
	if w.Change != nil || !strings.Contains(w.Absent, "too short") {
		t.Errorf("%+v", w)
	}
	doc = mustCompare(t, one("a", 1), one("b", 1.3), Options{})
	if w := figureOf(t, &doc, "p95_response_time_s").Within; w.Change != nil || w.Absent == "" {
		t.Errorf("%+v", w)
	}
}

func TestWhatDoesNotBelongTogether(t *testing.T) {
	two := 2.0
	for name, tt := range map[string]struct {
		change func(*report.Report)
		want   string
	}{
		"scenario":    {func(r *report.Report) { r.Scenario.RatePerS = 50 }, "rate_per_s: 50 in new/1.json, not given"},
		"machine":     {func(r *report.Report) { r.Generator.Processors = 64 }, "2 in base/1.json and 4 more, 64"},
		"quota":       {func(r *report.Report) { r.Generator.QuotaProcessors = &two }, "processors: 2 in new/1.json"},
		"elsewhere":   {func(r *report.Report) { r.Generator.Shared = false }, "the generator's machine: false in"},
		"storage":     {func(r *report.Report) { r.Delivery.Method = "api" }, "storage check: api in new/1.json"},
		"servers":     {func(r *report.Report) { r.Target.URLs = []string{"http://a", "http://b"} }, "servers: 1 in"},
		"interrupted": {func(r *report.Report) { r.Run.Interrupted = true }, "interrupted by the user: new/1.json"},
		"aborted":     {func(r *report.Report) { r.Run.Aborted = "error_rate" }, "ended by its own rule: new/1.json"},
	} {
		t.Run(name, func(t *testing.T) {
			base, changed := side("base", 1, 1.01, 0.99), side("new", 1, 1.01, 0.99)
			tt.change(changed.Reports[0])
			_, err := New(base, changed, Options{})
			if !errors.Is(err, ErrDiffers) || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("%v", err)
			}
			doc := mustCompare(t, base, changed, Options{Force: true})
			if len(doc.Differences) != 1 || len(doc.Warnings()) != 1 {
				t.Errorf("%q", doc.Differences)
			}
		})
	}
	same := side("base", 1, 1.01)
	if _, err := New(same, same, Options{}); err == nil || !strings.Contains(err.Error(), "are the same run, base1") {
		t.Errorf("a run with itself: %v", err)
	}
	other := side("new", 1, 1)
	other.Reports[0].Scenario.Seed, other.Reports[1].Tool.Version = 7, "1.3.0"
	if doc := mustCompare(t, same, other, Options{}); len(doc.Notes) != 1 {
		t.Errorf("%q", doc.Notes)
	}
}

func TestGeneratorAtItsLimit(t *testing.T) {
	base, changed := side("base", 1, 1.01, 0.99, 1.02), side("new", 1.3, 1.31, 1.29, 1.33)
	changed.Reports[2].Generator.Limited = true
	changed.Reports[2].Generator.Reasons = []string{"it was late"}
	doc := mustCompare(t, base, changed, Options{Gates: []Gate{gateOf(t, FailOn, "p95_response_time_s +1%")}})
	if doc.Verdict.ExitCode != 5 || doc.Gates[0].Outcome != NotSettled || doc.Badge() != "INCONCLUSIVE" {
		t.Errorf("%+v, %+v", doc.Verdict, doc.Gates[0])
	}
	want := []string{"the load generator was the limit of new/3.json: it was late"}
	if !cmp.Equal(want, doc.Inconclusive) {
		t.Errorf("%q", doc.Inconclusive)
	}
}

func TestNotMeasured(t *testing.T) {
	base, changed := side("base", 1, 1.01, 0.99, 1.02), side("new", 1, 1.01, 0.99, 1.02)
	none := report.New(results.NoSampleResult(), "1.2.3", nil)
	none.Scenario, none.Target = base.Reports[0].Scenario, base.Reports[0].Target
	none.Run.ID = "none"
	changed.Reports[3] = &none
	doc := mustCompare(t, base, changed, Options{Force: true})
	f := figureOf(t, &doc, "p95_response_time_s")
	if f.Result != NotMeasured || !strings.HasPrefix(f.Absent, "new/4.json: ") || f.New != nil {
		t.Errorf("%+v", f)
	}
	few := side("few", 1, 1, 1, 1)
	few.Reports[0].Latency = results.SpreadOut(10, time.Millisecond, time.Second)
	doc = mustCompare(t, base, few, Options{Force: true})
	if f := figureOf(t, &doc, "p99_response_time_s"); f.Absent != "few/1.json: its 10 calls are too few for p99" {
		t.Errorf("%q", f.Absent)
	}
}

func TestServerFigures(t *testing.T) {
	rep := report.New(results.Passing(), "1", nil)
	var o measure.Observation
	o.Set(measure.CPU, 0.5)
	o.Set(measure.RSS, 2e6)
	rep.Series = []measure.Point{
		{TS: 0, WidthS: 2, Attempted: 10, Accepted: 10, Server: &o},
		{TS: 2, WidthS: 2, Attempted: 10, Accepted: 10},
		{TS: 4, WidthS: 4, Attempted: 20, Accepted: 15, Server: &o},
	}
	stored, perS := uint64(100), 5.0
	rep.Delivery.Stored, rep.Delivery.StoredPerS = &stored, &perS
	d := results.SpreadOut(1000, time.Millisecond, time.Second)
	rep.Delivery.DueToStored = &d
	want := map[string]float64{
		"server_cpu_s_per_call": 3.0 / 25, "server_memory_bytes": 2e6, "server_memory_bytes_per_call": 2e6 / 12_345,
		"stored_per_s": 5, "p95_due_to_stored_s": d.P95S, "success_rate": 1,
	}
	for _, d := range definitions() {
		v, absent := d.of(&rep)
		if w, ok := want[d.name]; ok && (v != w || absent != "") {
			t.Errorf("%s is %g (%s), want %g", d.name, v, absent, w)
		}
		all := d.all([]*report.Report{&rep, &rep})
		if math.Abs(all-v) > 1e-9*v {
			t.Errorf("%s of the run twice is %g, not %g", d.name, all, v)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for i, name := range []string{"b.json", "a.json"} {
		var text bytes.Buffer
		rep := runTook(name[:1], 1)
		rep.Run.StartedAt = rep.Run.StartedAt.Add(time.Duration(i) * time.Hour)
		if err := report.WriteJSON(&text, report.New(rep.Result, "1.2.3", nil)); err != nil {
			t.Fatal(err)
		}
		write(name, text.String())
	}
	write("comparison.json", `{"schema": "`+Schema+`"}`)
	write("other.json", `{"name": "x"}`)
	write("search.json", `{"schema": "`+report.CapacitySchema+`"}`)
	write("notes.txt", "not even JSON")
	loaded, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{filepath.Join(dir, "b.json"), filepath.Join(dir, "a.json")}
	if !cmp.Equal(want, loaded.Files) || len(loaded.Reports) != 2 || len(loaded.Notes) != 3 {
		t.Errorf("%q, %q", loaded.Files, loaded.Notes)
	}
	if loaded, err = Load(filepath.Join(dir, "[ab].json")); err != nil || len(loaded.Reports) != 2 {
		t.Errorf("%v, %q", err, loaded.Files)
	}
	write("damaged.json", `{"schema": "rdiostress.report/v1", "run": 3}`)
	for name, want := range map[string]string{
		dir:                                   "damaged.json: damaged report: line 1",
		filepath.Join(dir, "none.json"):       "no such file",
		filepath.Join(dir, "none*"):           "no file matches this pattern",
		filepath.Join(dir, "comparison*"):     "it has no report of a run",
		filepath.Join(dir, "other.json"):      "it is no report of rdiostress",
		filepath.Join(dir, "search.json"):     "it is of a search for a capacity",
		filepath.Join(dir, "notes.txt"):       "not a report",
		filepath.Join(dir, "[a"):              "syntax error in pattern",
		t.TempDir():                           "the folder has no JSON file",
		filepath.Join(dir, "comparison.json"): "it is a comparison",
	} {
		if _, err := Load(name); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
}

const schemaFile = "../../docs/compare.schema.json"

func TestSchema(t *testing.T) {
	schema, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	usual, worse := []float64{1, 1.01, 0.99, 1.02, 0.98}, []float64{1.2, 1.21, 1.19, 1.22, 1.18}
	gates := []Gate{gateOf(t, FailOn, "p95_response_time_s +10%"), gateOf(t, Prove, "stored_per_s -10%")}
	limited := side("limited", 1, 1, 1)
	limited.Reports[0].Generator.Limited, limited.Reports[1].Scenario.RatePerS = true, 3
	for name, doc := range map[string]Document{
		"worse": mustCompare(t, side("a", usual...), side("b", worse...), Options{Gates: gates}),
		"few":   mustCompare(t, side("a", 1), side("b", 1.1), Options{Gates: gates}),
		"pairs": mustCompare(t, side("a", usual...), side("b", worse...), Options{Design: Paired}),
		"force": mustCompare(t, side("a", usual...), limited, Options{Force: true}),
	} {
		var text bytes.Buffer
		if err := WriteJSON(&text, doc); err != nil {
			t.Fatal(err)
		}
		parsed, err := jsonschema.UnmarshalJSON(&text)
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(parsed); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		parsed.(map[string]any)["extra"] = 1
		if schema.Validate(parsed) == nil {
			t.Errorf("%s: the schema takes an unknown field", name)
		}
	}
}

// The schema describes every field of a comparison, and no other.
func TestSchemaDescribesEveryField(t *testing.T) {
	data, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := json.Unmarshal(data, &doc); err != nil {
		t.Fatal(err)
	}
	described, produced := map[string]bool{}, map[string]bool{}
	describe(t, doc, "", described)
	produce(reflect.TypeFor[Document](), "", produced)
	if diff := cmp.Diff(slices.Sorted(maps.Keys(produced)), slices.Sorted(maps.Keys(described))); diff != "" {
		t.Errorf("fields (-of Document +of the schema):\n%s", diff)
	}
}

func describe(t *testing.T, node map[string]any, path string, into map[string]bool) {
	if node["description"] == nil {
		t.Errorf("%s has no description", path)
	}
	if items, ok := node["items"].(map[string]any); ok {
		describe(t, items, path+"[]", into)
	}
	properties, ok := node["properties"].(map[string]any)
	if ok && node["additionalProperties"] != false {
		t.Errorf("%s takes additional properties", path)
	}
	for name, property := range properties {
		into[path+"/"+name] = true
		describe(t, property.(map[string]any), path+"/"+name, into)
	}
}

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
			into[path+"/"+name] = true
			produce(f.Type, path+"/"+name, into)
		}
	}
}

func TestWords(t *testing.T) {
	usual, worse := []float64{1, 1.01, 0.99, 1.02, 0.98}, []float64{1.2, 1.21, 1.19, 1.22, 1.18}
	changed := side("b", worse...)
	for _, r := range changed.Reports {
		r.Target.Server = "rdio-scanner 8"
	}
	doc := mustCompare(t, side("a", usual...), changed, Options{})
	if got, want := doc.Heading(), "rdio-scanner 7, 5 runs → rdio-scanner 8, 5 runs"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := doc.Rows()[1], []string{
		"p95 *", "138 ms", "165 ms", "+20.0 %", "+17.5 % to +22.6 %", Worse, "±3.00 %",
	}; !cmp.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if got := doc.BriefRows()[1]; got[3] != "+20" {
		t.Errorf("%q", got)
	}
	if doc.Badge() != "WORSE" || doc.Decided() {
		t.Errorf("%s", doc.Badge())
	}
	if got := doc.SeenText(); !strings.Contains(got, "a change of p95 by ") {
		t.Errorf("%q", got)
	}
	for v, want := range map[float64]string{0: "+0.00 %", -0.0123: "-1.23 %", 1.5: "+150 %", 97: "×98.0"} {
		if got := ChangeText(v); got != want {
			t.Errorf("%g is %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{
		0: "+0", -0.0123: "-1.2", 1.56: "+160", 97: "×98", 0.000001: "+0", -0.000001: "+0",
	} {
		if got := brief(v); got != want {
			t.Errorf("%g is %q in brief, want %q", v, got, want)
		}
	}
}

// Losing calls is worse than any figure.
func TestLostCalls(t *testing.T) {
	gate, err := ParseGate(FailOn, "p95_response_time_s +10%")
	if err != nil {
		t.Fatal(err)
	}
	lose := func(l Loaded) { l.Reports[1].Verdict.ExitCode = exitcode.DataLoss }
	for name, tt := range map[string]struct {
		base, changed bool
		code          int
		badge         string
	}{
		"new":  {false, true, exitcode.DataLoss, "WORSE"},
		"base": {true, false, exitcode.OK, "PASS"},
		"both": {true, true, exitcode.OK, "PASS"},
	} {
		base, changed := side("base", 1, 1.01, 0.99, 1), side("new", 1, 1.01, 0.99, 1)
		if tt.base {
			lose(base)
		}
		if tt.changed {
			lose(changed)
		}
		doc := mustCompare(t, base, changed, Options{Gates: []Gate{gate}})
		if doc.Verdict.ExitCode != tt.code || doc.Badge() != tt.badge || len(doc.Notes) == 0 {
			t.Errorf("%s: %+v, %s, %q", name, doc.Verdict, doc.Badge(), doc.Notes)
		}
	}
}
