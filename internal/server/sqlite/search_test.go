package sqlite

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/listing"
	"rdiostress/internal/server/storetest"
)

// rowsVariable sets the number of calls that searches are measured among: make bench-server sets 1000000.
const rowsVariable = "RDIOSTRESS_SEARCH_ROWS"

// filled returns a store with many calls.
func filled(t *testing.T, rows int64) *Store {
	t.Helper()
	s := testStore(t)
	for _, statement := range []string{
		fmt.Sprintf(`WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			INSERT INTO calls SELECT i + 1, 11 + i %% %d, 1001 + (i * 7919) %% %d, %d + i * %d,
			0, 851012500, 4424000, 0,
			'County', 'FD Dispatch', '', 'Fire Dispatch', '["Fire"]', '', NULL, NULL, NULL, 'call.mp3', 'audio/mpeg',
			600, zeroblob(32), NULL, zeroblob(600), NULL, NULL FROM n`,
			rows-1, storetest.FillSystems, storetest.FillTalkgroups, storetest.Noon().UnixMilli(),
			storetest.FillStep.Milliseconds()),
		`INSERT INTO call_counts
			SELECT started_ms / 86400000, system_id, talkgroup_id, count(*), sum(audio_bytes) FROM calls
			GROUP BY 1, 2, 3`,
	} {
		if _, err := s.write.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// No listing scans the table, whatever it selects and however it is sorted: columns that are not in an index are read
// only for the calls of the page.
func TestSearchesUseIndexes(t *testing.T) {
	const rows = 2000
	s := filled(t, rows)
	for name, q := range storetest.Searches(rows) {
		p, err := listing.New(dialect(), q)
		if err != nil {
			t.Fatal(err)
		}
		var key []int64
		total := p.Total()
		plans := explain(t, s, total)
		p.SetTotal(counted(t, s, total))
		if p.HasStart() {
			key = make([]int64, p.Keys())
			plans += explain(t, s, p.Start())
		}
		plans += explain(t, s, p.Page(key))
		sorts := q.SortBy == call.SortSystem && q.Talkgroup != 0 || q.AfterID != 0 // ids, out of an index
		for line := range strings.Lines(plans) {
			line = strings.TrimSpace(line)
			wholeIndex := q.AfterID != 0 && strings.HasPrefix(line, "SCAN calls")
			if wholeIndex || strings.HasPrefix(line, "SCAN calls") && !strings.Contains(line, "INDEX") ||
				strings.Contains(line, "TEMP B-TREE") && !sorts {
				t.Errorf("%s: %s\nin\n%s", name, line, plans)
			}
		}
	}
}

func counted(t *testing.T, s *Store, st listing.Statement) (n int64) {
	t.Helper()
	if err := s.read.QueryRowContext(t.Context(), st.SQL, st.Args...).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func explain(t *testing.T, s *Store, st listing.Statement) string {
	t.Helper()
	rows, err := s.read.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+st.SQL, st.Args...)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
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
	return plan.String()
}

func TestSearchTimes(t *testing.T) {
	rows, err := strconv.ParseInt(os.Getenv(rowsVariable), 10, 64)
	if err != nil {
		t.Skipf("set %s=1000000 to measure", rowsVariable)
	}
	storetest.MeasureSearches(t, filled(t, rows), rows, 100*time.Millisecond)
}
