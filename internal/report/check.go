package report

import (
	"fmt"
	"slices"
	"strconv"

	"rdiostress/internal/measure"
)

// maxCount bounds every count: the largest up to which JSON readers keep whole numbers exact, and small enough that the
// comparisons of Score cannot overflow.
const maxCount = 1 << 53

// check finds figures of a report that contradict each other.
func check(rep *Report) error {
	for _, err := range []error{
		checkTotals(rep.Totals),
		checkErrors(rep),
		checkDistribution("latency", &rep.Latency, rep.Totals.Accepted),
		checkDistribution("service_time", &rep.ServiceTime, rep.Totals.Accepted),
		checkSeries(rep.Series),
		checkVerdict(rep.Verdict),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkTotals(t measure.Totals) error {
	for _, n := range []uint64{t.Attempted, t.Accepted, t.Failed, t.Unsent} {
		if n > maxCount {
			return fmt.Errorf("totals: a count of %d is not possible", n)
		}
	}
	if t.Accepted+t.Failed != t.Attempted {
		return fmt.Errorf("totals: %d accepted and %d failed do not add up to %d attempted", t.Accepted, t.Failed, t.Attempted)
	}
	return nil
}

// checkErrors makes sure that every failed upload counts in exactly one place.
func checkErrors(rep *Report) error {
	counts := []uint64{rep.Errors.Timeout, rep.Errors.Connection, rep.Errors.Rejected}
	for status, n := range rep.Errors.HTTP {
		// Any number: a server that answers 999 is no reason to refuse the report that says so.
		if _, err := strconv.ParseUint(status, 10, 16); err != nil {
			return fmt.Errorf("errors: http: %.20q is no HTTP status", status)
		}
		counts = append(counts, n)
	}
	if err := addUp("errors", counts, rep.Totals.Failed); err != nil {
		return err
	}
	counts = counts[:0]
	for _, d := range rep.ErrorDetails {
		counts = append(counts, d.Count)
	}
	return addUp("error_details", counts, rep.Totals.Failed)
}

// addUp makes sure that counts are those of all the failed uploads.
func addUp(where string, counts []uint64, failed uint64) error {
	var sum uint64
	for _, n := range counts {
		if n > failed { // also keeps the sum from overflowing
			return fmt.Errorf("%s: a count of %d, but only %d uploads failed", where, n, failed)
		}
		if sum += n; sum > failed {
			break
		}
	}
	if sum != failed {
		return fmt.Errorf("%s: the counts do not add up to the %d failed uploads", where, failed)
	}
	return nil
}

func checkDistribution(where string, d *measure.Distribution, accepted uint64) error {
	if d.Count != accepted {
		return fmt.Errorf("%s: counts %d samples, but %d uploads were accepted", where, d.Count, accepted)
	}
	if d.Clamped > d.Count {
		return fmt.Errorf("%s: %d of %d samples clamped", where, d.Clamped, d.Count)
	}
	if d.Count == 0 {
		if d.Figures != nil {
			return fmt.Errorf("%s: figures without a sample", where)
		}
		return nil
	}
	if _, err := d.Decode(); err != nil {
		return fmt.Errorf("%s: %w", where, err)
	}
	f := d.Figures
	if !slices.IsSorted([]float64{0, f.P50S, f.P90S, f.P95S, f.P99S, f.P999S, f.MaxS}) || f.MeanS < 0 || f.MeanS > f.MaxS {
		return fmt.Errorf("%s: the percentiles, mean and maximum contradict each other", where)
	}
	return nil
}

func checkSeries(series []measure.Point) error {
	for i, p := range series {
		if p.Accepted > p.Attempted || p.Attempted > maxCount || p.Failed != p.Attempted-p.Accepted {
			return fmt.Errorf("series: point %d: %d accepted and %d failed do not add up to %d attempted",
				i, p.Accepted, p.Failed, p.Attempted)
		}
	}
	return nil
}

func checkVerdict(v Verdict) error {
	switch v.Grade {
	case Pass, Monitor, Fail:
	default:
		return fmt.Errorf("verdict: %.20q is no grade", string(v.Grade))
	}
	if v.OK != (v.ExitCode == ExitOK) {
		return fmt.Errorf("verdict: ok is %t, but the exit code is %d", v.OK, v.ExitCode)
	}
	return nil
}
