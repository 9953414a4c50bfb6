package observe

import (
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/measure"
)

func TestParseKPI(t *testing.T) {
	for text, want := range map[string]Mapping{
		"disk_usage=storage_used_mb*1048576": {Signal: measure.StoredBytes, Metric: "storage_used_mb", Factor: 1 << 20},
		" stored_calls = calls.total ":       {Signal: measure.StoredCalls, Metric: "calls.total", Factor: 1},
		"cpu_s_per_s=rate(cpu_total)":        {Signal: measure.CPU, Metric: "cpu_total", Rate: true, Factor: 1},
		`upload_queue_calls=queue_depth{queue="ingest", node="a"}`: {
			Signal: measure.UploadQueue, Metric: "queue_depth", Labels: map[string]string{
				"queue": "ingest",
				"node":  "a",
			}, Factor: 1,
		},
		"db_connection_pool_usage=pool_percent*0.01": {Signal: measure.PoolUsage, Metric: "pool_percent", Factor: 0.01},
	} {
		got, err := ParseMapping(text)
		want.named = true
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(Mapping{})); err != nil || diff != "" {
			t.Errorf("%s: %v\n%s", text, err, diff)
		}
		if again, err := ParseMapping(got.String()); err != nil || !cmp.Equal(got, again,
			cmp.AllowUnexported(Mapping{})) {
			t.Errorf("%s: written as %s, which is %+v, %v", text, got, again, err)
		}
	}
	for _, text := range []string{
		"", "disk_usage", "=x", "latency=x", "disk_usage=x*0", "disk_usage=x*y", "disk_usage=rate(x", "disk_usage=x)",
		`disk_usage=x{a=b}`, "disk_usage=x*-1",
	} {
		if k, err := ParseMapping(text); err == nil {
			t.Errorf("%q is taken: %+v", text, k)
		}
	}
}

const page = `# HELP disk_usage Bytes of stored audio.
# TYPE disk_usage gauge
disk_usage 1.5e6
requests_total{code="200",path="/api/call-upload"} 17 1395066363000
requests_total{code="503",path="a \"quoted\" } brace, \\ and\nline"} 3
requests_total{code="200", path="/"} 5
latency_bucket{le="+Inf"} 25
broken{ 3
broken
infinite +Inf
`

func TestParsePrometheus(t *testing.T) {
	got := parsePrometheus([]byte(page))
	for _, c := range []struct {
		metric string
		labels map[string]string
		sum    float64
		ok     bool
	}{
		{"disk_usage", nil, 1.5e6, true},
		{"requests_total", nil, 25, true},
		{"requests_total", map[string]string{"code": "200"}, 22, true},
		{"requests_total", map[string]string{"code": "200", "path": "/"}, 5, true},
		{"requests_total", map[string]string{"path": "a \"quoted\" } brace, \\ and\nline"}, 3, true},
		{"requests_total", map[string]string{"code": "404"}, 0, false},
		{"latency_bucket", map[string]string{"le": "+Inf"}, 25, true},
		{"broken", nil, 0, false},
		{"none", nil, 0, false},
	} {
		if sum, ok := findMetric(got, Mapping{Metric: c.metric, Labels: c.labels}); sum != c.sum || ok != c.ok {
			t.Errorf("%s%v: %g, %v; want %g, %v", c.metric, c.labels, sum, ok, c.sum, c.ok)
		}
	}
}

func TestParseJSON(t *testing.T) {
	got, err := parseJSON(
		[]byte(
			`{"total_calls": 12, "storage": {"used_mb": 3.5, "full": true}, "name": "x", "list": [1], "none": null}`,
		),
	)
	if err != nil {
		t.Fatal(err)
	}
	values := make(map[string]float64)
	for name, s := range got {
		values[name] = s[0].value
	}
	if want := map[string]float64{"total_calls": 12, "storage.used_mb": 3.5, "storage.full": 1}; !maps.Equal(
		values,
		want,
	) {
		t.Errorf("%v", values)
	}
	for _, text := range []string{"", "[1]", "<html>", `{"a":`} {
		if _, err := parseJSON([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func FuzzParseMetrics(f *testing.F) {
	f.Add([]byte(page), "requests_total")
	f.Add([]byte(`{"total_calls": 12, "storage": {"used_mb": 3.5}}`), "storage.used_mb")
	f.Add([]byte(`a{b="\`), "a")
	f.Fuzz(func(_ *testing.T, text []byte, name string) {
		k := Mapping{Metric: name, Labels: map[string]string{"code": "200"}}
		findMetric(parsePrometheus(text), k)
		if page, err := parseJSON(text); err == nil {
			findMetric(page, k)
		}
	})
}

func FuzzParseKPI(f *testing.F) {
	f.Add(`upload_queue_calls=rate(queue_depth{queue="ingest"})*2`)
	f.Add("disk_usage=a*1e9")
	f.Fuzz(func(t *testing.T, text string) {
		k, err := ParseMapping(text)
		if err != nil {
			return
		}
		if again, err := ParseMapping(k.String()); err != nil || !cmp.Equal(k, again, cmp.AllowUnexported(Mapping{})) {
			t.Errorf("%q is %+v, written as %q, which is %+v, %v", text, k, k.String(), again, err)
		}
	})
}
