package preflight

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// learner is a server on a fake clock. It replies at once and stores calls later, one after the other. Each talkgroup
// takes longer than the one before it.
type learner struct {
	store  func(known int, again bool) time.Duration // how long it takes to store a call; negative: it is lost
	answer func(n int) upload.Attempt                // nil accepts all
	logs   string                                    // what the log says before the name of a call that is lost

	received int
	open     int // not stored
	most     int // of these at once
	known    map[onePair]bool
	queue    chan string // names of files that were stored
	lines    []string    // of the log
	sent     []time.Time
	looks    int
	locked   time.Time // until when looks fail
}

func (l *learner) Upload(_ context.Context, r *upload.Request) upload.Attempt {
	l.received++
	l.sent = append(l.sent, time.Now())
	if l.answer != nil {
		if a := l.answer(l.received); a.Class != measure.Accepted {
			return a
		}
	}
	l.open++
	l.most = max(l.most, l.open)
	at := onePair{r.System, r.Talkgroup}
	took := l.store(len(l.known), l.known[at])
	name := strings.Clone(r.AudioName)
	if took >= 0 {
		time.AfterFunc(took, func() { l.queue <- name })
		l.known[at] = true
	} else if l.logs != "" {
		l.lines = append(l.lines, l.logs+name)
	}
	return upload.Attempt{Class: measure.Accepted, Status: 200}
}

func (*learner) Close() {}

func (l *learner) look(_ context.Context, found, told func(string)) error {
	l.looks++
	if time.Now().Before(l.locked) {
		return errors.New("database is locked")
	}
	for _, line := range l.lines {
		told(line)
	}
	l.lines = nil
	for {
		select {
		case name := <-l.queue:
			if strings.Contains(name, "prime-") {
				l.open--
			}
			found(name)
		default:
			return nil
		}
	}
}

// others makes the server store other calls at intervals, until the returned function is called.
func (l *learner) others(every time.Duration) (end func()) {
	l.queue = make(chan string, 1000)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				return
			case <-tick.C:
				l.queue <- "20261124_120000.000.mp3"
			}
		}
	}()
	return func() { close(stop); <-done }
}

// prime primes a number of pairs.
func (l *learner) prime(ctx context.Context, n int, limit time.Duration) (Primed, *Primer) {
	l.known = make(map[onePair]bool)
	if l.queue == nil {
		l.queue = make(chan string, 1000)
	}
	s := uploadtest.Scenario()
	s.Systems = scenario.IDs{900}
	s.Talkgroups, _ = scenario.ParseIDs("1001-1200")
	p := &Primer{
		Traffic:  traffic.New(s, traffic.Options{RunID: "abc", Start: time.Now(), Clips: uploadtest.Silence{}}),
		Uploader: l, Max: limit, Poll: l.look,
	}
	pairs := make([]int, n)
	for i := range pairs {
		pairs[i] = i
	}
	return p.Run(ctx, pairs), p
}

// rising returns the times of a server that needs 50 ms for the first talkgroup, and 10 ms more for each that it knows.
func rising(known int, again bool) time.Duration {
	if again {
		return 20 * time.Millisecond
	}
	return 50*time.Millisecond + time.Duration(known)*10*time.Millisecond
}

