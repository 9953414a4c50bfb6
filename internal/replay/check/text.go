package check

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"rdiostress/internal/measure"
	"rdiostress/internal/plain"
	"rdiostress/internal/units"
)

// WriteJSON writes the check as JSON.
func (c *Check) WriteJSON(w io.Writer) error {
	text, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}

// maxTalkgroups is how many talkgroups of a system are shown.
const maxTalkgroups = 15

// WriteText writes the check for people.
func (c *Check) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) { fmt.Fprintf(t, "%s\t%s\n", name, fmt.Sprintf(format, args...)) }
	fmt.Fprintf(t, "Replay of %s\n\n", plain.Line(c.Place, ' '))
	var programs []string
	for _, name := range slices.Sorted(maps.Keys(c.Programs)) {
		made := units.Count(uint64(c.Programs[name]))
		programs = append(programs, fmt.Sprintf("%s by %s", made, plain.Line(name, ' ')))
	}
	row("recordings", "%s: %s", units.Count(c.Files), cmp.Or(strings.Join(programs, ", "), "of no known program"))
	sent := units.Count(c.Calls)
	if c.Share != nil {
		sent += fmt.Sprintf(" calls, %s of those that are not encrypted", units.Percent(*c.Share))
	}
	row("sent", "%s", sent)
	if c.Calls > 0 {
		row("from", "%s to %s: %s", c.First, c.Last, units.Duration(c.SpanS))
		row("audio", "%s, %s; the longest call has %s", units.Duration(c.AudioS), units.Bytes(float64(c.AudioBytes)),
			units.Duration(c.LongestS))
		row("busiest minute", "%s from %s", units.Plural(c.BusiestMinute.Calls, "call"), c.BusiestMinute.Start)
		row("busiest hour", "%s from %s", units.Plural(c.BusiestHour.Calls, "call"), c.BusiestHour.Start)
	}
	c.writeSystems(t)
	c.writeSkipped(t)
	switch {
	case c.Passed:
	case c.Share == nil:
		fmt.Fprintf(t, "\nNothing would be sent.\n")
	default:
		fmt.Fprintf(t, "\nUnder %s would be sent: such a replay is another load than the recorded one.\n",
			units.Trim(units.Percent(measure.MinReplayed)))
	}
	return t.Flush()
}

// writeSystems shows the calls of each system and talkgroup.
func (c *Check) writeSystems(t *tabwriter.Writer) {
	if len(c.Systems) == 0 {
		return
	}
	fmt.Fprintf(t, "\nsystem\ttalkgroup\tcalls\taudio\n")
	for _, s := range c.Systems {
		fmt.Fprintf(t, "%s\tall\t%s\t%s\n", plain.Line(cmp.Or(s.Label, "not named"), ' '), units.Count(s.Calls),
			units.Duration(s.AudioS))
		for i, g := range s.Talkgroups {
			if i == maxTalkgroups {
				fmt.Fprintf(t, "\t%s\t\t\n", units.Plural(uint64(len(s.Talkgroups)-i), "more talkgroup"))
				break
			}
			name := strings.TrimSpace(fmt.Sprintf("%d %s", g.ID, plain.Line(g.Label, ' ')))
			fmt.Fprintf(t, "\t%s\t%s\t%s\n", name, units.Count(g.Calls), units.Duration(g.AudioS))
		}
	}
}

// writeSkipped shows what would not be sent, and why.
func (c *Check) writeSkipped(t *tabwriter.Writer) {
	if len(c.Skipped) == 0 {
		return
	}
	fmt.Fprintf(t, "\nNot sent:\n")
	for _, s := range c.Skipped {
		note := ""
		if !s.Loss {
			note = " (the recorder sends none of them)"
		}
		fmt.Fprintf(t, "%s %s%s\n", units.Count(s.Count), s.What, note)
		for _, e := range s.Examples {
			fmt.Fprintf(t, "  %s: %s\n", plain.Line(e.Path, ' '), plain.Line(e.Reason, ' '))
		}
		if more := s.Count - uint64(len(s.Examples)); len(s.Examples) > 0 && more > 0 {
			fmt.Fprintf(t, "  and %s more\n", units.Count(more))
		}
	}
}
