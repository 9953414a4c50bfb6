package terminal

import (
	"fmt"
	"sync"
	"time"

	"rdiostress/internal/trial/event"
	"rdiostress/internal/units"
)

// stageView says what is done before the calls begin, so that nothing is silent for long.
type stageView struct {
	began time.Time

	mu      sync.Mutex
	words   func() string          // nil: nothing yet
	priming *event.PrimingProgress // nil unless calls are primed
	at      time.Time              // when that was so
}

// stageAfter is how long nothing is shown: what takes less is not worth a line.
const stageAfter = time.Second

func newStageView() *stageView { return &stageView{began: time.Now()} }

// set says what is done from now on, until it is set again.
func (v *stageView) set(what string) {
	began := time.Now()
	v.setWords(func() string { return fmt.Sprintf("%s, for %d s", what, int(time.Since(began).Seconds())) })
}

// setWords is set for words that change.
func (v *stageView) setWords(words func() string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.words, v.priming = words, nil
}

// prime notes how far priming has come.
func (v *stageView) prime(e *event.PrimingProgress) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.priming, v.at = e, time.Now()
}

// panel implements [view].
func (v *stageView) panel(p pen, room size) []ranked {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case time.Since(v.began) < stageAfter:
		return nil
	case v.priming != nil:
		return primingRows(p, v.priming, time.Since(v.at), room.columns)
	case v.words != nil:
		return []ranked{{0, row{{text: v.words()}}}}
	default:
		return nil
	}
}

// logLine implements [view].
func (v *stageView) logLine(silent time.Duration) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case silent < LineEvery:
		return ""
	case v.priming != nil:
		return line(primingText(v.priming, time.Since(v.at)))
	case v.words != nil:
		return line(v.words())
	default:
		return ""
	}
}

// primingText says how priming stands, some time after an event said so.
func primingText(e *event.PrimingProgress, since time.Duration) string {
	took := e.Took + since
	what, n := "sent", e.Sent
	if e.Seen {
		what, n = "learned", e.Learned
	}
	line := fmt.Sprintf("priming: %d of %d talkgroups %s, %s of at most %s", n, e.Total, what,
		units.Elapsed(took), units.Compact(e.Max))
	if left := primingLeft(e, took); left != "" {
		line += ", " + left
	}
	return line
}

// primingLeft says how long priming still takes; empty where that is not known.
func primingLeft(e *event.PrimingProgress, took time.Duration) string {
	if left := min(e.Left, e.Max-took); left > 0 {
		return fmt.Sprintf("about %s left", units.Elapsed(left))
	}
	return ""
}

// primingRows is the panel of priming.
func primingRows(p pen, e *event.PrimingProgress, since time.Duration, columns int) []ranked {
	took := e.Took + since
	done, total := e.Sent, uint64(max(e.Total, 0))
	if e.Seen {
		done = e.Learned
	}
	share := float64(done) / float64(max(total, 1))
	count := func(n int) string {
		return units.Count(uint64(max(n, 0))) + " of " + units.Plural(total, "talkgroup")
	}
	learned := "not known: the server does not show what it learns"
	if e.Seen {
		learned = count(e.Learned)
		if took > 0 {
			learned += ", " + units.PerSecond(float64(e.Learned)/took.Seconds())
		}
	}
	clock := units.Elapsed(took.Truncate(time.Second))
	return []ranked{
		{0, p.head([]string{
			fmt.Sprintf("priming, %s of at most %s", clock, units.Compact(e.Max)), "priming, " + clock, "priming",
		}, share, primingLeft(e, took), columns)},
		{2, labeled("sent", span{text: count(e.Sent)})},
		{1, labeled("learned", span{text: learned})},
		{3, labeled("", span{"a call of each talkgroup, before the run and not scored", faint})},
	}
}
