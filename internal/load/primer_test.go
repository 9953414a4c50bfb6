package load

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/measure"
)

// learner is a server on a fake clock that answers at once and stores later, one call after the other, each talkgroup
// slower than the one before it.
type learner struct {
	store  func(known int, again bool) time.Duration // how long it takes to store a call; negative: it is lost
	answer func(n int) Attempt                       // nil accepts all

	received int
	open     int // not stored
	most     int // of these at once
	known    map[onePair]bool
	queue    chan string
	sent     []time.Time
	looks    int
	fault    error // of looks
}

func (l *learner) Upload(_ context.Context, s *Slip) Attempt {
	l.received++
	l.sent = append(l.sent, time.Now())
	if l.answer != nil {
		if a := l.answer(l.received); a.Class != measure.Accepted {
			return a
		}
	}
	l.open++
	l.most = max(l.most, l.open)
	at := onePair{s.System, s.Talkgroup}
	took := l.store(len(l.known), l.known[at])
	name := strings.Clone(s.AudioName)
	if took >= 0 {
		time.AfterFunc(took, func() { l.queue <- name })
		l.known[at] = true
	}
	return Attempt{Class: measure.Accepted, Status: 200}
}

func (*learner) Close() {}

func (l *learner) look(_ context.Context, found func(string)) error {
	l.looks++
	if l.fault != nil {
		return l.fault
	}
	for {
		select {
		case name := <-l.queue:
			l.open--
			found(name)
		default:
			return nil
		}
	}
}

// prime primes a number of pairs.
func (l *learner) prime(ctx context.Context, n int, limit time.Duration) (Primed, *Primer) {
	l.known, l.queue = make(map[onePair]bool), make(chan string, 1000)
	s := testScenario()
	s.Systems = IDs{900}
	s.Talkgroups, _ = ParseIDs("1001-1200")
	p := &Primer{Traffic: NewTraffic(s, "abc", time.Now(), silence{}), Uploader: l, Max: limit, Look: l.look}
	pairs := make([]int, n)
	for i := range pairs {
		pairs[i] = i
	}
	return p.Run(ctx, pairs), p
}

// rising is a server that needs 50 ms for the first talkgroup, and 10 ms more for each that it knows.
func rising(known int, again bool) time.Duration {
	if again {
		return 20 * time.Millisecond
	}
	return 50*time.Millisecond + time.Duration(known)*10*time.Millisecond
}

// Each call is sent as soon as the one before it is stored, and neither sooner nor much later; what it costs shows.
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

// A call that is lost holds the others up for some seconds, once.
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

// A server that stores nothing has at most three calls to store, and is not waited for until the limit.
func TestPrimingGivesUpWhereNothingIsStored(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &learner{store: func(int, bool) time.Duration { return -1 }}
		out, _ := l.prime(t.Context(), 50, time.Minute)
		if out.Sent != primeMostLate || out.Stored != 0 || out.TimeUp || out.Took > 30*time.Second {
			t.Errorf("%d sent, %d stored in %v", out.Sent, out.Stored, out.Took)
		}
	})
}

// While the server stores calls of others, it is waited for until the limit.
func TestPrimingWaitsBehindOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		l := &learner{store: func(int, bool) time.Duration { return 40 * time.Second }}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for ctx.Err() == nil {
				if l.queue != nil {
					l.open++ // which look counts down
					l.queue <- "20261124_120000.000.mp3"
				}
				time.Sleep(time.Second)
			}
		}()
		out, _ := l.prime(ctx, 1, time.Minute)
		if out.Sent != 1 || out.Stored != 1 || out.Took < 40*time.Second || out.Took > 41*time.Second {
			t.Errorf("%d sent, %d stored in %v", out.Sent, out.Stored, out.Took)
		}
		cancel()
		<-done
	})
}

// A database that is locked for a while is looked at again.
func TestPrimingLooksAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &learner{store: rising, fault: errors.New("database is locked")}
		time.AfterFunc(4*time.Second, func() { l.fault = nil })
		out, _ := l.prime(t.Context(), 5, time.Minute)
		if out.Stored != 5 || out.Took < 4*time.Second || out.Took > 6*time.Second || l.looks > 110 {
			t.Errorf("%d stored in %v, %d looks", out.Stored, out.Took, l.looks)
		}
	})
}

// A server that refuses calls is left to the run after three of them.
func TestPrimingLeavesRefusalsToTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &learner{store: rising, answer: func(n int) Attempt {
			if n >= 4 {
				return Attempt{Class: measure.Status, Status: 503, Detail: "busy"}
			}
			return Attempt{Class: measure.Accepted, Status: 200}
		}}
		out, _ := l.prime(t.Context(), 50, time.Minute)
		if out.Sent != 6 || out.Accepted != 3 || out.Stored != 3 || out.Refused != "503 busy" || out.Took > 2*time.Second {
			t.Errorf("%+v", out)
		}
	})
}

// Where what is stored cannot be seen, calls keep to a pace.
func TestBlindPrimingKeepsItsPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := &learner{store: func(int, bool) time.Duration { return -1 }, known: make(map[onePair]bool)}
		s := testScenario()
		p := &Primer{
			Traffic: NewTraffic(s, "abc", time.Now(), silence{}), Uploader: l, Max: time.Minute, Every: 100 * time.Millisecond,
		}
		began := time.Now()
		out := p.Run(t.Context(), []int{0, 1, 2, 3, 4, 5})
		for i, at := range l.sent {
			if due := time.Duration(i) * 100 * time.Millisecond; at.Sub(began) != due {
				t.Errorf("call %d is sent at %v, want %v", i, at.Sub(began), due)
			}
		}
		if out.Sent != 6 || out.Accepted != 6 || len(out.Learned) != 6 || out.Stored != 0 || len(out.Lessons) != 0 {
			t.Errorf("%+v", out)
		}
	})
}
