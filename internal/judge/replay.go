package judge

import (
	"fmt"
	"strings"

	"rdiostress/internal/measure"
	"rdiostress/internal/units"
)

// replayWarnings says how much of an archive could not be sent, if that is so much that the load was not the recorded
// one.
func replayWarnings(t *measure.Traffic) []string {
	if t == nil || t.Replay == nil || !t.Replay.Incomplete() {
		return nil
	}
	r := t.Replay
	var why []string
	for _, reason := range r.Reasons {
		if reason.Loss {
			why = append(why, units.Count(reason.Count)+" "+reason.What)
		}
	}
	all := r.Calls + r.Unreadable
	return []string{fmt.Sprintf("the replay sent %s of the recordings (%s of %s, encrypted calls apart): %s; "+
		"\"rdiostress replay check\" names them",
		units.Percent(float64(r.Calls)/float64(all)), units.Count(r.Calls), units.Count(all),
		strings.Join(why, ", "))}
}
