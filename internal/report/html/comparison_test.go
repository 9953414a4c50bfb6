package html_test

import (
	"io"
	"strings"
	"testing"

	"rdiostress/internal/compare"
	"rdiostress/internal/report/html"
	"rdiostress/internal/report/reporttest"
)

func comparisonText(t *testing.T, doc compare.Document) string {
	t.Helper()
	return reporttest.Text(t, func(w io.Writer) error { return html.WriteComparison(w, doc) })
}

func TestPageOfAComparison(t *testing.T) {
	for name, wants := range map[string][]string{
		"worse": {
			`class="verdict bad"`, "WORSE</span> worse than tolerated: p95_response_time_s", "exit code 1",
			"failed: p95_response_time_s may rise by at most 5 %", "rdio-scanner 6, 5 runs → rdio-scanner 7, 5 runs",
			`<tr class="bad"><th scope="row"><bdi>p95 *</bdi></th>`,
			`<tr class="good"><th scope="row"><bdi>stored</bdi>`,
			"Runs of the new side", "Download the whole comparison",
		},
		"few":     {`class="verdict warn"`, "TOO FEW RUNS", "† within these runs only, by batches of 4 s or more"},
		"limited": {`class="verdict warn"`, "the load generator was the limit of new/1.json: late | &lt;b&gt;"},
	} {
		page := comparisonText(t, reporttest.Compared()[name])
		for _, want := range wants {
			if !strings.Contains(page, want) {
				t.Errorf("%s: no %s", name, want)
			}
		}
		for _, other := range []string{"\x1b", "renders it in every form", "Repeat it"} {
			if strings.Contains(page, other) {
				t.Errorf("%s has %q", name, other)
			}
		}
	}
}
