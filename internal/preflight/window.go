package preflight

import (
	"context"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
)

// windowProbes is how many calls may be sent to find the server's duplicate window.
const windowProbes = 8

// windowSteps returns the distances to try first, until one is longer than the window. Most servers take calls that are
// a second apart, so most runs send only one call. The window of tr-engine is 10 s.
func windowSteps() []time.Duration {
	return []time.Duration{time.Second, 11 * time.Second, leastApart, 5*time.Minute + time.Second}
}

// windowSearch searches for the shortest distance in time at which the server takes two calls of a talkgroup.
type windowSearch struct {
	*run
	client  rdio.Client
	last    time.Duration // date of the latest call that was taken
	refused time.Duration // longest distance that was refused
	taken   time.Duration // shortest distance that was taken; 0 if none was
	left    int           // how many calls may still be sent
}

// learnWindow finds out how far apart calls of a talkgroup must begin, given the date of the client's call that was
// taken. It learns nothing from a server that takes each call, even if it then drops it. If its time runs out, it keeps
// what it has learned.
func (p *run) learnWindow(ctx context.Context, c rdio.Client, at time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, preflightWait)
	defer cancel()
	p.searchedWindow = true
	w := windowSearch{run: p, client: c, last: at, left: windowProbes}
	defer func() { p.date = w.last }()
	for _, distance := range windowSteps() {
		ok, known := w.probe(ctx, distance)
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
		if _, known := w.probe(ctx, w.next()); !known {
			break
		}
	}
	p.learned.DuplicateWindow = w.taken - time.Second
	p.distance = max(p.distance, w.taken)
}

// next returns the next distance to try: a second less than a step that was taken, as the steps are a second more than
// round numbers, and then the middle.
func (w *windowSearch) next() time.Duration {
	for _, distance := range windowSteps() {
		if w.taken == distance {
			return distance - time.Second
		}
	}
	return (w.refused + w.taken) / 2 / time.Second * time.Second
}

// probe reports whether the server takes a call that begins at a distance after the latest one that it took. That is
// unknown if the call is neither taken nor refused as a duplicate.
func (w *windowSearch) probe(ctx context.Context, distance time.Duration) (ok, known bool) {
	if w.left == 0 || w.last+distance > w.traffic.ProbeRoom() {
		return false, false
	}
	w.left--
	switch a, _, _ := w.sendCall(ctx, &upload.Request{Client: w.client}, w.last+distance); a.Class {
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
