package generator

import (
	"testing"
	"testing/fstest"
	"time"

	"rdiostress/internal/measure"
)

// fake is a watch on clocks that a test sets.
type fake struct {
	*Watch
	at, used, slept time.Duration
	stat            fstest.MapFS
}

const ms = time.Millisecond

func newFake() *fake {
	f := &fake{stat: fstest.MapFS{}}
	f.Watch = &Watch{
		start: time.Now(), cpu: func() time.Duration { return f.used },
		asleep: func(time.Time) time.Duration { return f.slept }, end: make(chan struct{}),
	}
	f.readFirst()
	f.last.at = 0
	f.seenAt.Store(0)
	return f
}

// pass lets time pass until the watch looks again, with some processor time used.
func (f *fake) pass(time, used time.Duration) {
	f.at, f.used = f.at+time, f.used+used
	f.check(f.at, false)
}

// heldUp reports whether an upload was held up of which only the beginning and the end are known.
func (f *fake) heldUp(from, to time.Duration) bool {
	return f.HeldUp(Upload{Due: from, Sent: to, Replied: to, Done: to})
}

func (f *fake) run(ticks int) {
	for range ticks {
		f.pass(tick, tick)
	}
}

func TestStops(t *testing.T) {
	for name, tc := range map[string]struct {
		pass  func(*fake)
		stops uint64
	}{
		"none":                     {func(f *fake) { f.run(10) }, 0},
		"a gap":                    {func(f *fake) { f.pass(2*time.Second, ms) }, 1},
		"a gap after a busy tick":  {func(f *fake) { f.pass(60*ms, 9*ms) }, 1},
		"a short gap":              {func(f *fake) { f.pass(MinStop, 0) }, 0},
		"a late goroutine":         {func(f *fake) { f.pass(80*ms, 70*ms) }, 0},
		"two gaps":                 {func(f *fake) { f.pass(80*ms, 0); f.run(2); f.pass(90*ms, 0) }, 2},
		"suspended":                {func(f *fake) { f.slept = time.Hour; f.pass(tick, ms) }, 1},
		"clocks that differ":       {func(f *fake) { f.slept = ms; f.run(3) }, 0},
		"looked at by two at once": {func(f *fake) { f.pass(80*ms, 0); f.check(f.at, false) }, 1},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFake()
			f.run(20)
			tc.pass(f)
			f.run(20)
			if f.sum.Count != tc.stops {
				t.Errorf("%d stops, want %d: %+v", f.sum.Count, tc.stops, f.sum)
			}
		})
	}
}

// A process that a quota holds back in each period is short of processor time, but not stopped; one that is stopped
// while it has a quota is.
func TestStopsUnderQuota(t *testing.T) {
	f := newFake()
	f.processors = &processorTime{system: f.stat}
	f.throttle = []limit{{group: group{dir: "/g"}, period: 100 * ms}}
	throttled := func(stat string) { f.stat["g/cpu.stat"] = &fstest.MapFile{Data: []byte(stat)} }
	throttled("nr_throttled 0\nthrottled_usec 0\n")
	f.throttle[0].advance(f.stat)
	throttled("nr_throttled 1\nthrottled_usec 95000\n")
	f.pass(98*ms, 0)
	if f.sum.Count != 0 {
		t.Errorf("held back by a quota: %+v", f.sum)
	}
	f.run(2)
	throttled("nr_throttled 2\nthrottled_usec 190000\n")
	f.pass(time.Second, 0)
	if f.sum.Count != 1 {
		t.Errorf("stopped for longer than a period: %+v", f.sum)
	}
	f.pass(70*ms, 0)
	if f.sum.Count != 2 {
		t.Errorf("not held back by the quota: %+v", f.sum)
	}
}

