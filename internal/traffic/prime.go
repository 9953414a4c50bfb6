package traffic

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"rdiostress/internal/random"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/upload"
)

// primeMark is in the names of the calls that prime a server, in front of their numbers. The account of stored calls
// knows the run's calls by the digits right after their mark, so it does not count these.
const primeMark = "prime-"

// primeSeed makes the calls that prime differ from the run's.
const primeSeed = 0x9a13e

// UsedPairs returns the pairs of a system and a talkgroup that the calls of the run are of, the most popular first. If
// the number of calls depends on the server, as in the closed model, or if beside says that others draw pairs too, it
// returns all pairs.
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
			continue // its pair is that of the call before it
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

// fewAtOnce is how many calls a second of the busiest pair always stay with it. With more than some thirty, some may go
// to other pairs.
const fewAtOnce = 20

// mostDraws is how many calls are looked at. A longer run uses nearly all pairs.
const mostDraws = 5_000_000

// Pairs returns the number of pairs.
func (t *Traffic) Pairs() int { return t.network.Pairs() }

// Pair returns the system and the talkgroup of a pair.
func (t *Traffic) Pair(pair int) (system, talkgroup int64) {
	system, talkgroup, _ = t.network.Pair(pair)
	return system, talkgroup
}

// MarkKnown records that the server knows some pairs. No call of the run is the first of these pairs, and the calls of
// Probe are of them.
func (t *Traffic) MarkKnown(pairs []int) {
	for _, pair := range pairs {
		t.markCalled(pair)
	}
	t.known = pairs
}

// Prime makes the n-th of the calls from which a server learns pairs. They are dated before the run's calls, and those
// of one pair apart by how many are before them, so that they are no duplicates of each other. All have the same audio,
// so that the times of storing them can be compared.
func (t *Traffic) Prime(n uint64, pair, before int, r *upload.Request) {
	r.Duplicate, r.HasDuplicate, r.Skip = false, false, false
	h := random.Hash(t.seed^primeSeed, n)
	r.Client, r.Random = t.mix.Pick(random.Hash(h, drawClient)), h
	date := t.calendar.Priming().Add(time.Duration(-2*before) * t.calendar.Step())
	t.setCall(pair, date, h, r)
	r.Patches = nil // their talkgroups may be new too
	r.Number = n
	mark := fmt.Sprintf("%s%s%07d", rdio.MarkPattern(t.runID), primeMark, n)
	r.FillMarked(mark, t.clips.Clip(r.Client, ProbeAudio()))
}

// PrimeNumber finds the number of a call that primes in a text that contains the name of its file.
func (t *Traffic) PrimeNumber(name string) (n uint64, ok bool) {
	_, rest, ok := strings.Cut(name, rdio.MarkPattern(t.runID)+primeMark)
	if !ok {
		return 0, false
	}
	digits := rest[:len(rest)-len(strings.TrimLeft(rest, "0123456789"))]
	n, err := strconv.ParseUint(digits, 10, 64)
	return n, err == nil
}
