package replay

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"rdiostress/internal/rdio"
)

// told is a source whose calls are known by their starts, or, where a length is given, by their ends.
type told []toldCall

type toldCall struct {
	start  time.Time
	unsure time.Duration
	bad    error // of Start or Read
}

func (s told) Index(_ context.Context, ix *Index) error {
	for i, c := range s {
		ix.Add(Entry{Ref: uint64(i), Earliest: c.start.Add(-c.unsure), Latest: c.start.Add(c.unsure), Program: "told"},
			func() string { return s.Name(uint64(i)) })
	}
	return nil
}

func (s told) Start(ref uint64) (time.Time, error) { return s[ref].start, s[ref].bad }

func (s told) Read(ref uint64, buf []byte, c *rdio.Call) ([]byte, error) {
	*c = rdio.Call{Talkgroup: int64(ref + 1)}
	return append(buf[:0], "audio"...), s[ref].bad
}

func (s told) Name(ref uint64) string { return fmt.Sprint("call ", ref) }

// Calls come in the order of their starts, whatever is known of them beforehand, and from all sources.
func TestArchiveOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	first := time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)
	var sources []Source
	var want []int64
	for range 3 {
		var s told
		for range 200 {
			start := first.Add(time.Duration(r.IntN(3_600_000)) * time.Millisecond)
			s = append(s, toldCall{start: start, unsure: time.Duration(r.IntN(3)) * 20 * time.Second})
			want = append(want, start.UnixMilli())
		}
		sources = append(sources, s)
	}
	slices.Sort(want)
	a, err := Open(t.Context(), sources...)
	if err != nil {
		t.Fatal(err)
	}
	var c rdio.Call
	for n, at := range want {
		due, ok := a.Due(n)
		if !ok || a.Start(n).UnixMilli() != at || due < a.Start(n).Sub(a.Began()) {
			t.Fatalf("call %d began %v, due %v: want %v", n, a.Start(n), due, time.UnixMilli(at))
		}
		if audio, err := a.Read(n, nil, &c); err != nil || string(audio) != "audio" || c.Time.UnixMilli() != at {
			t.Fatalf("call %d: %q, %v of %v", n, audio, err, c.Time)
		}
	}
	if _, ok := a.Due(len(want)); ok || a.Len() != len(want) || a.Found() != len(want) {
		t.Errorf("%d of %d calls, want %d", a.Len(), a.Found(), len(want))
	}
	if _, err := a.Read(len(want), nil, &c); ReasonOf(err) != CannotBeRead {
		t.Errorf("beyond the last call: %v", err)
	}
	if span := time.Duration(want[len(want)-1]-want[0]) * time.Millisecond; a.Span() != span {
		t.Errorf("span %v, want %v", a.Span(), span)
	}
}

// Calls of one second, of which no more is known, are spread over it.
func TestArchiveSpreadsASecond(t *testing.T) {
	at := time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)
	a, err := Open(t.Context(), told{{start: at}, {start: at}, {start: at}, {start: at}})
	if err != nil {
		t.Fatal(err)
	}
	for n := range 4 {
		if due, ok := a.Due(n); !ok || due != time.Duration(n)*250*time.Millisecond {
			t.Errorf("call %d is due %v", n, due)
		}
	}
}

// What cannot be sent is counted by its reason and named, and what remains is sent.
func TestArchiveSkips(t *testing.T) {
	at := time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)
	encrypted := Skipf(Encrypted, "encrypted")
	a, err := Open(t.Context(), told{
		{start: at, unsure: time.Second, bad: encrypted},
		{start: at.Add(time.Minute), unsure: time.Second, bad: fs.ErrPermission},
		{start: at.Add(2 * time.Minute)},
		{start: at.Add(3 * time.Minute), unsure: time.Second},
		{start: at.AddDate(-7, 0, 0)},
		{start: time.Unix(0, 0)},
	})
	if err != nil {
		t.Fatal(err)
	}
	if a.Len() != 2 || a.Files() != 6 || a.Name(0) != "call 2" {
		t.Errorf("%d of %d calls, the first is %s", a.Len(), a.Files(), a.Name(0))
	}
	c, err := a.First()
	if err != nil || c.Talkgroup != 3 {
		t.Errorf("first call %+v, %v", c, err)
	}
	var got []string
	for _, f := range a.Skipped() {
		got = append(got, fmt.Sprintf("%d %s (%s, lost %t): %s: %s", f.Count, f.Reason, f.Reason.Describe(),
			f.Reason.IsLoss(), f.Examples[0].Name, f.Examples[0].Why))
	}
	want := []string{
		"1 cannot_be_read (cannot be read, lost true): call 1: permission denied",
		"1 encrypted (encrypted, lost false): call 0: encrypted",
		"1 no_time (without a time, lost true): call 5: it has no time of a call: 1970-01-01T00:00:00Z",
		"1 years_off (half a year or more from the others, lost true): call 4: it is of 2019-11-21, half a year or " +
			"more from the others, most of which begin 2026-11-21",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
}

