package replay

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Period is a part of the time that recordings are of. The zero value is all of it.
type Period struct {
	From time.Time     // the first moment; zero: from the first recording on
	To   time.Time     // the end, which is not part of it; zero: to the last recording
	Last time.Duration // before the last recording, in place of From and To; 0: those count
}

// ParsePeriod reads a period:
//
//	2026-11-21T18:00..2026-11-22T04:00   from one time to another; either may be left out
//	2026-11-21..2026-11-27               from the beginning of a day to the end of another
//	2026-11-21                           a day
//	2w, 7d, 36h, 90m                     the last of the recordings
//
// Times are local unless they end with Z or an offset. An empty text is all of the time.
func ParsePeriod(text string) (Period, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		return Period{}, nil
	}
	from, to, isRange := strings.Cut(text, "..")
	if !isRange {
		if last, ok, err := parseLast(text); ok || err != nil {
			return Period{Last: last}, err
		}
		to = from
	}
	var p Period
	var errFrom, errTo error
	if from != "" {
		p.From, _, errFrom = parseMoment(from)
	}
	if to != "" {
		_, p.To, errTo = parseMoment(to)
	}
	switch {
	case errFrom != nil:
		return Period{}, errFrom
	case errTo != nil:
		return Period{}, errTo
	case from == "" && to == "":
		return Period{}, fmt.Errorf("%q has neither a beginning nor an end", text)
	case !isRange && !p.To.After(p.From):
		return Period{}, fmt.Errorf("%q is one moment: write a day, or two times with .. between them", text)
	case !p.From.IsZero() && !p.To.IsZero() && !p.To.After(p.From):
		return Period{}, fmt.Errorf("%q ends before it begins", text)
	}
	return p, nil
}

// maxLast is longer than there have been recordings.
const maxLast = 36525 * 24 * time.Hour

// parseLast reads the length of the last part of the recordings. It reports whether the text is one; the error is about
// one that cannot be meant.
func parseLast(text string) (last time.Duration, ok bool, err error) {
	last, ok = parseLength(text)
	if n, err := strconv.ParseFloat(text, 64); err == nil && !ok && n >= 0 && n < 1000 { // more is a year or a date
		return 0, false, fmt.Errorf("%q has no unit: %[1]sd is that many days, %[1]sh hours", text)
	}
	if ok && (last <= 0 || last > maxLast) {
		return 0, false, fmt.Errorf("%q is no length that recordings can have", text)
	}
	return last, ok, nil
}

// parseLength reads a length of time: weeks, days, or what [time.ParseDuration] reads. It reports whether the text is
// one.
func parseLength(text string) (time.Duration, bool) {
	day := 24 * time.Hour
	for suffix, unit := range map[string]time.Duration{"d": day, "w": 7 * day} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			n, err := strconv.ParseFloat(number, 64)
			if err != nil || n != n {
				return 0, false
			}
			return time.Duration(max(-1, min(n*float64(unit), 2*float64(maxLast)))), true
		}
	}
	d, err := time.ParseDuration(text)
	return d, err == nil && strings.Trim(text, "+-0.") != ""
}

// parseMoment reads a time or a day. It returns the first moment of it and the one after it: those of a day are a day
// apart, those of a time are the same.
func parseMoment(text string) (first, after time.Time, err error) {
	text = strings.TrimSpace(text)
	if day, err := time.ParseInLocation(time.DateOnly, text, time.Local); err == nil {
		return checkMoment(text, day, day.AddDate(0, 0, 1))
	}
	if at, ok := ParseTime(text); ok {
		return checkMoment(text, at, at)
	}
	if _, ok := parseLength(text); ok {
		return first, after, fmt.Errorf("%q is a length, and stands for the last recordings if it is alone: "+
			"a beginning and an end are days or times", text)
	}
	return first, after, fmt.Errorf("%q is no day such as 2026-11-21, no time such as 2026-11-21T18:00, and no length "+
		"such as 7d or 36h", text)
}

func checkMoment(text string, first, after time.Time) (time.Time, time.Time, error) {
	if !IsTime(first) {
		return first, after, fmt.Errorf("%q is a time that no recording has", text)
	}
	return first, after, nil
}

// ParseTime reads a date with a time of day, as RFC 3339 or without an offset, which is local time; seconds may be
// left out.
func ParseTime(text string) (time.Time, bool) {
	if len(text) > 10 && text[10] == ' ' {
		text = text[:10] + "T" + text[11:]
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02T15:04Z07:00"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04"} {
		if at, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// contains reports whether a call that began at some Unix millisecond is in the period, which has no Last.
func (p Period) contains(ms int64) bool {
	return (p.From.IsZero() || ms >= p.From.UnixMilli()) && (p.To.IsZero() || ms < p.To.UnixMilli())
}

// PeriodError says that no recording is of the period that was asked for.
type PeriodError struct {
	First, Last time.Time // when the first and the last recording began
}

// Error implements error.
func (e *PeriodError) Error() string {
	return fmt.Sprintf("no recorded call began in that period: they began from %s to %s",
		e.First.UTC().Format(time.RFC3339), e.Last.UTC().Format(time.RFC3339))
}

// choose leaves out the entries that are not of a period. When exactly a call began is only asked where the beginning
// or the end of the period may lie before or after it.
func (a *Archive) choose(p Period) error {
	if p == (Period{}) {
		return nil
	}
	if p.Last > 0 {
		p.From = time.UnixMilli(a.lastStart()).Add(-p.Last)
	}
	kept := a.entries[:0]
	for _, e := range a.entries {
		in := p.contains(e.at)
		if in != p.contains(e.at+int64(e.unsure)) || !in && p.between(e) {
			at, err := a.start(&e)
			if in = err != nil || p.contains(at); err == nil { // what cannot be read is named when its turn comes
				e.at, e.unsure = at, 0
			}
		}
		if in {
			kept = append(kept, e)
		} else {
			a.made[e.program]--
			a.files--
		}
	}
	if len(kept) == 0 { // so that all entries are as they were
		first, last := a.firstStart(), a.lastStart()
		return &PeriodError{time.UnixMilli(first), time.UnixMilli(last)}
	}
	slices.SortFunc(kept, compareEntries)
	a.entries = slices.Clone(kept)
	return nil
}

// firstStart returns when the first recording began that can be read, in Unix milliseconds.
func (a *Archive) firstStart() int64 {
	first, found := a.entries[0].at, false
	for i := range a.entries {
		if e := &a.entries[i]; !found || e.at < first {
			if start, err := a.start(e); err == nil && (!found || start < first) {
				first, found = start, true
			}
		} else {
			break
		}
	}
	return first
}

// between reports whether the period is shorter than the uncertainty of an entry, and within it.
func (p Period) between(e entry) bool {
	return !p.From.IsZero() && p.From.UnixMilli() >= e.at && p.From.UnixMilli() <= e.at+int64(e.unsure)
}

// Close closes the sources that can be closed. Nothing can be read afterwards.
func (a *Archive) Close() error {
	var errs []error
	for _, s := range a.sources {
		if c, ok := s.(interface{ Close() error }); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}
