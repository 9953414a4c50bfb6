package terminal

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/plain"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/units"
)

// storingView shows the wait for storage after the last reply, and the comparison of what is stored.
type storingView struct {
	began time.Time

	mu    sync.Mutex
	live  live          // its storage and server
	most  uint64        // the highest backlog: how far the bar has to go
	added time.Time     // when a value was last added: one a second
	due   time.Duration // when the next line of a log is, since the beginning
}

// newStoringView returns what shows a wait that begins.
func newStoringView(e *event.AwaitingStorage) *storingView {
	began := time.Now()
	v := &storingView{began: began, live: newLive(), added: began.Add(-time.Second), due: LineEvery}
	v.update(e)
	return v
}

// update notes how storage stands.
func (v *storingView) update(e *event.AwaitingStorage) {
	v.mu.Lock()
	defer v.mu.Unlock()
	p := e.Progress
	v.live.storage, v.live.server = &p, e.Server
	v.most = max(v.most, p.Backlog)
	if seconds := time.Since(v.added) / time.Second; seconds > 0 { // events are more frequent
		v.live.addStorage(&p, int(seconds))
		v.added = v.added.Add(seconds * time.Second)
	}
}

// panel implements [view].
func (v *storingView) panel(p pen, room size) []ranked {
	v.mu.Lock()
	defer v.mu.Unlock()
	if time.Since(v.began) < stageAfter {
		return nil
	}
	progress := &v.live.storage.Progress
	cells := room.columns - 1 - labelWidth
	hint := ranked{5, labeled("", span{"Ctrl-C: stop waiting, and report on what is stored by now", faint})}
	waited := units.Elapsed(time.Since(v.began).Truncate(time.Second))
	switch progress.Stage {
	case delivery.Sending:
		return []ranked{{0, p.head([]string{
			fmt.Sprintf("storage: looking how many of the %s accepted calls are stored, for %s",
				units.Count(progress.Acknowledged), waited),
			"storage: looking what is stored, for " + waited, "storage: looking",
		}, -1, "", room.columns)}, hint}
	case delivery.Accounting, delivery.Concluded:
		return append(comparingRows(p, progress, waited, room.columns), hint)
	}
	rows := []ranked{
		{0, p.head([]string{"storage: waiting for " + waited, "storage: waiting", "storage"}, v.share(),
			untilGivenUp(progress.GivesUp), room.columns)},
		{1, labeled("stored", span{text: joinParts(cells, storedParts(progress))})},
		{2, v.live.backlogRow(p, cells)},
		{4, v.live.serverRow(cells)},
	}
	if state := storingState(progress); state != "" && progress.Err == nil {
		rows = append(rows, ranked{3, labeled("", span{state, yellow})})
	}
	return append(rows, hint)
}

// share is how much of the backlog is gone that there was when the wait began.
func (v *storingView) share() float64 {
	if v.most == 0 {
		return -1
	}
	return 1 - float64(v.live.storage.Backlog)/float64(v.most)
}

// storedParts say how many calls are stored.
func storedParts(p *delivery.Progress) []part {
	if p.Backlog == 0 && p.Err == nil { // by the server's count, in which calls of others can stand for missing ones
		return []part{{0, fmt.Sprintf("some of %s calls not found yet", units.Count(p.Acknowledged))}}
	}
	parts := []part{{0, fmt.Sprintf("%s of %s", units.Count(p.Stored), units.Count(p.Acknowledged))}}
	if isStoring(p) {
		parts = append(parts, part{1, units.PerSecond(p.PerS)}, part{2, units.Elapsed(p.Left) + " left"})
	}
	return parts
}

// isStoring reports whether the server stores calls of the run, as far as is known.
func isStoring(p *delivery.Progress) bool {
	return p.Err == nil && (p.Idle == 0 || p.Busy) && p.Backlog > 0 && !p.Others && p.PerS > 0
}

// storingState says what is special about a wait; empty where nothing is.
func storingState(p *delivery.Progress) string {
	switch {
	case p.Err != nil:
		return fmt.Sprintf("it cannot be read for now (%s)", plain.Reason(p.Err))
	case p.Idle > 0 && !p.Busy:
		return "nothing new for " + units.Elapsed(p.Idle)
	case p.Backlog == 0 || isStoring(p): // a rate and the time left say nothing
		return ""
	case p.Others:
		return "the server is storing other calls"
	default:
		return "none lately, but the server is at work"
	}
}

// comparingRows is the panel of the comparison.
func comparingRows(p pen, progress *delivery.Progress, waited string, columns int) []ranked {
	share, left := -1.0, ""
	read := fmt.Sprintf("what is stored, with the %s accepted calls", units.Count(progress.Acknowledged))
	rows := []ranked{{2, labeled("compared", span{text: read})}}
	if progress.ToRead > 0 {
		share = float64(progress.Read) / float64(progress.ToRead)
		rows = append(rows, ranked{1, labeled("read", span{
			text: fmt.Sprintf("%s of %s calls", units.Count(progress.Read), units.Count(progress.ToRead)),
		})})
		if progress.Left > 0 {
			left = units.Elapsed(progress.Left) + " left"
		}
	}
	head := p.head([]string{"storage: comparing for " + waited, "storage: comparing"}, share, left, columns)
	return append([]ranked{{0, head}}, rows...)
}

// logLine implements [view].
func (v *storingView) logLine(time.Duration) string {
	v.mu.Lock()
	defer v.mu.Unlock()
	if time.Since(v.began) < v.due {
		return ""
	}
	v.due = nextPlainLine(v.due)
	return storingLine(&v.live.storage.Progress)
}

// nextPlainLine is when the next line of a wait is due where no terminal shows it, since its start: at each doubling,
// from 5 s on, then one a minute.
func nextPlainLine(shown time.Duration) time.Duration {
	if shown < LineEvery {
		return LineEvery
	}
	return shown + min(shown, time.Minute)
}

// waitingFor begins the lines of the wait.
const waitingFor = "waiting for storage: "

// storingLine says how it stands with what is stored after the last reply.
func storingLine(p *delivery.Progress) string {
	switch p.Stage {
	case delivery.Sending: // until the look has ended with which the wait begins
		return fmt.Sprintf("looking how many of the %d calls that were accepted are stored", p.Acknowledged)
	case delivery.Accounting, delivery.Concluded:
		line := fmt.Sprintf("comparing what is stored with the %d calls that were accepted", p.Acknowledged)
		if p.ToRead > 0 {
			line += fmt.Sprintf(": %d of %d read", p.Read, p.ToRead)
		}
		if p.ToRead > 0 && p.Left > 0 {
			line += fmt.Sprintf(", %s left", units.Elapsed(p.Left))
		}
		return line
	}
	var texts []string
	for _, part := range storedParts(p) {
		texts = append(texts, part.text)
	}
	if p.Backlog > 0 || p.Err != nil {
		texts[0] += " stored"
	}
	if state := storingState(p); p.Err != nil {
		texts[0] += " when last seen; " + state
	} else if state != "" {
		texts = append(texts, state)
	}
	return waitingFor + strings.Join(append(texts, untilGivenUp(p.GivesUp)), ", ")
}

// untilGivenUp says when the wait ends. That of a step of a search has no end of its own.
func untilGivenUp(left time.Duration) string {
	const day = 24 * time.Hour
	if left > day {
		return "until they are"
	}
	return "gives up in " + units.Elapsed(left)
}
