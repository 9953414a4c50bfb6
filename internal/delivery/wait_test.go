package delivery

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/measure"
)

func TestMissingMeansMissing(t *testing.T) {
	const gap = 100 * time.Millisecond
	busyUntil := func(o Options, until time.Duration) Options {
		start := time.Now()
		o.Busy = func() bool { return time.Since(start) < until }
		return o
	}
	soonest := func(_ int, answered time.Duration) (time.Duration, bool) { return answered + 10*time.Millisecond, true }
	everySeventhLost := func(n int, answered time.Duration) (time.Duration, bool) { return answered, n%7 != 0 }
	tests := []struct {
		name string
		run  func() (waited, *planned)
		want string
		soon time.Duration // it must take no longer
	}{
		{
			"behind the backlog of another run", func() (waited, *planned) {
				queued := strangers(0, 200*time.Millisecond, 1100) // for 220 s
				for n := range 100 {
					queued = append(queued, plannedRow{220*time.Second + time.Duration(n)*200*time.Millisecond, own(n)})
				}
				return waited{calls: 100, gap: gap, options: patient()}, &planned{rows: queued}
			}, "stored 100, dropped 0, missing 0, pending 0; stored", 5 * time.Minute,
		},
		{
			"behind another one's for too long", func() (waited, *planned) {
				return waited{
						calls:   100,
						gap:     gap,
						options: Options{Timeout: 10 * time.Second, Max: 100 * time.Second},
					},
					&planned{
						rows: strangers(0, time.Second, 1000),
					}
			}, "stored 0, dropped 0, missing 0, pending 100; time_up", 3 * time.Minute,
		},
		{
			"behind one that only its log shows", func() (waited, *planned) {
				p := &planned{rows: stores(100, gap, func(n int, _ time.Duration) (time.Duration, bool) {
					return 200*time.Second + time.Duration(n)*gap, true
				})}
				for i := range 200 {
					p.lines = append(
						p.lines,
						plannedLine{
							time.Duration(i) * time.Second,
							"newcall: system=1 talkgroup=1 file=x.mp3 duplicate call rejected",
						},
					)
				}
				return waited{calls: 100, gap: gap, options: patient()}, p
			}, "stored 100, dropped 0, missing 0, pending 0; stored", 5 * time.Minute,
		},
		{
			"the server is at work and shows nothing", func() (waited, *planned) {
				p := &planned{rows: stores(100, gap, func(n int, _ time.Duration) (time.Duration, bool) {
					return 200*time.Second + time.Duration(n)*gap, true
				})}
				return waited{calls: 100, gap: gap, options: busyUntil(patient(), 200*time.Second)}, p
			}, "stored 100, dropped 0, missing 0, pending 0; stored", 5 * time.Minute,
		},
		{
			"every seventh is lost, and the server is idle", func() (waited, *planned) {
				return waited{
					calls:   700,
					gap:     gap,
					options: patient(),
				}, &planned{
					rows: stores(700, gap, everySeventhLost),
				}
			}, "stored 600, dropped 0, missing 100, pending 0; idle", 3 * time.Minute,
		},
		{
			// The last 10 s of the run, in which 14 are lost, are not overtaken by enough.
			"every seventh is lost, and others' calls come on", func() (waited, *planned) {
				rows := append(stores(700, gap, everySeventhLost), strangers(0, time.Second, 5000)...)
				return waited{calls: 700, gap: gap, options: patient()}, &planned{rows: rows}
			}, "stored 600, dropped 0, missing 86, pending 14; time_up", 12 * time.Minute,
		},
		{
			"an early one is lost, and others' calls come on", func() (waited, *planned) {
				rows := append(
					stores(
						300,
						gap,
						func(n int, answered time.Duration) (time.Duration, bool) { return answered, n != 10 },
					),
					strangers(0, time.Second, 5000)...)
				return waited{calls: 300, gap: gap, options: patient()}, &planned{rows: rows}
			}, "stored 299, dropped 0, missing 1, pending 0; overtaken", 2 * time.Minute,
		},
		{
			"all is stored at once", func() (waited, *planned) {
				return waited{
					calls:   100,
					gap:     gap,
					options: busyUntil(patient(), time.Hour),
				}, &planned{
					rows: stores(100, gap, soonest),
				}
			}, "stored 100, dropped 0, missing 0, pending 0; stored", 15 * time.Second,
		},
		{
			"stopped by the user", func() (waited, *planned) {
				rows := stores(
					400,
					gap,
					func(n int, answered time.Duration) (time.Duration, bool) { return 4 * answered, n != 10 },
				)
				return waited{calls: 400, gap: gap, options: patient(), stop: 100 * time.Second}, &planned{rows: rows}
			}, "stored 249, dropped 0, missing 1, pending 150; stopped", 110 * time.Second,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				run, p := tt.run()
				d, took := run.make(t, p)
				if got := inWords(d); got != tt.want {
					t.Errorf("got  %s\nwant %s", got, tt.want)
				}
				if took > tt.soon {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

// A server with several workers stores calls out of order, one of them late: none is missing, whenever the wait ends.
func TestOutOfOrder(t *testing.T) {
	for _, most := range []time.Duration{
		time.Second, 5 * time.Second, 20 * time.Second, 40 * time.Second,
		10 * time.Minute,
	} {
		synctest.Test(t, func(t *testing.T) {
			random := rand.New(rand.NewPCG(1, 2))
			rows := stores(400, 100*time.Millisecond, func(n int, answered time.Duration) (time.Duration, bool) {
				late := time.Duration(random.Int64N(int64(6 * time.Second)))
				if n%50 == 0 {
					late = 15 * time.Second
				}
				return 2*answered + late, true
			})
			o := patient()
			o.Max = most
			d, _ := waited{calls: 400, gap: 100 * time.Millisecond, options: o}.make(t, &planned{rows: rows})
			if *d.Missing != 0 || most > time.Minute && *d.Pending != 0 || most < 40*time.Second && *d.Pending == 0 {
				t.Errorf("after %v at most: %s", most, inWords(d))
			}
		})
	}
}

// What the server says that it did not store is not waited for, and its words are kept.
func TestReasonsOfTheServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const gap = 100 * time.Millisecond
		p := &planned{
			rows: stores(
				100,
				gap,
				func(n int, answered time.Duration) (time.Duration, bool) { return answered, n%10 != 0 },
			),
		}
		for n := 0; n < 100; n += 10 {
			words := "no matching system/talkgroup"
			if n < 30 {
				words = "duplicate call rejected"
			}
			p.lines = append(
				p.lines,
				plannedLine{time.Duration(n+1) * gap, "newcall: system=1 talkgroup=1 file=" + own(n) + " " + words},
			)
		}
		// Of calls that are stored, and of other runs', nothing counts.
		p.lines = append(p.lines,
			plannedLine{time.Second, "newcall: system=1 talkgroup=1 file=" + own(1) + " success"},
			plannedLine{time.Second, "newcall: system=1 talkgroup=1 file=" + own(2) + " blacklisted"},
			plannedLine{time.Second, "newcall: system=1 talkgroup=1 file=rs-otherrun-0000003.mp3 blacklisted"})
		d, took := waited{calls: 100, gap: gap, options: patient()}.make(t, p)
		if got, want := inWords(d), "stored 90, dropped 3, missing 7, pending 0; stored"; got != want ||
			took > 25*time.Second {
			t.Errorf("after %v\ngot  %s\nwant %s", took, got, want)
		}
		want := []measure.Reason{
			{Reason: "no matching system/talkgroup", Fate: "missing", Count: 7, Example: plannedPattern + "0000030"},
			{Reason: "duplicate call rejected", Fate: "dropped", Count: 3, Example: plannedPattern + "0000000"},
		}
		if !slices.Equal(d.Reasons, want) {
			t.Errorf("reasons %+v", d.Reasons)
		}
		if want := plannedPattern +
			"0000030: missing; the server's log says: no matching system/talkgroup"; !slices.Contains(
			d.Examples,
			want,
		) {
			t.Errorf("examples %q", d.Examples)
		}
	})
}

// What a log says of a call before the server stores it takes no call away, whatever its words.
func TestWordsBeforeStoring(t *testing.T) {
	const gap = 100 * time.Millisecond
	for _, words := range []string{
		"not a duplicate: %s", "duplicate check of %s", "maybe a duplicate: %s", "newcall: file=%s converting",
	} {
		t.Run(words, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &planned{rows: stores(100, gap, func(_ int, answered time.Duration) (time.Duration, bool) {
					return answered + 5*time.Second, true
				})}
				for n := range 100 {
					p.lines = append(p.lines, plannedLine{time.Duration(n+1) * gap, fmt.Sprintf(words, own(n))})
				}
				// Others' calls come on: their server is never idle.
				p.rows = append(p.rows, strangers(0, time.Second, 5000)...)
				d, took := waited{calls: 100, gap: gap, options: patient()}.make(t, p)
				const want = "stored 100, dropped 0, missing 0, pending 0; stored"
				if got := inWords(d); got != want || took > 30*time.Second {
					t.Errorf("after %v\ngot  %s\nwant %s", took, got, want)
				}
			})
		})
	}
}