func TestHeldUp(t *testing.T) {
	f := newFake()
	f.run(20) // to 100 ms
	if f.heldUp(0, 100*ms) || f.StopEnd() != 0 {
		t.Error("there was no stop")
	}
	f.pass(900*ms, 0) // a stop until 1 s
	f.run(20)
	f.pass(100*ms, 0) // another from 1.1 s to 1.2 s
	if end, length := f.LastStop(); end != 1200*ms || length != 100*ms || f.StopEnd() != end {
		t.Errorf("the last stop: %v until %v", length, end)
	}
	for _, tc := range []struct {
		from, to time.Duration
		want     bool
	}{
		{0, 100 * ms, false},
		{50 * ms, 1010 * ms, true},
		{500 * ms, 1001 * ms, true},
		{1000 * ms, 1050 * ms, false},
		{1010 * ms, 1210 * ms, true},
		{1200 * ms, 1210 * ms, false},
		{1210 * ms, 1220 * ms, false},
	} {
		if got := f.heldUp(tc.from, tc.to); got != tc.want {
			t.Errorf("from %v to %v: %v", tc.from, tc.to, got)
		}
	}
	f.run(2000)       // to 11.2 s
	f.pass(100*ms, 0) // until 11.3 s
	if f.heldUp(8*time.Second, 11300*ms) {
		t.Error("a thirtieth of an upload's time counts")
	}
	for range 2 * keptStops {
		f.run(1)
		f.pass(100*ms, 0)
	}
	if len(f.stops) > keptStops || len(f.sum.Times) > listed || !f.heldUp(0, f.at) || f.heldUp(f.at, f.at+ms) {
		t.Errorf("%d stops are kept", len(f.stops))
	}
	if n := testing.AllocsPerRun(100, func() { f.heldUp(f.at, f.at+ms); f.heldUp(f.at-2*ms, f.at) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// An upload that waits for its reply before, in and after a stop is as long as it is. To leave it out would hide a
// stall of the server that a short stop of the generator falls into.
func TestHeldUpWhileWaiting(t *testing.T) {
	f := newFake()
	f.run(20)        // to 100 ms
	f.pass(80*ms, 0) // a stop until 180 ms
	f.run(20)
	for name, tc := range map[string]struct {
		Upload
		want bool
	}{
		"waited through it":      {Upload{Due: 50 * ms, Sent: 60 * ms, Replied: 500 * ms, Done: 501 * ms}, false},
		"replied right after it": {Upload{Due: 50 * ms, Sent: 60 * ms, Replied: 190 * ms, Done: 191 * ms}, true},
		"replied before its end": {Upload{Due: 50 * ms, Sent: 60 * ms, Replied: 90 * ms, Done: 185 * ms}, true},
		"sent after it":          {Upload{Due: 120 * ms, Sent: 182 * ms, Replied: 500 * ms, Done: 501 * ms}, true},
		"sent before and after":  {Upload{Due: 50 * ms, Sent: 190 * ms, Replied: 500 * ms, Done: 501 * ms}, true},
		"due after it":           {Upload{Due: 181 * ms, Sent: 182 * ms, Replied: 190 * ms, Done: 191 * ms}, false},
		"due in it, far longer":  {Upload{Due: 120 * ms, Sent: 182 * ms, Replied: 3000 * ms, Done: 3000 * ms}, false},
	} {
		if got := f.HeldUp(tc.Upload); got != tc.want {
			t.Errorf("%s: %v", name, got)
		}
	}
	f.slept = time.Hour
	f.pass(tick, 0)
	f.run(20)
	if !f.HeldUp(Upload{Due: 250 * ms, Sent: 260 * ms, Replied: f.at, Done: f.at}) {
		t.Error("the clock did not count what an upload waited while the machine was suspended")
	}
}

// The check for an upload that is recorded before the ticker comes to run counts.
func TestHeldUpBeforeTick(t *testing.T) {
	f := newFake()
	f.start = time.Now().Add(-2 * time.Second) // nobody has looked since
	if !f.heldUp(0, 2*time.Second) || f.sum.Count != 1 {
		t.Errorf("%+v", f.sum)
	}
}

func TestNilWatch(t *testing.T) {
	var w *Watch
	w.Stop(nil)
	if end, length := w.LastStop(); w.HeldUp(Upload{Done: time.Hour}) || w.StopEnd() != 0 || end != 0 || length != 0 {
		t.Error("it sees something")
	}
}

// A real watch fills in every figure, or says why it is not there.
func TestWatch(t *testing.T) {
	w := Start(time.Now())
	before := CPUTime()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); {
		if CPUTime()-before >= 30*ms && w.seenAt.Load() >= int64(30*ms) { // several threads use more than the time
			break
		}
	}
	if CPUTime()-before < 30*ms {
		t.Error("no processor time was used")
	}
	var g measure.Generator
	w.Stop(&g)
	for name, figure := range map[string]*float64{
		"quota_processors": g.QuotaProcessors, "throttled_s": g.ThrottledS, "throttled_share": g.ThrottledShare,
		"run_delay_s": g.RunDelayS, "run_delay_mean_s": g.RunDelayMeanS,
	} {
		if (figure == nil) != (g.Absent[name] != "") {
			t.Errorf("%s: %v, absent: %q", name, figure, g.Absent[name])
		}
	}
	if g.Stops == nil || w.last.at < 30*ms {
		t.Errorf("stops %+v, last seen %v", g.Stops, w.last.at)
	}
}
