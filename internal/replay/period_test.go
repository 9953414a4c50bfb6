package replay

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/rdio"
)

func local(day, hour, minute int) time.Time {
	return time.Date(2026, 11, day, hour, minute, 0, 0, time.Local)
}

func TestParsePeriod(t *testing.T) {
	for text, want := range map[string]Period{
		"":                                   {},
		"2026-11-21T18:00..2026-11-22T04:00": {From: local(21, 18, 0), To: local(22, 4, 0)},
		"2026-11-21 18:00 .. 2026-11-22 04:00:30": {
			From: local(21, 18, 0), To: local(22, 4, 0).Add(30 * time.Second),
		},
		"2026-11-21":                    {From: local(21, 0, 0), To: local(22, 0, 0)},
		"2026-11-21..2026-11-22":        {From: local(21, 0, 0), To: local(23, 0, 0)},
		"2026-11-21..":                  {From: local(21, 0, 0)},
		"..2026-11-21T06:30":            {To: local(21, 6, 30)},
		"2026-11-21T18:00Z..2026-11-22": {From: time.Date(2026, 11, 21, 18, 0, 0, 0, time.UTC), To: local(23, 0, 0)},
		"2026-11-21T18:00:00-05:00..":   {From: time.Date(2026, 11, 21, 23, 0, 0, 0, time.UTC)},
		"7d":                            {Last: 7 * 24 * time.Hour},
		"1.5d":                          {Last: 36 * time.Hour},
		"2w":                            {Last: 14 * 24 * time.Hour},
		"90m":                           {Last: 90 * time.Minute},
	} {
		got, err := ParsePeriod(text)
		if err != nil || !got.From.Equal(want.From) || !got.To.Equal(want.To) || got.Last != want.Last {
			t.Errorf("%q: %v, %v; want %v", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"last week":                          `"last week" is no day such as 2026-11-21, no time`,
		"2026-13-01":                         "no length such as 7d or 36h",
		"2026-11-21T18:00":                   "one moment",
		"2026-11-22..2026-11-20":             "ends before it begins",
		"2026-11-21T18:00..2026-11-21T18:00": "ends before it begins",
		"2026-11-21T18:00..7d":               `"7d" is a length, and stands for the last recordings if it is alone`,
		"7d..2026-11-21":                     `"7d" is a length`,
		"18:00..20:00":                       `"18:00" is no day`,
		"2026-11-21...2026-11-22":            `".2026-11-22" is no day`,
		"7":                                  `"7" has no unit: 7d is that many days, 7h hours`,
		"0":                                  `"0" has no unit`,
		"2026":                               `"2026" is no day`,
		"nan":                                `"nan" is no day`,
		"-7d":                                `"-7d" is no length that recordings can have`,
		"0d":                                 "no length that",
		"-90m":                               "no length that",
		"99999d":                             "no length that",
		"1e300w":                             "no length that",
		"NaNd":                               "is no day",
		"3weeks":                             "is no day",
		"1970-01-01..":                       "no recording has",
		"..":                                 "neither a beginning nor an end",
	} {
		if _, err := ParsePeriod(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want %q", text, err, want)
		}
	}
}

func FuzzParsePeriod(f *testing.F) {
	for _, text := range []string{"7d", "2026-11-21T18:00..2026-11-22T04:00", "..2026-11-21", "2026-11-21T18:00Z.."} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := ParsePeriod(text)
		if err != nil {
			return
		}
		if !p.From.IsZero() && !p.To.IsZero() && !p.From.Before(p.To) || p.Last < 0 {
			t.Errorf("%q: %v", text, p)
		}
	})
}

// spoken is a source of calls that began at some times, of which it knows at first only that they began within a
// minute before their ends.
type spoken struct {
	starts []time.Time
	asked  int
	closed bool
}

func (s *spoken) Index(_ context.Context, ix *Index) error {
	for i, at := range s.starts {
		ix.Add(Entry{
			Ref: uint64(i), Earliest: at.Add(-30 * time.Second), Latest: at.Add(30 * time.Second), Program: "spoken",
		}, nil)
	}
	return nil
}

func (s *spoken) Start(ref uint64) (time.Time, error) {
	s.asked++
	return s.starts[ref], nil
}

func (s *spoken) Read(uint64, []byte, *rdio.Call) ([]byte, error) { return nil, nil }

func (s *spoken) Name(ref uint64) string { return fmt.Sprint("call ", ref) }

func (s *spoken) Close() error {
	s.closed = true
	return nil
}

// What is chosen began within the period, to the millisecond, though it shows only by reading when that was; and only
// calls near its ends are read for that.
func TestOpenPeriod(t *testing.T) {
	s := &spoken{}
	for minute := range 600 {
		s.starts = append(s.starts, local(21, 12, minute))
	}
	began := fmt.Sprintf("they began from %s to %s", s.starts[0].UTC().Format(time.RFC3339),
		s.starts[599].UTC().Format(time.RFC3339))
	for text, want := range map[string]int{
		"2026-11-21T13:00..2026-11-21T14:00":           60,
		"2026-11-21T13:00:00..2026-11-21T13:00:01":     1,
		"2026-11-21T13:00:01..2026-11-21T13:00:20":     0,
		"2026-11-21T13:00:00.001..2026-11-21T13:01:01": 1,
		"1h":                 61,
		"2026-11-21":         600,
		"..2026-11-21T12:10": 10,
	} {
		p, err := ParsePeriod(text)
		if err != nil {
			t.Fatal(err)
		}
		s.asked, s.closed = 0, false
		a, err := OpenPeriod(t.Context(), p, s)
		if want == 0 {
			none := (*PeriodError)(nil)
			if !errors.As(err, &none) || !strings.HasSuffix(err.Error(), began) {
				t.Errorf("%s: error %v", text, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if a.Found() != want || a.Files() != want || a.Programs()["spoken"] != want || s.asked > 10 {
			t.Errorf("%s: found %d, %v, looked into %d; want %d", text, a.Found(), a.Programs(), s.asked, want)
		}
		if a.Len() != want {
			t.Errorf("%s: %d calls, want %d", text, a.Len(), want)
		}
		if err := a.Close(); err != nil || !s.closed {
			t.Errorf("%s: closed is %t: %v", text, s.closed, err)
		}
	}
}
