package compare

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/report"
	"rdiostress/internal/units"
)

// runOf is a report with the words that name its run.
type runOf struct {
	*report.Report
	name string
}

// named are the runs of a side with their names.
func (s *Loaded) named() (list []runOf) {
	for i, r := range s.Reports {
		name := "run " + r.Run.ID
		if i < len(s.Files) {
			name = s.Files[i]
		}
		list = append(list, runOf{r, name})
	}
	return list
}

// checkDistinct returns an error if a run is there twice: it would count as two independent ones.
func checkDistinct(runs []runOf) error {
	seen := map[string]string{}
	for _, r := range runs {
		key := r.Run.ID + r.Run.StartedAt.String()
		if first, ok := seen[key]; ok {
			return fmt.Errorf("%s and %s are the same run, %s", first, r.name, r.Run.ID)
		}
		seen[key] = r.name
	}
	return nil
}

// harmless are fields of a scenario in which runs that are compared may differ: other calls of the same kind, and how
// storage was looked at, which is checked by what was seen of it.
var harmless = []string{
	"seed", "verify", "verify_timeout_s", "verify_max_s", "require_storage", "transcripts", "transcripts_timeout_s",
}

// traits are what runs that are compared have in common.
func traits(r *report.Report) (map[string]string, error) {
	list := map[string]string{}
	data, err := json.Marshal(r.Scenario)
	if err != nil {
		return nil, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(data, &fields); err != nil {
		return nil, err
	}
	for name, value := range fields {
		if !slices.Contains(harmless, name) {
			list["scenario "+name] = string(value)
		}
	}
	list["servers"] = fmt.Sprint(max(len(r.Target.URLs), 1))
	g := &r.Generator
	list["machine of the generator: processors"] = fmt.Sprint(g.Processors)
	list["server on the generator's machine"] = fmt.Sprint(g.Shared)
	if g.QuotaProcessors != nil {
		list["machine of the generator: quota of processors"] = fmt.Sprint(*g.QuotaProcessors)
	}
	if r.Watch.Processors > 0 {
		list["machine of the server: processors"] = fmt.Sprint(r.Watch.Processors)
	}
	list["storage check"] = cmp.Or(r.Delivery.Method, measure.MethodNone)
	list["storage check: audio compared"] = fmt.Sprint(r.Delivery.AudioCompared != nil && *r.Delivery.AudioCompared > 0)
	return list, nil
}

// differences are what the runs do not have in common, beside the server.
func differences(runs []runOf) ([]string, error) {
	values := map[string]map[string][]string{} // trait, value, runs
	for _, r := range runs {
		list, err := traits(r.Report)
		if err != nil {
			return nil, err
		}
		for trait, value := range list {
			if values[trait] == nil {
				values[trait] = map[string][]string{}
			}
			values[trait][value] = append(values[trait][value], r.name)
		}
	}
	texts := []string{}
	for _, trait := range slices.Sorted(maps.Keys(values)) {
		have := 0
		for _, names := range values[trait] {
			have += len(names)
		}
		if have < len(runs) {
			values[trait]["not given"] = missing(runs, values[trait])
		}
		if len(values[trait]) == 1 {
			continue
		}
		var each []string
		for _, value := range slices.Sorted(maps.Keys(values[trait])) {
			each = append(each, value+" in "+someOf(values[trait][value]))
		}
		texts = append(texts, trait+": "+strings.Join(each, ", "))
	}
	return append(texts, stopped(runs)...), nil
}

// stopped say which runs were not made to their end, and so had another load than was asked for.
func stopped(runs []runOf) (texts []string) {
	var interrupted, aborted []string
	for _, r := range runs {
		if r.Run.Interrupted {
			interrupted = append(interrupted, r.name)
		}
		if r.Run.Aborted != "" {
			aborted = append(aborted, r.name)
		}
	}
	if len(interrupted) > 0 {
		texts = append(texts, "interrupted by the user: "+someOf(interrupted))
	}
	if len(aborted) > 0 {
		texts = append(texts, "ended by its own rule: "+someOf(aborted))
	}
	return texts
}

// missing are the names of the runs that have none of the values.
func missing(runs []runOf, values map[string][]string) (names []string) {
	for _, r := range runs {
		has := false
		for _, list := range values {
			has = has || slices.Contains(list, r.name)
		}
		if !has {
			names = append(names, r.name)
		}
	}
	return names
}

// someOf names the first of some runs, and how many more there are.
func someOf(names []string) string {
	if len(names) == 1 {
		return names[0]
	}
	return names[0] + " and " + units.Count(uint64(len(names)-1)) + " more"
}

// limits say in which runs the generator was the limit.
func limits(runs []runOf) []string {
	texts := []string{}
	for _, r := range runs {
		if r.Generator.Limited {
			reason := ""
			if len(r.Generator.Reasons) > 0 {
				reason = ": " + r.Generator.Reasons[0]
			}
			texts = append(texts, "the load generator was the limit of "+r.name+reason)
		}
	}
	return texts
}
