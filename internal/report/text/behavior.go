package text

import (
	"fmt"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// behavior shows what clients did that behave as real ones.
func (p *page) behavior(clients []measure.ClientBehavior) {
	if len(clients) == 0 {
		return
	}
	p.section("What the clients did")
	rows := make([][]string, len(clients))
	for i := range clients {
		b := &clients[i]
		rows[i] = []string{
			sanitize(b.Client), units.Count(b.Due), units.Count(b.Sent),
			p.ink.redIf(b.Outdated+b.NotKept+b.Left > 0, units.Count(b.Outdated+b.NotKept+b.Left)),
			p.ink.redIf(b.GivenUp > 0, units.Count(b.GivenUp)), units.Count(b.Late), units.Count(b.Repeats),
			p.ink.redIf(b.MayBeDoubled > 0, units.Count(b.MayBeDoubled)),
		}
	}
	p.grid([]string{"", "due", "sent", "unsent", "given up", "late", "repeats", "doubled?"}, rows, "lrrrrrrr")
	for i := range clients {
		if words := behaviorText(&clients[i]); words != "" {
			p.note(words, p.ink.dim)
		}
	}
	p.note("Response times count from when a client would have sent the call, had no upload failed: the wait for its "+
		"next look at its queue is its own, the wait after a failed upload the server's.", p.ink.dim)
}

// behaviorText says in a sentence what the table leaves out of a client.
func behaviorText(b *measure.ClientBehavior) string {
	var parts []string
	add := func(when bool, format string, args ...any) {
		if when {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	seconds := func(s float64) string { return units.Trim(units.Seconds(s)) }
	add(b.Programs > 0, "%s, each with its queue: up to %s sent at once, %s in the queue before (mean)",
		units.Plural(b.Programs, "program"), units.Plural(b.LargestBurst, "call"), seconds(b.QueueMeanS))
	add(b.Pauses > 0, "stopped %s by failed uploads, for %s in all", units.Plural(b.Pauses, "time"),
		units.Duration(b.PausedS))
	add(b.Tests > b.TestsPassed, "%s of %s passed, others were answered %q", units.Count(b.TestsPassed),
		units.Plural(b.Tests, "connection test"), sanitize(b.TestAnswer))
	add(b.Late > 0, "late by %s in the mean, %s at most", seconds(b.LateMeanS), seconds(b.LateMaxS))
	add(b.Outdated > 0, "%s dropped as too old", units.Plural(b.Outdated, "call"))
	add(b.NotKept > 0, "%s dropped as too many waited", units.Plural(b.NotKept, "call"))
	add(b.Left > 0, "%s unsent at the end", units.Plural(b.Left, "call"))
	add(b.MayBeDoubled > 0, "%s accepted again that the server may have stored before",
		units.Plural(b.MayBeDoubled, "call"))
	add(b.AlreadyThere > 0, "the server said of %s sent again that it had them", units.Plural(b.AlreadyThere, "call"))
	add(b.Redirects > 0, "%s followed", units.Plural(b.Redirects, "redirect"))
	add(b.HeldConnections > 0, "%s kept open at once after their answers",
		units.Plural(b.HeldConnections, "connection"))
	if len(parts) == 0 {
		return ""
	}
	return sanitize(b.Client) + ": " + strings.Join(parts, "; ") + "."
}
