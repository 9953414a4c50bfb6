package measure

import (
	"cmp"
	"slices"
	"strconv"
	"time"
)

// Failure is a kind of failed uploads. Its times are since the start of the run.
type Failure struct {
	FailureCount
	First, Last time.Duration
	Sample      string // Detail of the first; may be empty
}

// failureKinds counts failed uploads by kind. There are few kinds, so a linear search finds them.
type failureKinds []Failure

// add counts a failed upload.
func (f *failureKinds) add(o *Outcome) {
	f.count(Failure{FailureCount{o.Class, o.Status, 1}, o.Done, o.Done, o.Detail})
}

// merge adds the counts of o.
func (f *failureKinds) merge(o failureKinds) {
	for _, one := range o {
		f.count(one)
	}
}

func (f *failureKinds) count(one Failure) {
	for i := range *f {
		have := &(*f)[i]
		if have.Class != one.Class || have.Status != one.Status {
			continue
		}
		have.Count += one.Count
		have.Last = max(have.Last, one.Last)
		if one.First < have.First {
			have.First, have.Sample = one.First, one.Sample
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
		list[i] = one.FailureCount
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

// ReportFailures summarises failures, of which each kind is there once, the most frequent first. Every failed upload is
// in exactly one member of Errors.
func ReportFailures(list []Failure) (Errors, []ErrorDetail) {
	errs := Errors{HTTP: make(map[string]uint64)}
	details := make([]ErrorDetail, 0, len(list))
	for _, one := range list {
		parent := one.Parent()
		switch parent {
		case ParentTimeout:
			errs.Timeout += one.Count
		case ParentHTTP:
			errs.HTTP[strconv.Itoa(int(one.Status))] += one.Count
		case ParentRejected:
			errs.Rejected += one.Count
		case ParentConnection, ParentNone: // every failure has a parent
			errs.Connection += one.Count
		}
		details = append(details, ErrorDetail{
			Class: one.Class.String(), Parent: string(parent), Status: int(one.Status), Count: one.Count,
			FirstS: one.First.Seconds(), LastS: one.Last.Seconds(), Sample: one.Sample,
		})
	}
	slices.SortFunc(details, func(a, b ErrorDetail) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Class, b.Class), cmp.Compare(a.Status, b.Status))
	})
	return errs, details
}
