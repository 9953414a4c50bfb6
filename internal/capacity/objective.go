package capacity

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"rdiostress/internal/judge"
	"rdiostress/internal/report"
	"rdiostress/internal/stat"
	"rdiostress/internal/threshold"
	"rdiostress/internal/units"
)

// Defaults returns the guide's thresholds as objectives.
func Defaults() (list []report.Objective) {
	for _, rule := range judge.Guide().Rules {
		switch rule.Name {
		case judge.SuccessRate, judge.MeanResponse, judge.P95Response:
			list = append(list, report.Objective{
				Name: rule.Name, Unit: judge.UnitOf(rule.Name), Op: rule.Op, Limit: rule.Limit,
			})
		}
	}
	return list
}

// minAchieved is the minimum share of the due calls that must be sent, as in a run's score.
const minAchieved = 0.99

// figure is a value of a step that an objective can limit.
type figure struct {
	name string
	of   func(*report.CapacityStep) *float64 // returns nil if the step has none
}

// figures returns all values that an objective can limit.
func figures() []figure {
	return []figure{
		{judge.SuccessRate, func(s *report.CapacityStep) *float64 { return s.SuccessRate }},
		{report.ErrorRate, errorRate},
		{judge.MeanResponse, func(s *report.CapacityStep) *float64 { return s.MeanS }},
		{report.P50Response, func(s *report.CapacityStep) *float64 { return s.P50S }},
		{report.P90Response, func(s *report.CapacityStep) *float64 { return s.P90S }},
		{judge.P95Response, func(s *report.CapacityStep) *float64 { return s.P95S }},
		{report.P99Response, func(s *report.CapacityStep) *float64 { return s.P99S }},
	}
}

// errorRate returns the share of a step's uploads that failed.
func errorRate(s *report.CapacityStep) *float64 {
	if s.SuccessRate == nil {
		return nil
	}
	rate := 1 - *s.SuccessRate
	return &rate
}

// figureNamed returns the figure with a name, if there is one.
func figureNamed(name string) (figure, bool) {
	all := figures()
	i := slices.IndexFunc(all, func(f figure) bool { return f.name == name })
	if i < 0 {
		return figure{}, false
	}
	return all[i], true
}

// valueOf returns the step's value for an objective; nil if the step has none.
func valueOf(o report.Objective, s *report.CapacityStep) *float64 {
	f, ok := figureNamed(o.Name)
	if !ok {
		return nil
	}
	return f.of(s)
}

// FigureNames returns the names of the figures that an objective can limit.
func FigureNames() (names []string) {
	for _, f := range figures() {
		names = append(names, f.name)
	}
	return names
}

// ParseObjective parses an objective such as success_rate>0.99 or p95_response_time_s<500ms.
func ParseObjective(text string) (report.Objective, error) {
	rule, err := threshold.Language{
		Figures: FigureNames(), Ops: []string{"<", ">"}, Example: "p95_response_time_s<0.5",
	}.Parse(text)
	if err != nil {
		return report.Objective{}, err
	}
	o := report.Objective{Name: rule.Figure, Unit: report.UnitOf(rule.Figure), Op: rule.Op, Limit: rule.Limit}
	switch {
	case o.Limit < 0 || o.Limit > maxLimit:
		return report.Objective{}, fmt.Errorf("%q: the limit must be 0 to 1e9", text)
	case (o.Op == ">") != (o.Name == judge.SuccessRate):
		return report.Objective{}, fmt.Errorf("%q: a success rate has a lower limit, all else an upper one", text)
	}
	return o, nil
}

// maxLimit bounds the limit of an objective.
const maxLimit = 1e9

// misses reports whether a value misses an objective.
func misses(o report.Objective, v float64) bool {
	return o.Op == ">" && v <= o.Limit || o.Op == "<" && v >= o.Limit
}

// missedSince records, by the objective's name, since when a step misses it, in seconds since the step's start.
type missedSince map[string]float64

// add adds a step's values after a second.
func (m missedSince) add(atS float64, so *report.CapacityStep, objectives []report.Objective) {
	for _, o := range objectives {
		v := valueOf(o, so)
		_, before := m[o.Name]
		switch {
		case v == nil || !misses(o, *v):
			delete(m, o.Name)
		case !before:
			m[o.Name] = atS
		}
	}
}

// order returns objectives in the order in which they were missed. Those without a known time come last.
func (m missedSince) order(objectives []report.Objective) []report.Objective {
	since := func(o report.Objective) float64 {
		if at, ok := m[o.Name]; ok {
			return at
		}
		return math.Inf(1)
	}
	return slices.SortedStableFunc(slices.Values(objectives),
		func(a, b report.Objective) int { return cmp.Compare(since(a), since(b)) })
}