// A server's text log tells as its log table does.
func TestReasonsOfATextLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const gap = 100 * time.Millisecond
		p := &planned{
			rows: stores(
				50,
				gap,
				func(n int, answered time.Duration) (time.Duration, bool) { return answered, n != 7 },
			),
		}
		o := patient()
		o.Log = &spoken{lines: []string{
			"2026/11/24 12:00:00 controller.ingestcall: calls.writecall: disk full in INSERT INTO \"calls\" VALUES " +
				"(?, '" + own(
				7,
			) + "', 1)",
		}}
		d, took := waited{calls: 50, gap: gap, options: o}.make(t, p)
		if got, want := inWords(d), "stored 49, dropped 0, missing 1, pending 0; stored"; got != want ||
			took > 20*time.Second {
			t.Errorf("after %v: %s", took, got)
		}
		if len(d.Reasons) != 1 || d.Reasons[0].Reason != "controller.ingestcall: calls.writecall: disk full" {
			t.Errorf("reasons %+v", d.Reasons)
		}
	})
}

// spoken is a log whose lines come with the third reading.
type spoken struct {
	lines []string
	reads int
}

func (s *spoken) Read(each func(string)) error {
	if s.reads++; s.reads == 3 {
		for _, line := range s.lines {
			each(line)
		}
	}
	return nil
}

