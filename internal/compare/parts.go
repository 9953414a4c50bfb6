package compare

import (
	"fmt"
	"math"
	"slices"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// part is what one interval of a run adds to a figure: samples of a histogram, or a sum and what it is divided by.
type part struct {
	widthS      float64
	times       *measure.Histogram
	figure      func(*measure.Histogram) float64
	fewest      int // samples that the figure needs
	sum, weight float64
}

// add adds another part, which may be a first one.
func (p *part) add(o part) {
	if p.times == nil && o.times != nil {
		p.times, p.figure, p.fewest = measure.NewHistogram(), o.figure, o.fewest
	}
	if o.times != nil {
		p.times.Merge(o.times)
	}
	p.widthS, p.sum, p.weight = p.widthS+o.widthS, p.sum+o.sum, p.weight+o.weight
}

// value is the figure of the part; false where it has too little for one.
func (p *part) value() (float64, bool) {
	switch {
	case p.times != nil && p.times.Count() >= uint64(p.fewest):
		v := p.figure(p.times)
		return v, v > 0
	case p.times == nil && p.weight > 0 && p.sum > 0:
		return p.sum / p.weight, true
	}
	return 0, false
}

// responseParts cuts a run's response times into its intervals.
func responseParts(
	fewest int, figure func(*measure.Histogram) float64,
) func(r *report.Report) (parts []part, err error) {
	return func(r *report.Report) (parts []part, err error) {
		start, end := scoredSpan(r)
		for i := range r.Histograms {
			h := &r.Histograms[i]
			if middle := h.TS + h.WidthS/2; middle < start || middle > end {
				continue
			}
			response, _, err := h.Decode()
			if err != nil {
				return nil, fmt.Errorf("histograms: %d: %w", i, err)
			}
			parts = append(parts, part{widthS: h.WidthS, times: response, figure: figure, fewest: fewest})
		}
		return parts, nil
	}
}

// scoredSpan is the time from the start of the first scored phase to the end of sending.
func scoredSpan(r *report.Report) (start, end float64) {
	for _, p := range r.Phases {
		if p.Scored {
			return p.StartS, r.Run.SendingS
		}
	}
	return 0, math.Inf(1)
}

// successParts are the calls of a run that ended in each interval.
func successParts(r *report.Report) (parts []part) {
	for _, p := range judge.Scored(r.Result) {
		parts = append(parts, part{widthS: p.WidthS, sum: float64(p.Accepted), weight: float64(p.Attempted)})
	}
	return parts
}

// cpuParts are the server's processor time in each interval in which it was seen, and the calls accepted in it.
func cpuParts(r *report.Report) (parts []part) {
	for _, p := range judge.Scored(r.Result) {
		if v, ok := p.Server.Get(measure.CPU); ok {
			parts = append(parts, part{widthS: p.WidthS, sum: v * p.WidthS, weight: float64(p.Accepted)})
		}
	}
	return parts
}

// within compares few runs by the batches of their time.
func within(d *definition, base, changed []*report.Report) (*Within, error) {
	if d.slices == nil {
		return &Within{Absent: "a run has one such figure"}, nil
	}
	cut := func(runs []*report.Report) (all [][]part, err error) {
		for _, r := range runs {
			parts, err := d.slices(r)
			if err != nil {
				return nil, err
			}
			all = append(all, parts)
		}
		return all, nil
	}
	b, err := cut(base)
	if err != nil {
		return nil, err
	}
	n, err := cut(changed)
	if err != nil {
		return nil, err
	}
	return compareBatches(b, n), nil
}

// compareBatches compares the parts of runs, each a series.
func compareBatches(base, changed [][]part) *Within {
	base, changed = wholeParts(base), wholeParts(changed)
	enough := enoughParts(base, changed)
	if enough == 0 {
		return &Within{Absent: "the runs have too few calls for batches"}
	}
	var series [][]float64
	for _, run := range slices.Concat(base, changed) {
		if values := batchValues(run, enough); len(values) > 2 {
			series = append(series, values)
		}
	}
	length := enough * batchLength(1, series)
	b, n := batchesOf(base, length), batchesOf(changed, length)
	w := &Within{BaseBatches: len(b), NewBatches: len(n)}
	if len(base) > 0 && len(base[0]) > 0 {
		w.BatchS = base[0][0].widthS * float64(length)
	}
	if len(b) < minBatches || len(n) < minBatches {
		w.Absent = fmt.Sprintf("the runs are too short for %d batches a side of %s, which would be independent",
			minBatches, units.Duration(w.BatchS))
		return w
	}
	e := welch(b, n)
	change := e.interval()
	w.Change = &change
	return w
}

// wholeParts leaves out the parts that are much shorter than the others, such as that of the last replies.
func wholeParts(runs [][]part) (list [][]part) {
	for _, run := range runs {
		widest := 0.0
		for _, p := range run {
			widest = max(widest, p.widthS)
		}
		list = append(list, slices.DeleteFunc(run, func(p part) bool { return p.widthS < widest/2 }))
	}
	return list
}

// enoughParts is how many parts make a batch that has a figure, anywhere in the runs; 0 where no number does.
func enoughParts(sides ...[][]part) int {
	for n := 1; ; n *= 2 {
		all, room := true, false
		for _, side := range sides {
			for _, run := range side {
				for i := 0; i+n <= len(run); i += n {
					room = true
					if _, ok := valueOf(run[i : i+n]); !ok {
						all = false
					}
				}
			}
		}
		if !room {
			return 0
		}
		if all {
			return n
		}
	}
}

func valueOf(parts []part) (float64, bool) {
	var all part
	for _, p := range parts {
		all.add(p)
	}
	return all.value()
}

// batchValues are the logarithms of a run's batches of so many parts. What is left at its end is left out.
func batchValues(run []part, length int) (values []float64) {
	for i := 0; i+length <= len(run); i += length {
		if v, ok := valueOf(run[i : i+length]); ok {
			values = append(values, math.Log(v))
		}
	}
	return values
}

func batchesOf(runs [][]part, length int) (values []float64) {
	for _, run := range runs {
		values = append(values, batchValues(run, length)...)
	}
	return values
}
