package measure

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// failureKinds counts failed uploads by kind. There are few kinds, so a linear search finds them.
type failureKinds []failureKind

type failureKind struct {
	class       Class
	status      uint16
	count       uint64
	first, last time.Duration
	sample      string
}

// add counts a failed upload.
func (f *failureKinds) add(o *Outcome) {
	f.count(failureKind{class: o.Class, status: o.Status, count: 1, first: o.Done, last: o.Done, sample: o.Detail})
}

// merge adds the counts of o.
func (f *failureKinds) merge(o failureKinds) {
	for _, one := range o {
		f.count(one)
	}
}

func (f *failureKinds) count(one failureKind) {
	for i := range *f {
		have := &(*f)[i]
		if have.class != one.class || have.status != one.status {
			continue
		}
		have.count += one.count
		have.last = max(have.last, one.last)
		if one.first < have.first {
			have.first, have.sample = one.first, one.sample
		}
		return
	}
	*f = append(*f, one)
}

// counts returns the failures by kind, the most frequent first; nil without any.
func (f failureKinds) counts() []FailureCount {
	if len(f) == 0 {
		return nil
	}
	list := make([]FailureCount, len(f))
	for i, one := range f {
		list[i] = FailureCount{Class: one.class, Status: one.status, Count: one.count}
	}
	slices.SortFunc(list, func(a, b FailureCount) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Status, b.Status))
	})
	return list
}

// ofPoint returns the failures of an interval, the most frequent first; nil without any.
func (f failureKinds) ofPoint() []PointFailure {
	var list []PointFailure
	for i, one := range f.counts() {
		if i == mostPointFailures {
			break
		}
		list = append(list, PointFailure{Class: one.Class.String(), Status: int(one.Status), Count: one.Count})
	}
	return list
}

// report summarises the failures, the most frequent first. Every failed upload is in exactly one member of Errors.
func (f failureKinds) report() (Errors, []ErrorDetail) {
	errs := Errors{HTTP: make(map[string]uint64)}
	details := make([]ErrorDetail, 0, len(f))
	for _, one := range f {
		parent := parentOf(one.class, one.status)
		switch parent {
		case ParentTimeout:
			errs.Timeout += one.count
		case ParentHTTP:
			errs.HTTP[strconv.Itoa(int(one.status))] += one.count
		case ParentRejected:
			errs.Rejected += one.count
		case ParentConnection, ParentNone: // every failure has a parent
			errs.Connection += one.count
		}
		details = append(details, ErrorDetail{
			Class: one.class.String(), Parent: string(parent), Status: int(one.status), Count: one.count,
			FirstS: one.first.Seconds(), LastS: one.last.Seconds(), Sample: one.sample,
		})
	}
	slices.SortFunc(details, func(a, b ErrorDetail) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Status, b.Status))
	})
	return errs, details
}
