package text

import (
	"io"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"rdiostress/internal/report"
	"rdiostress/internal/report/reporttest"
)

// thorough is a search of many steps.
func thorough() report.Capacity {
	rep := reporttest.Searched()
	for i := range 20 {
		s := rep.Steps[0]
		s.RatePerS = float64(i+1) * 3
		rep.Steps = append(rep.Steps, s)
	}
	return rep
}

// troubled is a search of many steps, of which there is much to be said.
func troubled() report.Capacity {
	rep := thorough()
	rep.Warnings = append(rep.Warnings, "the generator itself was stopped 141 times during steps, for 11.1 s in all: "+
		"the times of 18,302 accepted uploads that were due, sent or answered then are left out",
		"the server's clock differs from this machine's by 12.3 s: what was stored in which second is not known")
	rep.Result.Reason = "it was interrupted while a rate was held that might have been the highest one of all"
	return rep
}

func searchSummary(t *testing.T, rep report.Capacity, opts Options) string {
	t.Helper()
	opts.Names, opts.More = reporttest.Flags, seeMore
	return reporttest.Text(t, func(w io.Writer) error { return WriteCapacitySummary(w, rep, opts) })
}

func TestCapacitySummaryGolden(t *testing.T) {
	type search struct {
		name string
		rep  report.Capacity
		opts Options
	}
	all := []search{
		{"capacity", reporttest.Searched(), Options{Width: 80}},
		{"capacity-wide", reporttest.Searched(), Options{Width: 120}},
		{"capacity-color", reporttest.Searched(), Options{Width: 80, Color: true}},
		{"capacity-wide-color", reporttest.Searched(), Options{Width: 120, Color: true}},
		{"capacity-ascii", reporttest.Searched(), Options{Width: 80, ASCII: true}},
		{"capacity-thorough", thorough(), Options{Width: 80}},
		{"capacity-troubled", troubled(), Options{Width: 80}},
	}
	for name, rep := range reporttest.Unfound() {
		all = append(all, search{name, rep, Options{Width: 80}})
	}
	for _, tc := range all {
		t.Run(tc.name, func(t *testing.T) {
			got := searchSummary(t, tc.rep, tc.opts)
			reporttest.Golden(t, filepath.Join("testdata", "summary", tc.name+".golden"), *update, got)
			checkHarmless(t, got, tc.opts)
			if n := strings.Count(got, "\n"); n > screen {
				t.Errorf("%d lines, over %d:\n%s", n, screen, got)
			}
		})
	}
}

// Of many steps, those near the result are shown; without a result, the last ones.
func TestNearest(t *testing.T) {
	rep := thorough()
	shown := nearest(rep.Steps, &rep.Result, mostRates)
	if len(shown) != mostRates || shown[0].RatePerS != 184 {
		t.Errorf("%d steps, first of %g/s", len(shown), shown[0].RatePerS)
	}
	for _, s := range shown {
		if s.RatePerS < 39 {
			t.Errorf("%g/s is shown", s.RatePerS)
		}
	}
	if shown := nearest(rep.Steps, &report.CapacityResult{}, mostRates); shown[mostRates-1].RatePerS != 60 {
		t.Errorf("the last is of %g/s", shown[mostRates-1].RatePerS)
	}
}

func TestCapacitySummaryHostile(t *testing.T) {
	rep := thorough()
	rep.Tool.Version, rep.Run.ID, rep.Target.URL, rep.Scenario.Client = evil, evil, evil, evil
	rep.Warnings, rep.Watch.Process = []string{evil, strings.Repeat("x", 500)}, evil
	rep.Result.BrokeWords, rep.Result.Reason, rep.Result.Verified = evil, evil, evil
	huge := math.MaxFloat64
	rep.Result.CapacityPerS, rep.Result.HighPerS = &huge, &huge
	rep.Objectives[0].Name = evil
	for i := range rep.Steps {
		s := &rep.Steps[i]
		s.OK, s.Broke, s.P95S, s.StoredPerS, s.RatePerS = false, evil, &huge, &huge, huge
	}
	for _, width := range []int{40, 60, 80, 120} {
		for _, opts := range []Options{{}, {Color: true}, {ASCII: true}, {ASCII: true, Color: true}} {
			opts.Width = width
			checkHarmless(t, searchSummary(t, rep, opts), opts)
		}
	}
}

// The table of a search has as many columns as there is room for.
func TestCapacityWidths(t *testing.T) {
	for width := minWidth; width <= maxWidth; width += 4 {
		var got strings.Builder
		if err := WriteCapacity(&got, thorough(), Options{Width: width, Names: reporttest.Flags}); err != nil {
			t.Fatal(err)
		}
		checkFits(t, got.String(), width)
	}
}
