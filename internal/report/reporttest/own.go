package reporttest

import (
	"rdiostress/internal/report"
	"rdiostress/internal/testenv/results"
	"rdiostress/internal/threshold"
)

// Own is a report that has thresholds of the user's own: some are met, one is missed, one has no sample.
func Own() report.Report {
	by := report.Own{}
	for _, text := range []string{
		"p99_response_time_s < 2s",
		"max_response_time_s < 1ms over 1m",
		`error_rate{class="timeout"} == 0`,
		`server_memory_bytes max < 2GB in phase "sustained"`,
		`stored_per_s >= 100`,
	} {
		rule, err := threshold.Thresholds().Parse(text)
		if err != nil {
			panic(err)
		}
		by.Rules = append(by.Rules, rule)
	}
	res := results.Soak()
	return report.NewJudged(res, "1.2.3", Flags, by)
}
