package scenario

import (
	"fmt"
	"strings"

	"rdiostress/internal/rdio"
	"rdiostress/internal/units"
)

// describeBehavior says how the clients go about their uploads, where they do as the real ones.
func (s *Scenario) describeBehavior() string {
	var words []string
	for _, c := range s.Clients.Clients() {
		words = append(words, fmt.Sprintf("%v %s", c, describeHabits(c)))
	}
	return strings.Join(words, "; ")
}

// describeHabits says how a client goes about its uploads, in words that follow its name.
func describeHabits(c rdio.Client) string {
	h := c.Habits()
	switch pauses := c.Repeats(); {
	case h.Poll > 0:
		return fmt.Sprintf("sends what waits every %s, stops after a failed upload until a connection test "+
			"passes, and never sends a failed call again", units.Trim(units.Seconds(h.Poll.Seconds())))
	case len(pauses) > 0:
		return "sends a failed call again " + describePauses(pauses)
	case h.Hold > 0:
		return fmt.Sprintf("keeps each connection open for %s after its answer, and never sends a failed call again",
			units.Trim(units.Seconds(h.Hold.Seconds())))
	default:
		return "never sends a failed call again"
	}
}
