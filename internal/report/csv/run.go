package csv

import (
	"io"
	"math"
	"strconv"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
)

// WriteReport writes the series of a run, one row for each interval. The columns are the same for every run.
func WriteReport(w io.Writer, rep report.Report) error {
	return writeTable(w, columnsOfRun(rep.Run.StartedAt), rep.Series)
}

// columnsOfRun are the columns of a run that began at some time.
func columnsOfRun(start time.Time) []column[measure.Point] {
	list := []column[measure.Point]{
		{"t_s", func(p *measure.Point) string { return number(p.TS) }},
		{"start_utc", func(p *measure.Point) string { return utc(start, p.TS) }},
		{"width_s", func(p *measure.Point) string { return number(p.WidthS) }},
		{"attempted_uploads", func(p *measure.Point) string { return count(p.Attempted) }},
		{"accepted_uploads", func(p *measure.Point) string { return count(p.Accepted) }},
		{"failed_uploads", func(p *measure.Point) string { return count(p.Failed) }},
		{"in_flight_uploads", func(p *measure.Point) string { return strconv.Itoa(p.InFlight) }},
		{"response_mean_s", func(p *measure.Point) string { return optional(p.MeanS) }},
		{"response_p50_s", func(p *measure.Point) string { return optional(p.P50S) }},
		{"response_p95_s", func(p *measure.Point) string { return optional(p.P95S) }},
		{"response_max_s", func(p *measure.Point) string { return optional(p.MaxS) }},
		{"left_out_uploads", func(p *measure.Point) string { return count(p.LeftOut) }},
		{"first_of_talkgroup_uploads", func(p *measure.Point) string { return count(p.FirstCalls) }},
		{"failed_attempts_uploads", func(p *measure.Point) string { return count(p.FailedAttempts) }},
		{"stored_calls", func(p *measure.Point) string { return optionalCount(p.Stored) }},
		{"backlog_calls", func(p *measure.Point) string { return optionalCount(p.Backlog) }},
		{"stored_calls_per_s", func(p *measure.Point) string { return optional(p.StoredPerS) }},
	}
	for _, info := range measure.Signals() {
		list = append(list, column[measure.Point]{"server_" + info.Name + unitOf(info), func(p *measure.Point) string {
			if v, ok := p.Server.Get(info.Signal); ok {
				return figure(v)
			}
			return ""
		}})
	}
	return append(list,
		column[measure.Point]{"transcribed_calls", func(p *measure.Point) string {
			return optionalCount(p.Transcribed)
		}},
		column[measure.Point]{"untranscribed_calls", func(p *measure.Point) string {
			return optionalCount(p.Untranscribed)
		}},
		column[measure.Point]{"transcript_delay_mean_s", func(p *measure.Point) string {
			return optional(p.TranscriptDelayS)
		}})
}

// figure writes what was observed of the server, to six significant digits, as JSON has it.
func figure(v float64) string {
	const digits, whole = 6, 1e6
	if v == math.Trunc(v) || math.Abs(v) >= whole {
		return number(math.Round(v))
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64) // it reads what it wrote
	return number(rounded)
}

// unitOf returns what the name of a signal lacks to end in its unit.
func unitOf(info measure.SignalInfo) string {
	switch info.Unit {
	case measure.UnitCount:
		return "_count"
	case measure.UnitFlag: // the mean over an interval
		return "_ratio"
	default: // the name has it
		return ""
	}
}

// utc writes when an interval of a run began, to the millisecond, as the log of histograms has it; nothing where no
// calendar has the day.
func utc(start time.Time, s float64) string {
	const most = 1e9 // seconds, some 30 years
	if start.IsZero() || !(math.Abs(s) < most) {
		return ""
	}
	after := time.Duration(math.Round(s*1e3)) * time.Millisecond
	return start.UTC().Truncate(time.Millisecond).Add(after).Format("2006-01-02T15:04:05.000Z")
}
