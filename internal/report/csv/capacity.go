package csv

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"rdiostress/internal/report"
)

// step is a step with its number, from 1 on.
type step struct {
	number int
	report.CapacityStep
}

// WriteCapacity writes the steps of a search for a capacity, one row each, in the order in which they were made.
func WriteCapacity(w io.Writer, rep report.Capacity) error {
	steps := make([]step, len(rep.Steps))
	for i, s := range rep.Steps {
		steps[i] = step{i + 1, s}
	}
	return writeTable(w, columnsOfSteps(), steps)
}

// columnsOfSteps are the columns of a search: what was asked for, how it went, what became of it.
func columnsOfSteps() []column[step] {
	asked := []column[step]{
		{"step_number", func(s *step) string { return strconv.Itoa(s.number) }},
		{"start_s", func(s *step) string { return number(s.StartS) }},
		{"duration_s", func(s *step) string { return number(s.DurationS) }},
		{"rate_calls_per_s", func(s *step) string { return number(s.RatePerS) }},
		{"slots_uploads", func(s *step) string { return strconv.Itoa(s.Slots) }},
	}
	return slices.Concat(asked, columnsOfUploads(), columnsOfStorage(), columnsOfOutcome())
}

func columnsOfUploads() []column[step] {
	return []column[step]{
		{"attempted_uploads", func(s *step) string { return count(s.Attempted) }},
		{"accepted_uploads", func(s *step) string { return count(s.Accepted) }},
		{"unsent_calls", func(s *step) string { return count(s.Unsent) }},
		{"success_ratio", func(s *step) string { return optional(s.SuccessRate) }},
		{"accepted_uploads_per_s", func(s *step) string { return number(s.AcceptedPerS) }},
		{"response_mean_s", func(s *step) string { return optional(s.MeanS) }},
		{"response_p50_s", func(s *step) string { return s.percentile(s.P50S, "p50_s") }},
		{"response_p90_s", func(s *step) string { return s.percentile(s.P90S, "p90_s") }},
		{"response_p95_s", func(s *step) string { return s.percentile(s.P95S, "p95_s") }},
		{"response_p99_s", func(s *step) string { return s.percentile(s.P99S, "p99_s") }},
		{"left_out_uploads", func(s *step) string { return count(s.LeftOut) }},
	}
}

// percentile writes a percentile, unless there are too few uploads for it.
func (s *step) percentile(v *float64, name string) string {
	if slices.Contains(s.FewSamples, name) {
		return ""
	}
	return optional(v)
}

func columnsOfStorage() []column[step] {
	return []column[step]{
		{"stored_calls_per_s", func(s *step) string { return optional(s.StoredPerS) }},
		{"behind_calls_per_s", func(s *step) string { return optional(s.BehindPerS) }},
		{"backlog_end_calls", func(s *step) string { return optionalCount(s.BacklogEnd) }},
		{"drain_s", func(s *step) string { return optional(s.DrainS) }},
		{"pending_calls", func(s *step) string { return optionalCount(s.Pending) }},
		{"lost_calls", func(s *step) string { return optionalCount(s.Lost) }},
		{"unseen_text", func(s *step) string { return words(s.Unseen) }},
		{"server_cpu_s_per_s", func(s *step) string { return optional(s.CPUSPerS) }},
		{"server_rss_bytes", func(s *step) string { return optional(s.RSSBytes) }},
	}
}

func columnsOfOutcome() []column[step] {
	return []column[step]{
		{"steady_bool", func(s *step) string { return strconv.FormatBool(s.Steady) }},
		{"ok_bool", func(s *step) string { return strconv.FormatBool(s.OK) }},
		{"final_bool", func(s *step) string { return strconv.FormatBool(s.Final) }},
		{"repeated_bool", func(s *step) string { return strconv.FormatBool(s.Repeated) }},
		{"broke_text", func(s *step) string { return words(s.Broke) }},
		{"why_broke_text", func(s *step) string { return words(s.BrokeWords) }},
		{"generator_limits_text", func(s *step) string { return words(strings.Join(s.Limits, "; ")) }},
	}
}
