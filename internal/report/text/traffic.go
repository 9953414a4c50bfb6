package text

import (
	"fmt"
	"slices"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// callsText says which calls were sent.
func callsText(s measure.Scenario) string {
	if r := s.Replay; r != nil {
		words := fmt.Sprintf("recordings in %s", r.Folder)
		if r.Speed != 1 {
			words += ", " + units.Given(r.Speed) + " times as fast"
		}
		if r.Loop {
			words += ", again and again"
		}
		return words + ", " + numbersText("system", s.Systems)
	}
	words := fmt.Sprintf("%s, %s, seed %d", numbersText("system", s.Systems), numbersText("talkgroup", s.Talkgroups),
		s.Seed)
	if s.Preset != "" {
		words = "as in a " + s.Preset + " network: " + words
	}
	if s.Generator != "" {
		words += ", generator " + s.Generator
	}
	return words
}

// numbersText names things by their numbers, such as "system 900" and "systems 1-4,7".
func numbersText(thing, numbers string) string {
	if strings.ContainsAny(numbers, "-,") {
		thing += "s"
	}
	return thing + " " + numbers
}

// dayText says how the load followed the curve of a day.
func dayText(s measure.Scenario) string {
	switch {
	case s.DayCurve == "":
		return ""
	case s.TimeScale == 1:
		return "curve from " + s.DayCurve + " on, in real time; the rate is the busiest hour's"
	default:
		return fmt.Sprintf("curve from %s on, %s times as fast; the rate is the busiest hour's", s.DayCurve,
			units.Given(s.TimeScale))
	}
}

// datesText says how calls were dated.
func datesText(t *measure.Traffic) string {
	if t == nil {
		return ""
	}
	return strings.TrimPrefix(strings.TrimPrefix(t.Dates, "calls are dated "), "recorded calls ")
}

// traffic shows calls that were moved, duplicates sent on purpose, and recordings.
func (p *page) traffic(t *measure.Traffic) {
	if t == nil {
		return
	}
	if t.Moved > 0 {
		p.note(fmt.Sprintf("%s went to less popular talkgroups, as theirs had no time left in which they would be no "+
			"duplicates.",
			units.Plural(t.Moved, "call")), p.ink.dim)
	}
	if d := t.Duplicates; d != nil {
		p.section("Duplicates sent on purpose")
		p.grid([]string{"sent", "answered as accepted", "as duplicates", "otherwise"},
			[][]string{{
				units.Count(d.Sent), units.Count(d.Accepted), units.Count(d.Rejected),
				p.ink.redIf(d.Failed > 0, units.Count(d.Failed)),
			}}, "rrrr")
		p.note("A server may take or drop them: they are in no other figure.", p.ink.dim)
	}
	if r := t.Replay; r != nil {
		p.recordings(r)
	}
}

// recordings shows what became of a replay's files, and names those that were not sent.
func (p *page) recordings(r *measure.Replay) {
	var programs []string
	for name, n := range r.Programs {
		programs = append(programs, fmt.Sprintf("%s by %s", units.Count(uint64(max(n, 0))), sanitize(name)))
	}
	slices.Sort(programs)
	p.section("Recordings")
	p.grid([]string{"files", "encrypted", "unreadable", "over"},
		[][]string{{
			units.Count(r.Files), units.Count(r.Encrypted),
			p.ink.redIf(r.Unreadable > 0, units.Count(r.Unreadable)), units.Duration(r.SpanS),
		}}, "rrrr")
	p.note(strings.Join(programs, ", ")+
		". Of those encrypted or unreadable, the ones whose turn came are counted; none was sent.", p.ink.dim)
	var reasons []string
	var more uint64 // that are not named
	for _, reason := range r.Reasons {
		more += reason.Count
		reasons = append(reasons, units.Count(reason.Count)+" "+sanitize(reason.What))
	}
	if len(reasons) > 0 {
		p.note("Not sent: "+strings.Join(reasons, ", ")+".", p.ink.dim)
	}
	for _, f := range r.Skipped {
		p.note(p.truncate(sanitize(f.Path), p.width/2)+": "+sanitize(f.Reason), p.ink.dim)
	}
	if named := uint64(len(r.Skipped)); 0 < named && named < more {
		p.note(fmt.Sprintf("And %s more.", units.Count(more-named)), p.ink.dim)
	}
}