// Each call is sent as soon as the one before it is stored, and the cost of learning is measured.
func TestPrimingGoesAsFastAsCallsAreStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &learner{store: rising}
		out, p := l.prime(t.Context(), 100, time.Minute+5*time.Second)
		if out.Sent != 105 || out.Stored != 105 || len(out.Learned) != 100 || l.most != 1 || out.TimeUp {
			t.Errorf("%d sent, %d stored, %d learned, %d at once", out.Sent, out.Stored, len(out.Learned), l.most)
		}
		alone := 100*50*time.Millisecond + 100*99/2*10*time.Millisecond + 5*20*time.Millisecond
		if out.Took < alone || out.Took > alone*115/100 {
			t.Errorf("it took %v, and alone storing %v", out.Took, alone)
		}
		if p.Progress().Left != 0 || p.Progress().Learned != 100 {
			t.Errorf("in the end: %+v", p.Progress())
		}
		var m measure.Priming
		out.Record(&m, 40)
		first, last := m.Learning[0], m.Learning[9]
		if len(m.Learning) != 10 || first.Known != 41 || last.Known != 130 || last.Talkgroups != 10 || m.UsualS == nil {
			t.Fatalf("%+v", m)
		}
		for what, figures := range map[string][2]float64{
			"first": {first.MeanS, 0.1}, "last": {last.MeanS, 0.995}, "usual": {*m.UsualS, 0.02},
		} {
			if figures[0] < figures[1] || figures[0] > 1.15*figures[1]+0.02 {
				t.Errorf("%s: %v s, want %v", what, figures[0], figures[1])
			}
		}
	})
}

func TestPrimingEndsByItsLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &learner{store: rising}
		out, p := l.prime(t.Context(), 200, 10*time.Second)
		if !out.TimeUp || out.Took != 10*time.Second || out.Sent-out.Stored != 1 || len(out.Learned) < 30 {
			t.Errorf("%v, %d sent, %d stored in %v", out.TimeUp, out.Sent, out.Stored, out.Took)
		}
		if now := p.Progress(); now.Total != 200 || now.Left < 40*time.Second {
			t.Errorf("%+v", now)
		}
		synctest.Wait()
		time.Sleep(time.Second) // lets the last call be stored, so that no timer is left
	})
}

func TestPrimingEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		l := &learner{store: rising}
		if out, _ := l.prime(ctx, 200, time.Minute); out.TimeUp || out.Took != 3*time.Second {
			t.Errorf("%v, after %v", out.TimeUp, out.Took)
		}
		time.Sleep(time.Second)
	})
}

// A lost call delays the others by some seconds, once.
func TestPrimingGoesOnAfterALostCall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := 0
		l := &learner{store: func(int, bool) time.Duration {
			if calls++; calls == 3 {
				return -1
			}
			return 30 * time.Millisecond
		}}
		out, _ := l.prime(t.Context(), 9, time.Minute)
		if out.Sent != 9 || out.Stored != 8 || out.Took < primePatience || out.Took > primePatience+time.Second {
			t.Errorf("%d sent, %d stored in %v", out.Sent, out.Stored, out.Took)
		}
	})
}

// A server that stores nothing gets at most three calls, and is not waited for until the limit.
func TestPrimingGivesUpWhereNothingIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &learner{store: func(int, bool) time.Duration { return -1 }}
		out, _ := l.prime(t.Context(), 50, time.Minute)
		if out.Sent != primeMostLate || out.Stored != 0 || out.TimeUp || out.Took > 30*time.Second {
			t.Errorf("%d sent, %d stored in %v", out.Sent, out.Stored, out.Took)
		}
	})
}

// While the server stores other calls that came first, it is waited for until the limit, with few calls in its queue.
// The times of such calls are not learning times.
func TestPrimingWaitsBehindOthers(t *testing.T) {
	for pairs, sent := range map[int]int{1: 1, 20: 25} {
		synctest.Test(t, func(t *testing.T) {
			began, calls := time.Now(), 0
			l := &learner{store: func(int, bool) time.Duration {
				calls++
				return max(time.Until(began.Add(40*time.Second)), 0) + time.Duration(calls)*time.Millisecond
			}}
			end := l.others(time.Second)
			defer end()
			out, _ := l.prime(t.Context(), pairs, time.Minute)
			if out.Sent != sent || out.Stored != sent || out.Took < 40*time.Second || out.Took > 42*time.Second {
				t.Errorf("%d sent, %d stored in %v", out.Sent, out.Stored, out.Took)
			}
			if l.most > primeMostLate || len(out.Learned) != pairs {
				t.Errorf("%d at once, %d learned", l.most, len(out.Learned))
			}
			if took := append(out.LearnTimes, out.UsualTimes...); pairs > 1 &&
				(len(took) < 20 || slices.Max(took) > time.Second) {
				t.Errorf("the calls took %v", took)
			}
		})
	}
}

