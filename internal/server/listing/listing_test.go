package listing_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/listing"
)

var dialect = listing.Dialect{
	Placeholder: "$", Columns: "*", ByID: "by_id", BySystem: "by_system",
	ByTalkgroup: "by_talkgroup",
}

func text(s listing.Statement) string {
	return strings.TrimSpace(fmt.Sprintln(append([]any{s.SQL}, s.Args...)...))
}

func TestStatements(t *testing.T) {
	day := time.UnixMilli(20000 * listing.DayMS).UTC()
	tests := []struct {
		name               string
		q                  call.Query
		selects            int64
		total, start, page string
	}{
		{
			"all, deep",
			call.Query{SortBy: call.SortTimestamp, Descending: true, Page: 3, PerPage: 10},
			1000,
			"SELECT CAST(coalesce((SELECT sum(calls) FROM call_counts), 0) AS bigint)",
			"SELECT started_ms, id FROM calls ORDER BY started_ms DESC, id DESC LIMIT 1 OFFSET $1 20",
			"SELECT * FROM calls WHERE (started_ms, id) <= ($1, $2) ORDER BY started_ms DESC, id DESC LIMIT $3 1 2 10",
		},
		{
			"from the nearer end",
			call.Query{SortBy: call.SortID, Page: 90, PerPage: 10},
			1000,
			"SELECT CAST(coalesce((SELECT sum(calls) FROM call_counts), 0) AS bigint)",
			"SELECT id FROM by_id ORDER BY id DESC LIMIT 1 OFFSET $1 109",
			"SELECT * FROM by_id WHERE (id) >= ($1) ORDER BY id ASC LIMIT $2 1 10",
		},
		{
			"days and parts of days",
			call.Query{
				System: 5, From: day.Add(-time.Millisecond), To: day.Add(48 * time.Hour), SortBy: call.SortTimestamp,
				Page: 1, PerPage: 10,
			},
			1000,
			"SELECT CAST(coalesce((SELECT sum(calls) FROM call_counts WHERE system_id = $1 AND day >= $2 AND day <= " +
				"$3), 0) AS bigint)" +
				" + (SELECT count(*) FROM calls WHERE system_id = $4 AND started_ms >= $5 AND started_ms <= $6)" +
				" + (SELECT count(*) FROM calls WHERE system_id = $7 AND started_ms >= $8 AND started_ms <= $9)" +
				" 5 20000 20001 5 1727999999999 1727999999999 5 1728172800000 1728172800000",
			"", "SELECT * FROM calls WHERE system_id = $1 AND started_ms >= $2 AND started_ms <= $3 ORDER BY " +
				"started_ms ASC, id ASC" +
				" LIMIT $4 5 1727999999999 1728172800000 10",
		},
		{
			"sorted ids",
			call.Query{Talkgroup: 7, SortBy: call.SortSystem, Page: 2, PerPage: 10},
			1000,
			"SELECT CAST(coalesce((SELECT sum(calls) FROM call_counts WHERE talkgroup_id = $1), 0) AS bigint) 7",
			"", "SELECT * FROM calls WHERE id IN (SELECT id FROM calls WHERE talkgroup_id = $1 ORDER BY system_id " +
				"ASC, started_ms ASC, id ASC" +
				" LIMIT $2 OFFSET $3) ORDER BY system_id ASC, started_ms ASC, id ASC 7 10 10",
		},
		{
			"few after an id",
			call.Query{System: 5, AfterID: 9, SortBy: call.SortTalkgroup, Page: 2, PerPage: 10},
			1000,
			"SELECT count(*) FROM calls WHERE system_id = $1 AND id > $2 5 9",
			"", "SELECT * FROM calls WHERE id IN (SELECT id FROM by_id WHERE system_id = $1 AND id > $2" +
				" ORDER BY talkgroup_id ASC, started_ms ASC, id ASC LIMIT $3 OFFSET $4) ORDER BY talkgroup_id ASC, " +
				"started_ms ASC, id ASC 5 9 10 10",
		},
		{
			"many after an id",
			call.Query{System: 5, AfterID: 9, SortBy: call.SortTalkgroup, Page: 1, PerPage: 10},
			1_000_000,
			"SELECT count(*) FROM calls WHERE system_id = $1 AND id > $2 5 9",
			"", "SELECT * FROM by_talkgroup WHERE system_id = $1 AND id > $2 ORDER BY talkgroup_id ASC, started_ms " +
				"ASC, id ASC LIMIT $3 5 9 10",
		},
		{
			"on from an id",
			call.Query{Talkgroup: 7, AfterID: 9, SortBy: call.SortID, Page: 1, PerPage: 10},
			1000,
			"SELECT count(*) FROM calls WHERE talkgroup_id = $1 AND id > $2 7 9",
			"", "SELECT * FROM by_id WHERE talkgroup_id = $1 AND id > $2 ORDER BY id ASC LIMIT $3 7 9 10",
		},
	}
	for _, tt := range tests {
		p, err := listing.New(dialect, tt.q)
		if err != nil {
			t.Fatal(err)
		}
		if got := text(p.Total()); got != tt.total {
			t.Errorf("%s: total\ngot  %s\nwant %s", tt.name, got, tt.total)
		}
		p.SetTotal(tt.selects)
		var key []int64
		if p.HasStart() {
			if got := text(p.Start()); got != tt.start {
				t.Errorf("%s: start\ngot  %s\nwant %s", tt.name, got, tt.start)
			}
			for i := range p.Keys() {
				key = append(key, int64(i+1))
			}
		}
		if p.HasStart() != (tt.start != "") {
			t.Errorf("%s: has a start: %t", tt.name, p.HasStart())
		}
		if got := text(p.Page(key)); got != tt.page {
			t.Errorf("%s: page\ngot  %s\nwant %s", tt.name, got, tt.page)
		}
	}
}
