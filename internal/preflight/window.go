package preflight

import (
	"context"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
)

// windowProbes is how many calls may be sent to learn the server's duplicate window.
const windowProbes = 8

// windowSteps are the distances that are tried first, in turn, until one is beyond the window. A call of whole
// seconds a second after another is no duplicate to most servers, so that most runs send only one. tr-engine's window
// is 10 s.
func windowSteps() []time.Duration {
	return []time.Duration{time.Second, 11 * time.Second, leastApart, 5*time.Minute + time.Second}
}

// windowSearch looks for the shortest distance in time at which the server takes two calls of a talkgroup.
type windowSearch struct {
	*run
	client  rdio.Client
	last    time.Duration // what the latest call is dated that was taken
	refused time.Duration // the longest distance that was refused
	taken   time.Duration // the shortest distance that was taken; 0 while none was
	left    int           // calls that may be sent
}

// learnWindow finds out how far apart calls of a talkgroup have to begin, given what the client's call that was taken
// is dated. It learns nothing of a server that takes each call, whatever becomes of it. Where time runs out, what it
// has learned until then counts.
func (p *run) learnWindow(ctx context.Context, c rdio.Client, at time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, preflightWait)
	defer cancel()
	p.sought = true
	w := windowSearch{run: p, client: c, last: at, left: windowProbes}
	defer func() { p.date = w.last }()
	for _, distance := range windowSteps() {
		ok, known := w.takes(ctx, distance)
		if ok || !known {
			break
		}
	}
	switch {
	case w.refused == 0:
		return
	case w.taken == 0:
		p.warn(c, "%s takes calls of a talkgroup that begin %v apart for duplicates of each other", p.server(),
			w.refused)
		return
	}
	for w.taken-w.refused > time.Second && w.left > 0 {
		if _, known := w.takes(ctx, w.next()); !known {
			break
		}
	}
	p.learned.DuplicateWindow = w.taken - time.Second
	p.apart = max(p.apart, w.taken)
}

// next is the distance to try next: a second less than one that was taken, as the steps are a second more than round
// numbers, and then in the middle.
func (w *windowSearch) next() time.Duration {
	for _, distance := range windowSteps() {
		if w.taken == distance {
			return distance - time.Second
		}
	}
	return (w.refused + w.taken) / 2 / time.Second * time.Second
}

// takes tells whether the server takes a call that begins so much later than the latest that it took. It is not known
// where the reply is neither that nor that the call is a duplicate.
func (w *windowSearch) takes(ctx context.Context, distance time.Duration) (ok, known bool) {
	if w.left == 0 || w.last+distance > w.traffic.ProbeRoom() {
		return false, false
	}
	w.left--
	switch a, _, _ := w.call(ctx, &upload.Request{Client: w.client}, w.last+distance); a.Class {
	case measure.Accepted:
		w.last += distance
		w.taken = distance
		return true, true
	case measure.Duplicate:
		w.refused = distance
		return false, true
	default:
		return false, false
	}
}
