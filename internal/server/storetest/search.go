package storetest

import (
	"fmt"
	"testing"
	"time"

	"rdiostress/internal/server/call"
)

// The calls that a store test's Fill inserts are FillStep apart, from Noon onwards, of FillSystems systems and
// FillTalkgroups talkgroups.
const (
	FillStep       = 2600 * time.Millisecond
	FillSystems    = 5
	FillTalkgroups = 500
)

// Searches returns the queries of many calls that must be fast, by name.
func Searches(rows int64) map[string]call.Query {
	third := Noon().Add(time.Duration(rows/3) * FillStep)
	half := Noon().Add(time.Duration(rows/2) * FillStep)
	list := make(map[string]call.Query)
	for _, sortBy := range []call.SortKey{call.SortTimestamp, call.SortID, call.SortSystem, call.SortTalkgroup} {
		for name, q := range map[string]call.Query{
			"all": {}, "a system": {System: 12}, "a talkgroup": {Talkgroup: 1007}, "both": {
				System:    12,
				Talkgroup: 1007,
			},
			"a time": {From: third, To: half}, "a system and a time": {System: 12, From: third, To: half},
			"a talkgroup and a time": {Talkgroup: 1007, From: third, To: half},
			"since":                  {From: third}, "after an id": {AfterID: rows - 100}, "a system after an " +
				"id": {System: 12, AfterID: rows - 100},
		} {
			q.SortBy, q.Descending, q.PerPage = sortBy, true, 50
			for _, page := range []int{1, 1000, int(rows / 100)} {
				q.Page = page
				list[fmt.Sprintf("%s by %s, page %d", name, sortBy, page)] = q
			}
		}
	}
	return list
}

// MeasureSearches runs every search a few times and logs the slowest ones. The best time of each must be within limit:
// other programs may use the machine.
func MeasureSearches(t *testing.T, s call.Store, rows int64, limit time.Duration) {
	t.Helper()
	slowest, slowestName := time.Duration(0), ""
	searches := Searches(rows)
	for name, q := range searches {
		best := time.Hour
		for range 3 {
			began := time.Now()
			if _, _, err := s.Calls(t.Context(), q); err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			best = min(best, time.Since(began))
		}
		if best > limit {
			t.Errorf("%s: %v", name, best)
		}
		if best > slowest {
			slowest, slowestName = best, name
		}
	}
	t.Logf("%d kinds of searches among %d calls: at most %.1f ms, %s", len(searches), rows, slowest.Seconds()*1e3,
		slowestName)
}
