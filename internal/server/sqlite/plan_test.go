package sqlite

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server"
)

// The searches that people wait for find their calls by an index, in order, however many calls there are.
func TestSearchesUseIndexes(t *testing.T) {
	s, err := Open(t.Context(), Options{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	from := time.Unix(1764000000, 0)
	tests := []struct {
		q    server.Query
		want string
	}{
		{server.Query{SortBy: server.SortTimestamp, Descending: true}, "INDEX calls_by_time"},
		{server.Query{From: from, To: from, SortBy: server.SortTimestamp}, "INDEX calls_by_time"},
		{server.Query{System: 1, Talkgroup: 2, From: from, SortBy: server.SortTimestamp}, "INDEX calls_by_talkgroup"},
		{server.Query{System: 1, Talkgroup: 2, SortBy: server.SortTimestamp, Descending: true}, "INDEX calls_by_talkgroup"},
		{server.Query{SortBy: server.SortID}, "SCAN calls"},
		{server.Query{AfterID: 7, SortBy: server.SortID, Uncounted: true}, "SEARCH calls USING INTEGER PRIMARY KEY (rowid>?)"},
	}
	for _, tt := range tests {
		where, args := conditions(tt.q)
		order, err := orderBy(tt.q)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+selectCall+where+order, append(args, 50, 0)...)
		if err != nil {
			t.Fatal(err)
		}
		var plan strings.Builder
		for rows.Next() {
			var id, parent, unused int
			var detail string
			if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
				t.Fatal(err)
			}
			fmt.Fprintln(&plan, detail)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(plan.String(), tt.want) || strings.Contains(plan.String(), "TEMP B-TREE") {
			t.Errorf("%+v: plan is %q, want %q and no sorting", tt.q, &plan, tt.want)
		}
	}
}
