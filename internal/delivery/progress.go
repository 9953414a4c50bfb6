package delivery

import "time"

// Stage is the stage of a Watch.
type Stage int

// The stages. While accounting, a Watch reads everything that is stored and compares it with what was sent.
const (
	Sending Stage = iota
	Waiting
	Accounting
	Concluded
)

// Progress describes how storing stands, for displays.
type Progress struct {
	Acknowledged, Stored, Backlog uint64
	PerS                          float64       // calls stored per second over the last minute
	At                            time.Duration // time of the poll, since the run's start; 0 before the first one
	Err                           error         // why the last poll failed

	Stage   Stage
	Idle    time.Duration // how long the server has been idle, since the last reply
	Busy    bool          // the server was busy at the last poll
	Others  bool          // it has recently stored calls, but none of the run's
	Left    time.Duration // until all is stored, at that rate; 0 if not known
	GivesUp time.Duration // until the wait ends if nothing changes

	Read, ToRead uint64 // calls of the server's list, while accounting; 0 if their number is not known
}

// Progress returns how storing stands. It is safe for concurrent use.
func (w *Watch) Progress() Progress {
	now := w.elapsed()
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.samples[len(w.samples)-1]
	p := Progress{
		Acknowledged: uint64(s.acknowledged), Stored: uint64(s.stored), Backlog: uint64(s.backlog()),
		PerS: w.recentRate(), At: s.at, Err: w.pollErr, Stage: w.stage, Idle: w.idle.idle, Busy: w.idle.busy,
		Others: w.idle.others,
	}
	if p.PerS > 0 {
		p.Left = time.Duration(float64(p.Backlog) / p.PerS * float64(time.Second))
	}
	if r := &w.reading; w.stage == Accounting && r.total > 0 {
		p.Read, p.ToRead, p.Left = uint64(r.read), uint64(r.total), r.left()
	}
	if w.stage != Sending {
		p.GivesUp = max(w.Max-(now-w.ended), 0)
		if w.idle.idle > 0 && !w.idle.busy && w.pollErr == nil {
			p.GivesUp = min(p.GivesUp, max(w.Timeout-w.idle.idle, 0))
		}
	}
	return p
}

// rateWindow is the window of the current rate.
const rateWindow = time.Minute

// recentRate returns how many calls were stored per second over the last minute.
func (w *Watch) recentRate() float64 {
	last := w.samples[len(w.samples)-1]
	first := last
	for i := len(w.samples) - 1; i >= 0 && w.samples[i].at >= last.at-rateWindow; i-- {
		first = w.samples[i]
	}
	if took := (last.at - first.at).Seconds(); took > 0 {
		return storedSince(first, last) / took
	}
	return 0
}

// storedSince returns how many calls were stored between two polls. When the first call of the run is identified by its
// name, foreign calls that were counted until then no longer count. The result is never negative.
func storedSince(before, now sample) float64 { return float64(max(now.stored-before.stored, 0)) }
