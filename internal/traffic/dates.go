package traffic

import (
	"fmt"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/radio"
	"rdiostress/internal/scenario"
)

// DescribeDates says in a sentence how the calls of a run will be dated, as far as can be known before.
func (t *Traffic) DescribeDates(s *scenario.Scenario) string {
	if t.replay != nil {
		return t.replay.words()
	}
	calls, known := s.Calls()
	if !known {
		return "calls are dated a minute back" +
			t.elsewhere() + ", and by hours where a talkgroup has more than one call " + t.pace()
	}
	return t.words(t.calendar.Expect(float64(calls)*t.network.Share(), float64(calls)), "up to about")
}

// words says how calls that take so much are dated; upTo is how sure that is.
func (t *Traffic) words(u radio.Usage, upTo string) string {
	if u.Back == 0 {
		return "calls are dated a minute back" + t.elsewhere()
	}
	text := fmt.Sprintf("calls are dated a minute back%s; of talkgroups that have more than one call %s, the rest %s "+
		"%s back",
		t.elsewhere(), t.pace(), upTo, ageWords(u.Age))
	if u.Gaps {
		text += ", where calls of runs in the last days may be"
	}
	return text
}

func (t *Traffic) pace() string {
	if step := t.calendar.Step(); step != time.Second {
		return fmt.Sprintf("in %v", step)
	}
	return "a second"
}

// elsewhere says so where a generator is one of several and dates its calls further back.
func (t *Traffic) elsewhere() string {
	if age := t.calendar.Expect(0, 0).Age; age > radio.Age {
		return ", and another " + ageWords(age-radio.Age) + " as this is one of several generators"
	}
	return ""
}

// ageWords is a length of time as people say it.
func ageWords(d time.Duration) string {
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

// words says how recorded calls are dated.
func (r *replayer) words() string {
	t := &r.dates.tiling
	words := "recorded calls keep their distances in time"
	if t.last > 0 {
		words = fmt.Sprintf("recorded calls keep their distances in time within each %s, of which %d are dated %s "+
			"apart",
			ageWords(t.length), t.last+1, ageWords(t.pitch))
	}
	return fmt.Sprintf("%s; the first is dated %s back, the last a minute; recordings of one call, within %v, are not "+
		"scored",
		words, ageWords(r.began.Sub(t.first)), scenario.DefaultWindow)
}

// Record puts what the calls turned out to be into a result.
func (t *Traffic) Record(res *measure.Result, rec *measure.Recorder) {
	out := &measure.Traffic{Moved: t.moved.Load()}
	res.Traffic = out
	if t.replay != nil {
		t.replay.mu.Lock()
		defer t.replay.mu.Unlock()
		report := t.replay.report
		out.Replay, out.Dates, out.OldestS = &report, t.replay.words(), t.replay.began.Sub(t.replay.dates.first).Seconds()
	} else {
		u := t.calendar.Usage()
		out.Dates, out.OldestS, out.DatedBack = t.words(u, "up to"), u.Age.Seconds(), u.Back
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
