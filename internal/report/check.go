package report

import (
	"fmt"
	"slices"
	"strconv"

	"rdiostress/internal/exitcode"
	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
)

// maxCount bounds every count: the largest up to which JSON readers keep whole numbers exact, and small enough that the
// comparisons of Score cannot overflow.
const maxCount = 1 << 53

// check returns an error if figures of a report contradict each other.
func check(rep *Report) error {
	for _, err := range []error{
		checkTotals("totals", rep.Totals),
		checkErrors(rep),
		checkDistribution("latency", &rep.Latency, rep.Totals.Accepted),
		checkDistribution("service_time", &rep.ServiceTime, rep.Totals.Accepted),
		checkSteps(&rep.Steps, rep.Totals.Accepted),
		checkSeries(rep.Series),
		checkHistograms(rep),
		checkPhases(rep),
		checkGuide(rep.Guide),
		checkDelivery(rep.Delivery),
		checkTranscription(rep.Transcription),
		checkMischief(rep.Mischief),
		checkRetries(rep.Retries),
		checkPriming(rep.Priming),
		checkGenerator(rep),
		checkVerdict(rep.Verdict),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

func checkTotals(where string, t measure.Totals) error {
	for _, n := range []uint64{t.Attempted, t.Accepted, t.Failed, t.Unsent} {
		if n > maxCount {
			return fmt.Errorf("%s: a count of %d is not possible", where, n)
		}
	}
	if t.Accepted+t.Failed != t.Attempted {
		return fmt.Errorf("%s: %d accepted and %d failed do not add up to %d attempted", where, t.Accepted, t.Failed,
			t.Attempted)
	}
	return nil
}

// checkErrors checks that every failed upload counts in exactly one place.
func checkErrors(rep *Report) error {
	counts := []uint64{rep.Errors.Timeout, rep.Errors.Connection, rep.Errors.Rejected}
	for status, n := range rep.Errors.HTTP {
		// Any number: a report of a server that answers 999 is not damaged.
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

// addUp checks that counts add up to the failed uploads.
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
	if d.Count > accepted || d.LeftOut != accepted-d.Count {
		text := fmt.Sprintf("%s: counts %d samples", where, d.Count)
		if d.LeftOut > 0 {
			text += fmt.Sprintf(" and leaves %d out", d.LeftOut)
		}
		return fmt.Errorf("%s, but %d uploads were accepted", text, accepted)
	}
	return checkFigures(where, d)
}

// checkSteps checks that no step took place in more uploads than were accepted.
func checkSteps(s *measure.Steps, accepted uint64) error {
	for _, step := range UploadSteps(s) {
		where := "steps: " + step.id
		if step.Count > accepted {
			return fmt.Errorf("%s: counts %d samples, but %d uploads were accepted", where, step.Count, accepted)
		}
		if err := checkFigures(where, step.Distribution); err != nil {
			return err
		}
	}
	return nil
}

// checkFigures checks that the figures of a distribution agree with each other.
func checkFigures(where string, d *measure.Distribution) error {
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
	if !slices.IsSorted([]float64{0, f.P50S, f.P90S, f.P95S, f.P99S, f.P999S, f.MaxS}) || f.MeanS < 0 ||
		f.MeanS > f.MaxS {
		return fmt.Errorf("%s: the percentiles, mean and maximum contradict each other", where)
	}
	return nil
}

func checkSeries(series []measure.Point) error {
	for i, p := range series {
		if p.LeftOut > p.Accepted || p.Accepted > p.Attempted || p.Attempted > maxCount ||
			p.Failed != p.Attempted-p.Accepted {
			return fmt.Errorf("series: point %d: %d accepted and %d failed do not add up to %d attempted",
				i, p.Accepted, p.Failed, p.Attempted)
		}
	}
	return nil
}

// sums are counts of uploads that add up.
type sums struct{ attempted, accepted, failed uint64 }

// add adds counts that are at most maxCount each, and returns false if the sum exceeds that.
func (s *sums) add(attempted, accepted, failed uint64) bool {
	s.attempted += attempted
	s.accepted += accepted
	s.failed += failed
	return s.attempted <= maxCount
}

// checkPhases checks that the phases agree with themselves, that the scored ones add up to the totals, and that all of
// them add up to the series. Reports from before there were phases have none.
func checkPhases(rep *Report) error {
	if len(rep.Phases) == 0 {
		return nil
	}
	var all, scored, series sums
	for i := range rep.Phases {
		p := &rep.Phases[i]
		where := fmt.Sprintf("phases: %d", i)
		if err := checkPhase(where, p); err != nil {
			return err
		}
		t := p.Totals
		if !p.Separate && !all.add(t.Attempted, t.Accepted, t.Failed) {
			return fmt.Errorf("%s: an impossible number of uploads", where)
		}
		if p.Scored {
			scored.add(t.Attempted, t.Accepted, t.Failed)
		}
	}
	for i, p := range rep.Series {
		if !series.add(p.Attempted, p.Accepted, p.Failed) {
			return fmt.Errorf("series: point %d: an impossible number of uploads", i)
		}
	}
	if t := rep.Totals; scored != (sums{t.Attempted, t.Accepted, t.Failed}) {
		return fmt.Errorf("phases: the scored ones have %d attempted and %d accepted uploads, but the totals %d and %d",
			scored.attempted, scored.accepted, t.Attempted, t.Accepted)
	}
	if series != all {
		return fmt.Errorf("series: has %d attempted and %d accepted uploads, but the phases %d and %d",
			series.attempted, series.accepted, all.attempted, all.accepted)
	}
	return nil
}

func checkPhase(where string, p *measure.Phase) error {
	if err := checkTotals(where, p.Totals); err != nil {
		return err
	}
	if err := checkDistribution(where+": latency", &p.Latency, p.Totals.Accepted); err != nil {
		return err
	}
	return checkDistribution(where+": service_time", &p.ServiceTime, p.Totals.Accepted)
}

// checkGuide checks that the batches agree with themselves, and that the breaking point is one of them.
func checkGuide(g *measure.Guide) error {
	if g == nil {
		return nil
	}
	for i, b := range g.Batches {
		if b.Accepted > b.Attempted || b.Attempted > maxCount {
			return fmt.Errorf("guide: batch %d: %d accepted of %d attempted uploads", i, b.Accepted, b.Attempted)
		}
	}
	if g.BreakingPoint != nil && BreakingBatch(g) == nil {
		return fmt.Errorf("guide: the breaking point %d is no batch", *g.BreakingPoint)
	}
	return nil
}

func checkGenerator(rep *Report) error {
	if s := rep.Generator.Stops; s != nil && (s.Accepted != rep.Latency.LeftOut || s.Failed > rep.Totals.Failed) {
		return fmt.Errorf("generator: stops: %d accepted and %d failed uploads, but %d are left out and %d failed",
			s.Accepted, s.Failed, rep.Latency.LeftOut, rep.Totals.Failed)
	}
	if n := rep.Generator.SlotWaits; n > rep.Totals.Attempted {
		return fmt.Errorf("generator: %d uploads waited for a slot, but only %d were attempted", n,
			rep.Totals.Attempted)
	}
	return nil
}

func checkVerdict(v judge.Verdict) error {
	switch v.Grade {
	case judge.Pass, judge.Monitor, judge.Fail:
	default:
		return fmt.Errorf("verdict: %.20q is no grade", string(v.Grade))
	}
	if v.OK != (v.ExitCode == exitcode.OK) {
		return fmt.Errorf("verdict: ok is %t, but the exit code is %d", v.OK, v.ExitCode)
	}
	return checkStorage(v.Storage)
}

// checkStorage checks that a word is one of those for storage. Reports from before there were any have none.
func checkStorage(s judge.Storage) error {
	switch s {
	case "", judge.StorageVerified, judge.StoragePending, judge.StorageLost, judge.StorageUnknown:
		return nil
	default:
		return fmt.Errorf("verdict: %.20q says nothing of storage", string(s))
	}
}