// Where what is stored cannot be read in the end, what was seen before stands, and the rest is pending.
func TestLastGoodLook(t *testing.T) {
	const gap = 100 * time.Millisecond
	synctest.Test(t, func(t *testing.T) {
		p := &planned{
			rows: stores(
				100,
				gap,
				func(_ int, answered time.Duration) (time.Duration, bool) { return 2 * answered, true },
			),
			broken: func(at time.Duration) error {
				if at > 8*time.Second {
					return fmt.Errorf("database is locked")
				}
				return nil
			},
		}
		o := patient()
		o.Max = 20 * time.Second
		d, _ := waited{calls: 100, gap: gap, options: o}.make(t, p)
		if got, want := inWords(d), "stored 40, dropped 0, missing 0, pending 60; time_up"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		if d.AsOfS == nil || *d.AsOfS != 8 || *d.AgeS != 22 || d.Unread != "database is locked" {
			t.Errorf("as of %v, %v old: %q", d.AsOfS, d.AgeS, d.Unread)
		}
		if d.BacklogEnd == nil || *d.BacklogEnd != 60 {
			t.Errorf("a backlog of %v at the end", *d.BacklogEnd)
		}
	})
	synctest.Test(t, func(t *testing.T) { // it could never be read
		p := &planned{broken: func(time.Duration) error { return fmt.Errorf("database is locked") }}
		o := patient()
		o.Max = 20 * time.Second
		d, _ := waited{calls: 100, gap: gap, options: o}.make(t, p)
		if got, want := inWords(d),
			"failed: looking at a server of the test's failed: database is locked"; got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	})
	synctest.Test(t, func(t *testing.T) { // for a while: nothing is lost by it
		p := &planned{
			rows: stores(100, gap, func(_ int, answered time.Duration) (time.Duration, bool) { return answered, true }),
			broken: func(at time.Duration) error {
				if at > 5*time.Second && at < 2*time.Minute {
					return fmt.Errorf("database is locked")
				}
				return nil
			},
		}
		d, took := waited{calls: 100, gap: gap, options: patient()}.make(t, p)
		if got, want := inWords(d), "stored 100, dropped 0, missing 0, pending 0; stored"; got != want ||
			d.Unread != "" {
			t.Errorf("after %v: %s", took, got)
		}
	})
}
