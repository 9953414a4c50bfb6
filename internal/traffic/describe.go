package traffic

import (
	"fmt"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/radio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/units"
)

// DescribeDates says in a sentence how the calls of a run will be dated, as far as that is known before the run.
func (t *Traffic) DescribeDates(s *scenario.Scenario) string {
	if t.replay != nil {
		return t.replay.describe()
	}
	calls, known := s.Calls()
	if !known {
		return t.describeRecent() + ", and hours back where a talkgroup has more than one " + t.describeStep()
	}
	return t.describeUsage(t.calendar.Expect(float64(calls)*t.network.Share(), float64(calls)), "up to about")
}

// describeUsage describes the dates of calls that need some dates of past hours and days. UpTo says how certain that
// is.
func (t *Traffic) describeUsage(u radio.Usage, upTo string) string {
	text := t.describeRecent()
	if u.Back == 0 {
		return text
	}
	text += fmt.Sprintf("; what a talkgroup has beyond one %s, %s %s back", t.describeStep(), upTo, units.About(u.Age))
	if u.Gaps {
		text += ", where calls of runs in the last days may be"
	}
	return text
}

func (t *Traffic) describeStep() string {
	if step := t.calendar.Step(); step != time.Second {
		return "in " + units.Duration(step.Seconds())
	}
	return "a second"
}

// describeRecent describes the dates of calls of talkgroups that are not busy. One of several generators dates all its
// calls further back.
func (t *Traffic) describeRecent() string {
	text := "calls are dated about a minute back"
	if age := t.calendar.Expect(0, 0).Age; age > radio.Age {
		text += ", and another " + units.About(age-radio.Age) + " as this is one of several generators"
	}
	return text
}

// describe says how recorded calls are dated.
func (r *replayer) describe() string {
	t := &r.dates.tiling
	words := "recorded calls keep their distances in time"
	if t.last > 0 {
		words = fmt.Sprintf("recorded calls keep their distances in time within each %s, of which %d are dated %s "+
			"apart", units.About(t.length), t.last+1, units.About(t.pitch))
	}
	return fmt.Sprintf("%s; the first is dated %s back, the last a minute; recordings of one call, within %s, are "+
		"not scored",
		words, units.About(r.began.Sub(t.date(0))), units.Duration(scenario.DefaultWindow.Seconds()))
}

// Record describes the calls of the run in a result.
func (t *Traffic) Record(res *measure.Result, rec *measure.Recorder) {
	out := &measure.Traffic{Moved: t.moved.Load()}
	res.Traffic = out
	if t.replay != nil {
		out.Replay, out.Dates = t.replay.report(), t.replay.describe()
		out.OldestS = t.replay.began.Sub(t.replay.dates.date(0)).Seconds()
	} else {
		u := t.calendar.Usage()
		out.Dates, out.OldestS, out.DatedBack = t.describeUsage(u, "up to"), u.Age.Seconds(), u.Back
	}
	for i, p := range res.Phases {
		if p.Separate {
			d := &measure.Duplicates{
				Sent: p.Totals.Attempted, Accepted: p.Totals.Accepted,
				Rejected: rec.Count(i, measure.Duplicate),
			}
			d.Failed = d.Sent - d.Accepted - d.Rejected
			if d.Sent > 0 || t.replay == nil {
				out.Duplicates = d
			}
		}
	}
}