// Other calls do not hide that a call is lost. It delays the rest by some seconds, or not at all if the server's log
// tells.
func TestPrimingLosesACallAmongOthers(t *testing.T) {
	const dropped = "[County] [Fire 1] duplicate dropped: "
	for _, tt := range []struct {
		name       string
		lost       int // call
		logs       string
		least, max time.Duration
	}{
		{"first", 1, "", primePatience, primePatience + 3*time.Second},
		{"in between", 10, "", primePatience, primePatience + 3*time.Second},
		{"last", 55, "", primeGiveUp, primeGiveUp + 3*time.Second},
		{"first, logged", 1, dropped, 0, 3 * time.Second},
		{"in between, logged", 10, dropped, 0, 3 * time.Second},
	} {
		for _, every := range []time.Duration{100 * time.Millisecond, 2 * time.Second} {
			t.Run(tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					calls := 0
					l := &learner{logs: tt.logs, store: func(int, bool) time.Duration {
						if calls++; calls == tt.lost {
							return -1
						}
						return 30 * time.Millisecond
					}}
					end := l.others(every)
					defer end()
					out, _ := l.prime(t.Context(), 50, time.Minute)
					if out.Sent < 54 || out.Stored != out.Sent-1 || out.TimeUp || len(out.Learned) < 49 {
						t.Errorf("%d sent, %d stored, %d learned, time is up: %t", out.Sent, out.Stored,
							len(out.Learned), out.TimeUp)
					}
					if out.Took < tt.least || out.Took > tt.max {
						t.Errorf("it took %v", out.Took)
					}
					took := append(out.LearnTimes, out.UsualTimes...)
					if len(took) < 50 || slices.Max(took) > time.Second {
						t.Errorf("the calls took %v", took)
					}
				})
			})
		}
	}
}

// A database that is locked for a while is polled again.
func TestPrimingLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &learner{store: rising, locked: time.Now().Add(4 * time.Second)}
		out, _ := l.prime(t.Context(), 5, time.Minute)
		if out.Stored != 5 || out.Took < 4*time.Second || out.Took > 6*time.Second || l.looks > 110 {
			t.Errorf("%d stored in %v, %d looks", out.Stored, out.Took, l.looks)
		}
	})
}

// After three refusals, the server is left to the run.
func TestPrimingLeavesRefusalsToTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &learner{store: rising, answer: func(n int) upload.Attempt {
			if n >= 4 {
				return upload.Attempt{Class: measure.Status, Status: 503, Detail: "busy"}
			}
			return upload.Attempt{Class: measure.Accepted, Status: 200}
		}}
		out, _ := l.prime(t.Context(), 50, time.Minute)
		if out.Sent != 6 || out.Accepted != 3 || out.Stored != 3 || out.Refused != "503 busy" ||
			out.Took > 2*time.Second {
			t.Errorf("%+v", out)
		}
	})
}

// If stored calls cannot be seen, calls are sent at a fixed pace.
func TestBlindPrimingKeepsItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &learner{store: func(int, bool) time.Duration { return -1 }, known: make(map[onePair]bool)}
		s := uploadtest.Scenario()
		p := &Primer{
			Traffic: traffic.New(s,
				traffic.Options{RunID: "abc", Start: time.Now(), Clips: uploadtest.Silence{}}),
			Uploader: l, Max: time.Minute,
			Every: 100 * time.Millisecond,
		}
		began := time.Now()
		out := p.Run(t.Context(), []int{0, 1, 2, 3, 4, 5})
		for i, at := range l.sent {
			if due := time.Duration(i) * 100 * time.Millisecond; at.Sub(began) != due {
				t.Errorf("call %d is sent at %v, want %v", i, at.Sub(began), due)
			}
		}
		if out.Sent != 6 || out.Accepted != 6 || len(out.Learned) != 6 || out.Stored != 0 || len(out.LearnTimes) != 0 {
			t.Errorf("%+v", out)
		}
	})
}