// figureText names what an objective is about, within a sentence.
func figureText(o report.Objective) string {
	title := strings.TrimSuffix(o.Title(), " "+o.LimitText())
	return strings.ToLower(title[:1]) + title[1:]
}

// Judge decides whether a step met every objective and its storage kept up, and records the result in the step: OK, and
// everything that broke. Lost calls come first, then the objectives in their order.
func Judge(s *report.CapacityStep, objectives []report.Objective, stage Stage) {
	j := judgment{step: s}
	s.OK, s.Broke, s.AllBroke, s.BrokeWords = true, "", nil, ""
	if s.Lost != nil && *s.Lost > 0 {
		j.broke(report.BrokeLoss, "%s %s not stored", units.Plural(*s.Lost, "accepted call"), units.Were(*s.Lost))
	}
	for _, o := range objectives {
		switch v := valueOf(o, s); {
		case v == nil && s.Accepted == 0:
			j.broke(o.Name, "no upload was accepted")
		case v == nil:
			j.broke(o.Name, "%s is not known", figureText(o))
		case misses(o, *v):
			measured := judge.Threshold{Name: o.Name, Unit: o.Unit, Op: o.Op, Limit: o.Limit, Value: v}
			j.broke(o.Name, "%s was %s, must be %s", figureText(o), judge.ValueText(measured), o.LimitText())
		}
	}
	// A step can end at any time: a call that was due just then proves nothing, although it is a large share of a few
	// calls.
	if due := s.Attempted + s.Unsent; s.Unsent > 1 && float64(s.Attempted) < minAchieved*float64(due) {
		j.broke(report.BrokeRate, "%s of the calls that were due could be sent",
			units.Percent(stat.Share(s.Attempted, due)))
	}
	if stage == Behind {
		j.broke(report.BrokeStorage, "storage fell behind by %s calls/s", units.Trim(units.Rate(*s.BehindPerS)))
	}
	if limit := drainLimitS(s); s.DrainS != nil && *s.DrainS > limit {
		j.broke(report.BrokeStorage, "%s after the last reply, over the %s that a server takes that keeps up",
			drainWords(s), units.Duration(limit))
	}
	if stage == Growing {
		j.broke(report.BrokeSteady, "response times kept growing")
	}
	switch {
	case !s.OK: // unseen storage is no further reason
	case s.Unseen != "":
		j.broke(report.BrokeUnseen, "%s", s.Unseen)
	case s.Pending != nil && *s.Pending > 0:
		j.broke(report.BrokeUnseen, "the wait for storage was cut short while %s %s not stored",
			units.Plural(*s.Pending, "call"), units.Were(*s.Pending))
	}
	s.BrokeWords = strings.Join(j.words, "; ")
	s.Steady = stage == Steady
}

// judgment collects what broke in a step.
type judgment struct {
	step  *report.CapacityStep
	words []string
}

// broke records that something broke: only the first of each kind, and of each wording.
func (j *judgment) broke(what, format string, args ...any) {
	s, words := j.step, fmt.Sprintf(format, args...)
	if slices.Contains(s.AllBroke, what) {
		return
	}
	s.OK, s.Broke, s.AllBroke = false, cmp.Or(s.Broke, what), append(s.AllBroke, what)
	if !slices.Contains(j.words, words) {
		j.words = append(j.words, words)
	}
}

// drainLimitS is how long storing the backlog of a step may take. A server that keeps up stores at least as fast as
// calls come, so that it stores a constant backlog in the time in which as many calls come. The margin allows for the
// resolution of the polls, and for servers that store in batches.
func drainLimitS(s *report.CapacityStep) float64 {
	const marginS, marginShare = 3, 0.1
	limit := max(marginS, marginShare*s.DurationS)
	if s.BacklogEnd != nil && s.RatePerS > 0 {
		limit += float64(*s.BacklogEnd) / s.RatePerS
	}
	return limit
}

// drainWords describes the backlog when the wait for it ended.
func drainWords(s *report.CapacityStep) string {
	if s.Pending != nil && *s.Pending > 0 {
		return fmt.Sprintf("%s %s still not stored %s", units.Plural(*s.Pending, "call"), units.Were(*s.Pending),
			units.Duration(*s.DrainS))
	}
	return fmt.Sprintf("the last call was stored %s", units.Duration(*s.DrainS))
}
