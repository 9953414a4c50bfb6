package traffic

import (
	"fmt"
	"strconv"
	"strings"

	"rdiostress/internal/random"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

// primeMark is in the names of the calls that prime a server, in front of their numbers. The account of what is stored
// knows a run's calls by the digits right after its mark, so it takes none of these for one of them.
const primeMark = "prime-"

// primeSeed makes other calls of those that prime than of the run's.
const primeSeed = 0x9a13e

// UsedPairs are the pairs of a system and a talkgroup that the run's calls are of, the most popular first. Where the
// number of calls is up to the server, as in the closed model, or beside says that others draw pairs too, all may be.
func (t *Traffic) UsedPairs(s *scenario.Scenario, beside bool) []int {
	used := make([]bool, t.network.Pairs())
	calls, known := s.DueCalls()
	atOnce := float64(calls) // in any second
	if s.Open() {
		atOnce = min(atOnce, s.Shape().Max())
	}
	everything := !known || beside || calls > mostDraws || atOnce*t.network.Share() > fewAtOnce
	left := len(used)
	for n := uint64(0); n < calls && left > 0 && !everything; n++ {
		if t.duplicates.Has(n) {
			continue // it is of the same pair as the call before it
		}
		if pair := t.draw(n, 0); !used[pair] {
			used[pair], left = true, left-1
		}
	}
	pairs := make([]int, 0, len(used))
	for pair, is := range used {
		if is || everything {
			pairs = append(pairs, pair)
		}
	}
	return pairs
}

// fewAtOnce calls a second of the busiest pair are always its own: those beyond some thirty may go to other pairs.
const fewAtOnce = 20

// mostDraws keeps finding out what a long run uses short. Such a run uses nearly everything.
const mostDraws = 5_000_000

// Pairs is how many pairs there are.
func (t *Traffic) Pairs() int { return t.network.Pairs() }

// Pair is the system and the talkgroup of a pair.
func (t *Traffic) Pair(pair int) (system, talkgroup int64) {
	system, talkgroup, _ = t.network.Pair(pair)
	return system, talkgroup
}

// MarkKnown notes that the server knows some pairs: no call of the run is the first that it has of them, and Probe's are of
// them.
func (t *Traffic) MarkKnown(pairs []int) {
	for _, pair := range pairs {
		t.markSpoken(pair)
	}
	t.known = pairs
}

// Prime makes the n-th call that has the server learn pairs, or one of a pair that it has learned so. They are dated
// before the run's calls. All have the same audio, so that the times they take compare.
func (t *Traffic) Prime(n uint64, pair int, known bool, s *upload.Request) {
	s.Duplicate, s.HasDuplicate, s.Skip = false, false, false
	h := random.Hash(t.seed^primeSeed, n)
	s.Client, s.Random = t.mix.Pick(random.Hash(h, drawClient)), h
	date := t.calendar.Priming()
	if known {
		date = date.Add(-2 * t.calendar.Step()) // it is no duplicate of the first
	}
	t.describe(pair, date, h, s)
	s.Patches = nil // of talkgroups that may be new too
	s.Number = n
	mark := fmt.Sprintf("%s%s%07d", rdio.MarkPattern(t.runID), primeMark, n)
	s.FillMarked(mark, t.clips.Clip(s.Client, ProbeAudio()))
}

// PrimeNumber finds the number of a call that primes in the name of a file, wherever in it that is.
func (t *Traffic) PrimeNumber(name string) (n uint64, ok bool) {
	_, rest, ok := strings.Cut(name, rdio.MarkPattern(t.runID)+primeMark)
	if !ok {
		return 0, false
	}
	digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}
