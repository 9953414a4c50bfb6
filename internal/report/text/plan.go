package text

import (
	"fmt"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// plan shows what was asked for. Defaults have no row.
func (p *page) plan(rep *report.Report) {
	s := rep.Scenario
	p.line(p.ink.bold(sanitize(rep.Tool.Name+" "+rep.Tool.Version)) + p.ink.dim(fmt.Sprintf("  ·  run %s  ·  %s",
		sanitize(rep.Run.ID), rep.Run.StartedAt.UTC().Format("2 Jan 2006 15:04:05 UTC"))))
	p.blank()
	room := p.width - 16
	var rows [][]string
	row := func(name, words string) { rows = append(rows, p.wrappedRow(name, words, room)...) }
	row("Target", report.TargetText(&rep.Target))
	row("Load", loadText(s))
	row("Stages", strings.ReplaceAll(s.Stages, ",", ", "))
	row("Lead-in", leadInText(s))
	row("Duration", durationText(rep))
	row("Stop if", strings.Join(s.AbortOn, ", or "))
	row("Client", fmt.Sprintf("%s, waits %s for a reply", s.Client, units.Duration(s.TimeoutS)))
	row("Failed calls", retriesText(s))
	row("Mischief", strings.ReplaceAll(s.Mischief, ",", " %, ")+strings.Repeat(" %", min(len(s.Mischief), 1)))
	row("Network", networkText(s))
	row("Audio", audioSourceText(s))
	row("Day", dayText(s))
	row("Calls", callsText(s))
	row("Dates", datesText(rep.Traffic))
	row("Priming", primingText(rep.Priming))
	p.grid(nil, rows, "ll")
}

// wrappedRow returns the rows of a table that have words behind a name, in as many lines as they need; none without any
// words.
func (p *page) wrappedRow(name, words string, room int) (rows [][]string) {
	if words = sanitize(words); words == "" {
		return nil
	}
	for i, line := range p.wrap("", words, room) {
		rows = append(rows, []string{p.ink.dim(strings.Repeat(name, 1-min(i, 1))), line})
	}
	return rows
}

// loadText describes the load: its model, its rate and its limit.
func loadText(s measure.Scenario) string {
	n := uint64(max(s.MaxConcurrent, 0))
	switch {
	case s.Open():
		load := units.CallRate(s.RatePerS)
		if s.Replay != nil {
			return fmt.Sprintf("open: as recorded, at most %s in flight", units.Count(n))
		}
		if s.Stages != "" {
			load = "in stages"
		}
		if s.Arrival != "" {
			load += ", " + s.Arrival + " arrivals"
		}
		return fmt.Sprintf("open: %s, at most %s in flight", load, units.Count(n))
	case s.Model == "closed":
		load := units.Plural(n, "uploader")
		if s.Stages != "" {
			load = "in stages, up to " + load
		}
		if s.ThinkTimeS > 0 {
			return fmt.Sprintf("closed: %s, each pausing %s between calls", load, units.Duration(s.ThinkTimeS))
		}
		return fmt.Sprintf("closed: %s back to back", load)
	default:
		return s.Model
	}
}

// leadInText describes what comes before the part that is scored.
func leadInText(s measure.Scenario) string {
	var parts []string
	if s.Profile == judge.ProfileGuide {
		parts = append(parts, "the guide's batches")
	}
	if s.RampUpS > 0 {
		parts = append(parts, units.Duration(s.RampUpS)+" of ramp-up")
	}
	if s.WarmUpS > 0 {
		parts = append(parts, units.Duration(s.WarmUpS)+" of warm-up")
	}
	if len(parts) == 0 {
		return ""
	}
	return strings.Join(parts, ", ") + "; not scored"
}

// durationText says how long calls were to be sent, and how long they were.
func durationText(rep *report.Report) string {
	run, s, words := &rep.Run, &rep.Scenario, plannedText(&rep.Scenario)
	switch {
	case run.Interrupted:
		return words + ", interrupted after " + units.Duration(run.SendingS)
	case run.Aborted != "":
		return words + ", stopped early after " + units.Duration(run.SendingS)
	}
	const worthSaying = 1 // seconds
	if s.Total > 0 && s.Profile != judge.ProfileGuide && rep.Summary.PlannedS-run.SendingS >= worthSaying {
		words += ", ended after " + units.Duration(run.SendingS)
	}
	if wait := rep.Summary.ReplyWaitS; wait >= worthSaying {
		words += fmt.Sprintf(", and %s until the last reply", units.Duration(wait))
	}
	return words
}

// plannedText says how long calls were to be sent.
func plannedText(s *measure.Scenario) string {
	words := units.Duration(s.DurationS)
	if s.Total > 0 {
		words = units.Plural(s.Total, "call") + " or " + words
	}
	return words
}

// audioSourceText describes the audio of the calls; nothing for built-in speech as long as each call.
func audioSourceText(s measure.Scenario) string {
	switch {
	case s.AudioDir != "":
		return "recordings from " + s.AudioDir
	case s.AudioSize != "":
		return s.AudioSize + " bytes a call"
	default:
		return ""
	}
}

// networkText describes the use of connections; nothing for HTTP/1.1 with a kept connection for each uploader.
func networkText(s measure.Scenario) string {
	var parts []string
	if s.HTTP != "" && s.HTTP != "1.1" {
		parts = append(parts, "HTTP/"+s.HTTP)
	}
	n := uint64(max(s.Connections, 0))
	switch {
	case n == 0: // a report of an older version
	case !s.KeepAlive:
		parts = append(parts, "a new connection for each call")
		if s.Connections < s.MaxConcurrent {
			parts = append(parts, fmt.Sprintf("at most %s at once", units.Count(n)))
		}
	case s.Connections < s.MaxConcurrent:
		parts = append(parts, "at most "+units.Plural(n, "connection"))
	}
	return strings.Join(parts, ", ")
}

// retriesText says when failed calls were sent again, if they were.
func retriesText(s measure.Scenario) string {
	switch {
	case s.RealClients:
		return "clients queue, pause, repeat and give up as the real ones do"
	case s.ClientRetries == "":
		return ""
	case s.ClientRetries == "client":
		return "sent again as each client does"
	default:
		return "sent again after " + strings.ReplaceAll(s.ClientRetries, ",", ", then ")
	}
}
