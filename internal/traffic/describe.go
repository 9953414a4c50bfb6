package traffic

import (
	"fmt"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/radio"
	"rdiostress/internal/scenario"
)

// DescribeDates says in a sentence how the calls of a run will be dated, as far as that is known before the run.
func (t *Traffic) DescribeDates(s *scenario.Scenario) string {
	if t.replay != nil {
		return t.replay.describe()
	}
	calls, known := s.Calls()
	if !known {
		return "calls are dated a minute back" +
			t.describeGenerator() + ", and by hours where a talkgroup has more than one call " + t.describeStep()
	}
	return t.describeUsage(t.calendar.Expect(float64(calls)*t.network.Share(), float64(calls)), "up to about")
}

// describeUsage describes the dates of calls that need some dates of past days. UpTo says how certain that is.
func (t *Traffic) describeUsage(u radio.Usage, upTo string) string {
	if u.Back == 0 {
		return "calls are dated a minute back" + t.describeGenerator()
	}
	text := fmt.Sprintf("calls are dated a minute back%s; of talkgroups that have more than one call %s, the rest "+
		"%s %s back",
		t.describeGenerator(), t.describeStep(), upTo, formatAge(u.Age))
	if u.Gaps {
		text += ", where calls of runs in the last days may be"
	}
	return text
}

func (t *Traffic) describeStep() string {
	if step := t.calendar.Step(); step != time.Second {
		return fmt.Sprintf("in %v", step)
	}
	return "a second"
}

// describeGenerator mentions that this is one of several generators, which date their calls further back.
func (t *Traffic) describeGenerator() string {
	if age := t.calendar.Expect(0, 0).Age; age > radio.Age {
		return ", and another " + formatAge(age-radio.Age) + " as this is one of several generators"
	}
	return ""
}

// formatAge writes a length of time as people say it.
func formatAge(d time.Duration) string {
	if d >= 48*time.Hour {
		return fmt.Sprintf("%.1f days", d.Hours()/24)
	}
	if d < 10*time.Minute && d != time.Minute {
		return d.Round(time.Second).String()
	}
	d = d.Round(time.Minute)
	switch hours, minutes := d/time.Hour, d%time.Hour/time.Minute; {
	case hours == 0 && minutes == 1:
		return "a minute"
	case hours == 0:
		return fmt.Sprintf("%d min", minutes)
	default:
		return fmt.Sprintf("%d h %d min", hours, minutes)
	}
}

// describe says how recorded calls are dated.
func (r *replayer) describe() string {
	t := &r.dates.tiling
	words := "recorded calls keep their distances in time"
	if t.last > 0 {
		words = fmt.Sprintf("recorded calls keep their distances in time within each %s, of which %d are dated %s "+
			"apart",
			formatAge(t.length), t.last+1, formatAge(t.pitch))
	}
	return fmt.Sprintf("%s; the first is dated %s back, the last a minute; recordings of one call, within %v, are "+
		"not scored",
		words, formatAge(r.began.Sub(t.date(0))), scenario.DefaultWindow)
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
