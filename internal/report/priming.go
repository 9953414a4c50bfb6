package report

import (
	"errors"
	"fmt"
	"strings"

	"rdiostress/internal/measure"
)

// primingWords says how the server came to know the run's talkgroups before the run; empty where that was not looked
// at.
func primingWords(m *measure.Priming) string {
	if m == nil {
		return ""
	}
	if m.Calls == 0 && m.KnownBefore != nil && *m.KnownBefore == m.Talkgroups {
		return fmt.Sprintf("not needed: the server knew all %s", plural(m.Talkgroups, "talkgroup"))
	}
	parts := []string{primedWords(m)}
	if n := m.KnownBefore; n != nil && *n > 0 {
		parts = append(parts, fmt.Sprintf("%s of %s known before", count(*n), plural(m.Talkgroups, "talkgroup")))
	}
	if n := m.NotKnown; n != nil && *n > 0 {
		parts = append(parts, fmt.Sprintf("%s not known when the run began", count(*n)))
	}
	if m.LeftOut > 0 {
		parts = append(parts, fmt.Sprintf("%s left out of it", count(m.LeftOut)))
	}
	parts = append(parts, m.Unseen, learningWords(m))
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

// primedWords says what was sent.
func primedWords(m *measure.Priming) string {
	if m.Calls == 0 {
		return "no calls"
	}
	words := plural(m.Calls, "call") + " before the run"
	if m.Accepted < m.Calls {
		words += fmt.Sprintf(", %s accepted", count(m.Accepted))
	}
	if m.Stored != nil {
		words += fmt.Sprintf(", %s stored", count(*m.Stored))
	}
	words += ", in " + span(m.DurationS)
	if m.TimeUp {
		words += " (the limit)"
	}
	return words
}

// learningWords says what learning took, where enough were learned to tell.
func learningWords(m *measure.Priming) string {
	n := len(m.Learning)
	if n < 2 {
		return ""
	}
	first, last := m.Learning[0], m.Learning[n-1]
	words := fmt.Sprintf("a new talkgroup took %s at first, %s at last", seconds(first.MeanS), seconds(last.MeanS))
	if m.UsualS != nil {
		words += fmt.Sprintf(", a known one %s", seconds(*m.UsualS))
	}
	return words
}

// checkPriming makes sure that the counts of priming agree with each other.
func checkPriming(m *measure.Priming) error {
	if m == nil {
		return nil
	}
	over := func(n *uint64, of uint64) bool { return n != nil && *n > of }
	switch {
	case m.Talkgroups > maxCount || m.Calls > maxCount:
		return errors.New("priming: such counts are not possible")
	case m.Accepted > m.Calls || over(m.Stored, m.Accepted):
		return fmt.Errorf("priming: of %d calls, more were accepted or stored", m.Calls)
	case over(m.KnownBefore, m.Talkgroups) || over(m.NotKnown, m.Talkgroups) || m.LeftOut > m.Talkgroups:
		return fmt.Errorf("priming: of %d talkgroups, more were known, not known or left out", m.Talkgroups)
	}
	return nil
}
