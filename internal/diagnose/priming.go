package diagnose

import (
	"fmt"

	"rdiostress/internal/measure"
	"rdiostress/internal/stat"
)

const (
	// minLearned is how many talkgroups must have been learned to say what that costs.
	minLearned = 10
	// growingLearning is the rank correlation of the cost with the number of talkgroups from which on it is said to
	// grow.
	growingLearning = 0.7
)

// learning sets what it cost to learn talkgroups before the run, compared with storing calls of known ones.
func (s Signals) learning(res *measure.Result) {
	m := res.Priming
	if m == nil || m.UsualS == nil || m.UsualMaxS == nil {
		return
	}
	var learned uint64
	var known, took []float64
	for _, part := range m.Learning {
		learned += part.Talkgroups
		known, took = append(known, float64(part.Known)), append(took, part.MeanS)
	}
	if learned < minLearned || len(took) < minLearned {
		return
	}
	typical := stat.Median(took)
	s.set("learned", float64(learned), Count)
	s.set("learning_time", m.DurationS, Seconds)
	s.set("learning_usual", *m.UsualS, Seconds)
	s.set("learning_typical", typical, Seconds)
	s.set("learning_excess", typical-*m.UsualS, Seconds)
	if *m.UsualS > 0 {
		s.set("learning_times", typical / *m.UsualS, Times)
		s.set("learning_over_longest", typical / *m.UsualMaxS, Times)
	}
	first, last := m.Learning[0], m.Learning[len(m.Learning)-1]
	if stat.Spearman(known, took) < growingLearning || last.Known <= first.Known {
		return
	}
	words := fmt.Sprintf("from %s each for the first %d to %s each for the last %d, when it had %d",
		duration(first.MeanS), first.Talkgroups, duration(last.MeanS), last.Talkgroups, last.Known)
	s.setWithNote("learning_growth", last.MeanS/first.MeanS, Times, words)
	s.set("learning_slope", 1000*(last.MeanS-first.MeanS)/float64(last.Known-first.Known), Seconds)
}
