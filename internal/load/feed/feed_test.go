package feed

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"rdiostress/internal/rdio"
)

const (
	ms     = time.Millisecond
	second = time.Second
)

// taken returns the calls that a feed sends and drops at a time.
func taken(f *Feed[int], now time.Duration) (sent, dropped []int) {
	f.Take(now, func(c Call[int], send bool) {
		if send {
			sent = append(sent, c.Value)
		} else {
			dropped = append(dropped, c.Value)
		}
	})
	return sent, dropped
}

func check(t *testing.T, what string, got, want []int) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// connect makes the first connection test of a feed pass.
func connect(t *testing.T, f *Feed[int], now time.Duration) {
	t.Helper()
	if !f.Poll(now) {
		t.Fatal("no connection test")
	}
	f.Tested(now, true)
}

// SDRTrunk sends what waits twice a second, all at once.
func TestPolls(t *testing.T) {
	f := New[int](rdio.SDRTrunk.Habits(), 30*ms)
	for from, want := range map[time.Duration]time.Duration{
		0: 30 * ms, 30 * ms: 30 * ms, 31 * ms: 530 * ms, 530 * ms: 530 * ms, 530*ms + 1: 1030 * ms,
	} {
		if got := f.NextPoll(from); got != want {
			t.Errorf("the first poll from %v on is at %v, want %v", from, got, want)
		}
	}
	connect(t, f, 30*ms)
	for i, due := range []time.Duration{100 * ms, 200 * ms, 530 * ms, 531 * ms} {
		f.Offer(i, due-second, due)
	}
	var ready []time.Duration
	f.Take(530*ms, func(c Call[int], _ bool) { ready = append(ready, c.Ready) })
	if !slices.Equal(ready, []time.Duration{530 * ms, 530 * ms, 530 * ms, 1030 * ms}) {
		t.Errorf("ready at %v", ready) // the caller offers calls when they are due
	}
	if got := f.Figures(second); got.LargestBurst != 4 || got.Tests != 1 || got.TestsPassed != 1 || got.Pauses != 0 {
		t.Errorf("figures %+v", got)
	}
}

// Before the first connection test has passed, nothing is sent. Tests are more than five seconds apart.
func TestNeverConnected(t *testing.T) {
	f := New[int](rdio.SDRTrunk.Habits(), 0)
	f.Offer(1, 0, 0)
	var tests []time.Duration
	for now := time.Duration(0); now < 12*second; now = f.NextPoll(now + 1) {
		if f.Poll(now) {
			tests = append(tests, now)
			if f.Poll(now) {
				t.Error("two tests at the same time")
			}
			f.Tested(now+20*ms, false)
		}
		sent, dropped := taken(f, now)
		check(t, "sent", sent, nil)
		check(t, "dropped", dropped, nil)
	}
	if want := []time.Duration{0, 5500 * ms, 11 * second}; !slices.Equal(tests, want) {
		t.Errorf("tests at %v, want %v", tests, want)
	}
	if got := f.Figures(12 * second); got.Tests != 3 || got.TestsPassed != 0 || got.Paused != 12*second {
		t.Errorf("figures %+v", got)
	}
}

// A failed upload stops all uploads until a test passes: at the next poll where the last test is long ago.
func TestPauseAfterAFailure(t *testing.T) {
	f := New[int](rdio.SDRTrunk.Habits(), 0)
	connect(t, f, 0)
	f.Offer(1, 9*second, 10*second)
	f.Failed(10*second + 100*ms)
	f.Failed(10*second + 200*ms) // another upload that was under way
	sent, _ := taken(f, 10*second+200*ms)
	check(t, "sent while it is stopped", sent, nil)
	if !f.Poll(10*second + 500*ms) {
		t.Fatal("no test at the next poll")
	}
	sent, _ = taken(f, 10*second+510*ms)
	check(t, "sent during the test", sent, nil)
	f.Tested(10*second+600*ms, true)
	sent, _ = taken(f, 10*second+600*ms)
	check(t, "sent after the test", sent, []int{1})
	f.Failed(11 * second) // soon after a test: the next one is 5 s after it
	for now := f.NextPoll(11 * second); now <= 15*second+500*ms; now += 500 * ms {
		if f.Poll(now) {
			t.Errorf("a test at %v", now)
		}
	}
	if !f.Poll(16 * second) {
		t.Error("no test 5 s after the last")
	}
	f.Tested(16*second, true)
	if got := f.Figures(20 * second); got.Pauses != 2 || got.Paused != 500*ms+5*second {
		t.Errorf("figures %+v", got)
	}
}

// What began more than ten minutes ago is dropped, whether or not the program is connected; the rest is sent at once.
func TestOldCallsAreDropped(t *testing.T) {
	f := New[int](rdio.SDRTrunk.Habits(), 0)
	connect(t, f, 0)
	f.Failed(second)
	for i := range 15 {
		due := time.Duration(i+1) * time.Minute
		f.Offer(i, due-5*second, due)
	}
	sent, dropped := taken(f, 12*time.Minute)
	check(t, "sent while it is stopped", sent, nil)
	check(t, "dropped after 12 minutes", dropped, []int{0, 1})
	f.Poll(15 * time.Minute)
	f.Tested(15*time.Minute, true)
	sent, dropped = taken(f, 15*time.Minute)
	check(t, "sent after 15 minutes", sent, []int{5, 6, 7, 8, 9, 10, 11, 12, 13, 14})
	check(t, "dropped after 15 minutes", dropped, []int{2, 3, 4})
	if got := f.Figures(15 * time.Minute); got.Outdated != 5 || got.LargestBurst != 10 || f.Waiting() != 0 {
		t.Errorf("figures %+v, %d wait", got, f.Waiting())
	}
}

// The others send a call when it is due, and an earlier failure does not matter.
func TestClientsWithoutAQueue(t *testing.T) {
	for _, c := range []rdio.Client{rdio.TrunkRecorder, rdio.TrunkRecorder52, rdio.Voxcall, rdio.RdioScanner} {
		f := New[int](c.Habits(), 0)
		if f.Poll(0) || f.NextPoll(123*ms) != 123*ms {
			t.Errorf("%v tests or waits", c)
		}
		f.Failed(0)
		f.Offer(1, 0, ms)
		sent, _ := taken(f, time.Hour)
		check(t, c.String(), sent, []int{1})
		if !f.Connected() {
			t.Errorf("%v has stopped", c)
		}
	}
}

// Calls leave in the order in which they came, each once, whatever happens.
func TestOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		f := New[int](rdio.SDRTrunk.Habits(), time.Duration(rng.IntN(500))*ms)
		var now time.Duration
		next, want := 0, 0
		for range 2_000 {
			now += time.Duration(rng.IntN(int(3 * second)))
			switch rng.IntN(5) {
			case 0:
				f.Failed(now)
			case 1:
				if f.Poll(now) {
					f.Tested(now, rng.IntN(3) > 0)
				}
			case 2, 3:
				f.Offer(next, now-second, now)
				next++
			default:
				f.Take(now, func(c Call[int], send bool) {
					if c.Value != want || send != (now-c.Began <= 10*time.Minute) || send && !f.Connected() {
						t.Fatalf("call %d, sent %t at %v, began %v; want call %d", c.Value, send, now, c.Began, want)
					}
					want++
				})
			}
		}
		if uint64(next-want) != f.Waiting() {
			t.Fatalf("%d wait, want %d", f.Waiting(), next-want)
		}
	}
}
