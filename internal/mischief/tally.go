package mischief

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// tally counts the outcomes of all requests. It is safe for concurrent use.
type tally struct {
	mu       sync.Mutex
	kinds    []measure.MischiefKind // by kind, in the order of the mix
	findings []measure.MischiefFinding
	ended    time.Duration // when the last request ended
}

func newTally(mix Mix) *tally {
	t := &tally{}
	for _, s := range mix {
		t.kinds = append(t.kinds, measure.MischiefKind{Kind: s.Kind, Percent: s.Percent, Answers: map[string]uint64{}})
	}
	return t
}

// addSkipped counts a request that was due but not sent.
func (t *tally) addSkipped(index int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.kinds[index].Skipped++
}

// add counts a request that began at a time, and its outcome, which is a finding if no sound server does it.
func (t *tally) add(index int, k *kind, at time.Duration, name string, o outcome) {
	t.mu.Lock()
	t.ended = max(t.ended, at+o.took)
	c := &t.kinds[index]
	c.Sent++
	c.Answers[o.answer()]++
	unsound := k.judge(o.end, c)
	if c.Sample == "" && o.end != cutShort {
		c.Sample = o.describe()
	}
	t.mu.Unlock()
	if unsound {
		t.addFinding(k.name, o.end.problem(), k.title(o.end, fmt.Sprint(o.status)), at, name+": "+o.describe())
	}
}

// addFinding records a finding, or its repetition.
func (t *tally) addFinding(kind, problem, title string, at time.Duration, evidence string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i := range t.findings {
		f := &t.findings[i]
		if f.Kind == kind && f.Problem == problem {
			f.Count++
			f.FirstS, f.LastS = min(f.FirstS, at.Seconds()), max(f.LastS, at.Seconds())
			return
		}
	}
	t.findings = append(t.findings, measure.MischiefFinding{
		Kind: kind, Problem: problem, Title: title, Count: 1, FirstS: at.Seconds(), LastS: at.Seconds(),
		Evidence: evidence,
	})
}

const (
	// Good calls are slower with mischief if their mean, or the median second's, is this multiple of that without it,
	// and longer by this much, and longer than the slowest second without it by more than that.
	slowerTimes = 1.5
	slowerBy    = 0.010 // seconds
	// fewer is how much the success rate of good calls must fall for mischief to be the cause.
	fewer = 0.02
	// Good calls are held up if this many seconds have no answer at all, and their share is this much larger than
	// without mischief.
	leastSilent = 3
	moreSilent  = 0.2
)

// result returns the result in its saved form.
func (t *tally) result(compare func(ended time.Duration) measure.GoodCalls) *measure.Mischief {
	t.mu.Lock()
	defer t.mu.Unlock()
	good := compare(t.ended)
	m := &measure.Mischief{Kinds: t.kinds, Findings: t.findings, GoodCalls: good}
	for _, k := range t.kinds {
		m.Sent += k.Sent
		m.Unsound += k.Unsound
		m.Unfinished += k.Unfinished
		m.Skipped += k.Skipped
	}
	if f, slowed := slowedDown(good); slowed {
		m.Findings = append(m.Findings, f)
	}
	slices.SortStableFunc(m.Findings, func(a, b measure.MischiefFinding) int { return cmp.Compare(b.Count, a.Count) })
	return m
}

// slowedDown returns the finding that good calls fared worse with mischief than without it.
func slowedDown(g measure.GoodCalls) (f measure.MischiefFinding, slowed bool) {
	if g.With == nil || g.Without == nil {
		return f, false
	}
	before, with := g.Without, g.With
	higher := func(with, without float64) bool {
		return with > slowerTimes*without && with > without+slowerBy && with > before.HighestS
	}
	slower := higher(with.MeanS, before.MeanS) || higher(with.MedianS, before.MedianS)
	silent := with.Silent >= leastSilent && silence(with) > silence(before)+moreSilent
	less := with.SuccessRate != nil && before.SuccessRate != nil && *with.SuccessRate < *before.SuccessRate-fewer
	if !slower && !less && !silent {
		return f, false
	}
	return measure.MischiefFinding{
		Kind: all, Problem: "slowed_good_calls", Title: "good calls fared worse while mischief was on", Count: 1,
		Evidence: fmt.Sprintf(
			"seconds without an answer: %d of %d with it and %d of %d without; mean response time %s and %s; "+
				"success rate %s and %s",
			with.Silent,
			with.Silent+with.Seconds,
			before.Silent,
			before.Silent+before.Seconds,
			units.Seconds(
				with.MeanS,
			),
			units.Seconds(before.MeanS),
			percent(with.SuccessRate),
			percent(before.SuccessRate),
		),
	}, true
}

// silence is the share of seconds in which good calls were in flight and none ended.
func silence(g *measure.GoodSeconds) float64 {
	return float64(g.Silent) / float64(max(g.Silent+g.Seconds, 1))
}

// percent writes the share of good calls that succeeded, which is 0 if none ended.
func percent(share *float64) string {
	if share == nil {
		return units.Percent(0)
	}
	return units.Percent(*share)
}
