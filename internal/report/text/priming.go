package text

import (
	"fmt"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// primingText says how the server came to know the run's talkgroups before the run; nothing where that is unknown.
func primingText(m *measure.Priming) string {
	if m == nil {
		return ""
	}
	if m.Calls == 0 && m.KnownBefore != nil && *m.KnownBefore == m.Talkgroups {
		return fmt.Sprintf("not needed: the server knew all %s", units.Plural(m.Talkgroups, "talkgroup"))
	}
	parts := []string{primedText(m)}
	if n := m.KnownBefore; n != nil && *n > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s known before", units.Count(*n),
			units.Plural(m.Talkgroups, "talkgroup")))
	}
	if n := m.NotKnown; n != nil && *n > 0 {
		parts = append(parts, fmt.Sprintf("%s not known when the run began", units.Count(*n)))
	}
	if m.LeftOut > 0 {
		parts = append(parts, fmt.Sprintf("%s left out of it", units.Count(m.LeftOut)))
	}
	parts = append(parts, m.Unseen, learningText(m))
	if m.Refused != "" {
		parts = append(parts, "the server answered "+m.Refused)
	}
	var all []string
	for _, part := range parts {
		if part != "" {
			all = append(all, part)
		}
	}
	return strings.Join(all, "; ")
}

// primedText says which calls were sent before the run.
func primedText(m *measure.Priming) string {
	if m.Calls == 0 {
		return "no calls"
	}
	words := units.Plural(m.Calls, "call") + " before the run"
	if m.Accepted < m.Calls {
		words += fmt.Sprintf(", %s accepted", units.Count(m.Accepted))
	}
	if m.Stored != nil {
		words += fmt.Sprintf(", %s stored", units.Count(*m.Stored))
	}
	words += ", in " + units.Duration(m.DurationS)
	if m.TimeUp {
		words += " (the limit)"
	}
	return words
}

// learningText says how long the server took for a new talkgroup, if it learned enough of them.
func learningText(m *measure.Priming) string {
	n := len(m.Learning)
	if n < 2 {
		return ""
	}
	first, last := m.Learning[0], m.Learning[n-1]
	words := fmt.Sprintf("a new talkgroup took %s at first, %s at last", units.Seconds(first.MeanS),
		units.Seconds(last.MeanS))
	if m.UsualS != nil {
		words += fmt.Sprintf(", a known one %s", units.Seconds(*m.UsualS))
	}
	return words
}