// What is far from the other recordings is left out if it is little, as after a clock that was not set; never if it is
// much, as of a second recorder, or if it is what a period asks for.
func TestFarOff(t *testing.T) {
	at := time.Date(2026, 3, 1, 18, 0, 0, 0, time.UTC)
	calls := func(n int, at time.Time) (s told) {
		for i := range n {
			s = append(s, toldCall{start: at.Add(time.Duration(i) * time.Minute)})
		}
		return s
	}
	never := Period{}
	for name, tt := range map[string]struct {
		calls  []told
		period Period
		want   int // that are sent
		off    int // that are named as too far off
	}{
		"one of four":              {[]told{calls(3, at), calls(1, at.AddDate(-3, 0, 0))}, never, 3, 1},
		"one of three":             {[]told{calls(2, at), calls(1, at.AddDate(-3, 0, 0))}, never, 3, 0},
		"alone in the future":      {[]told{calls(9, at), calls(1, at.AddDate(3, 0, 0))}, never, 9, 1},
		"under 5 %":                {[]told{calls(97, at), calls(4, at.AddDate(0, -7, 0))}, never, 97, 4},
		"5 %":                      {[]told{calls(95, at), calls(5, at.AddDate(0, -7, 0))}, never, 100, 0},
		"a second recorder's 41 %": {[]told{calls(59, at), calls(41, at.AddDate(-1, 0, 0))}, never, 100, 0},
		"a second recorder's, and one of a wrong clock": {
			[]told{calls(59, at), calls(40, at.AddDate(-1, 0, 0)), calls(1, at.AddDate(5, 0, 0))}, never, 99, 1,
		},
		"each alone": {
			[]told{calls(1, at), calls(1, at.AddDate(1, 0, 0)), calls(1, at.AddDate(2, 0, 0))}, never, 3, 0,
		},
		"nearer than that": {[]told{calls(99, at), calls(1, at.AddDate(0, -5, 0))}, never, 100, 0},
		"a period of the few": {
			[]told{calls(97, at), calls(2, at.AddDate(-1, 0, 0))},
			Period{From: at.AddDate(-1, 0, -1), To: at.AddDate(-1, 0, 1)},
			2, 0,
		},
		"a period with both": {
			[]told{calls(97, at), calls(2, at.AddDate(-1, 0, 0))}, Period{From: at.AddDate(-1, 0, -1)}, 97, 2,
		},
		"the last, beside a wrong clock": {
			[]told{calls(97, at), calls(2, at.AddDate(9, 0, 0))}, Period{Last: time.Hour}, 61, 2,
		},
	} {
		var sources []Source
		for _, s := range tt.calls {
			sources = append(sources, s)
		}
		a, err := OpenPeriod(t.Context(), tt.period, sources...)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		off := 0
		for _, f := range a.Skipped() {
			if f.Reason == FarOff {
				off += int(f.Count)
			}
		}
		if a.Len() != tt.want || off != tt.off {
			t.Errorf("%s: %d calls, %d far off; want %d and %d", name, a.Len(), off, tt.want, tt.off)
		}
	}
}

// An archive of which nothing can be sent says why.
func TestArchiveIsEmpty(t *testing.T) {
	at := time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC)
	bad := Skipf(BadSidecar, "its sidecar is not JSON")
	for want, s := range map[string]told{
		"there are no recorded calls": {},
		"none of 2 recordings can be sent: call 0: its sidecar is not JSON": {
			{start: at, unsure: time.Second, bad: bad}, {start: at, unsure: time.Second, bad: bad},
		},
		"no recorded call can be read: call 0: it has no time of a call: 1970-01-01T00:00:00Z": {
			{start: time.Unix(0, 0)},
		},
	} {
		_, err := Open(t.Context(), s)
		if empty := (*EmptyError)(nil); !errors.As(err, &empty) || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	// Its start is known, so that it shows only when it is read.
	a, err := Open(t.Context(), told{{start: at, bad: bad}})
	if err != nil {
		t.Fatal(err)
	}
	const want = "none of 1 recordings can be sent: call 0: its sidecar is not JSON"
	if _, err := a.First(); err == nil || err.Error() != want {
		t.Errorf("first call: %v", err)
	}
}

// Examples are few, however often something is skipped, and lists can be joined.
func TestSkippedIsBounded(t *testing.T) {
	var s Skipped
	for i := range 100 {
		s.Add(fmt.Sprint("call ", i), Skipf(NoAudio, "there is no audio beside it"))
	}
	list := AddSkipped(s.List(), SkippedFor{Reason: NoAudio, Count: 2, Examples: []Example{{"more", "why"}}})
	list = AddSkipped(list, SkippedFor{Reason: TooLarge, Count: 1, Examples: []Example{{"large", "why"}}})
	if len(list) != 2 || list[0].Count != 102 || len(list[0].Examples) != maxExamples || list[1].Reason != TooLarge {
		t.Errorf("%+v", list)
	}
	seen := make(map[string]Reason)
	for _, r := range []Reason{
		Encrypted, PartOfCall, NotACall, NoAudio, BadAudio, TooLarge, BadSidecar, NoTalkgroup, NoTime, FarOff,
		CannotBeRead,
	} {
		if other, known := seen[r.Describe()]; known {
			t.Errorf("%s and %s are described alike", r, other)
		}
		seen[r.Describe()] = r
	}
	if ParseID("12") != 12 || ParseID("0") != 0 || ParseID("-3") != 0 || ParseID("99999999999999999999") != 0 ||
		ParseID("Elm") != 0 || ParseID("") != 0 || ValidID(rdio.MaxID) != rdio.MaxID || ValidID(rdio.MaxID+1) != 0 {
		t.Error("what is no number of a talkgroup is taken for one")
	}
	if !IsID(1) || IsID(0) || IsID(rdio.MaxID+1) {
		t.Error("numbers of talkgroups begin at 1 and end at the largest")
	}
}
