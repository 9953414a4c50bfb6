package postgres

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"rdiostress/internal/server/listing"
	"rdiostress/internal/server/storetest"
	"rdiostress/internal/testenv/pgtest"
)

// rowsVariable sets the number of calls that searches are measured among: make bench-server sets 1000000.
const rowsVariable = "RDIOSTRESS_SEARCH_ROWS"

// filled returns a store with many calls.
func filled(t *testing.T, rows int64) *Store {
	t.Helper()
	s, err := Open(t.Context(), Options{URL: pgtest.Open(t).Database(t), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO calls (`+columns+`)
			SELECT i + 1, 11 + i %% %d, 1001 + (i * 7919) %% %d, %d + i * %d, 0, 851012500, 4424000, 0, 600,
			'County', 'FD Dispatch', '', 'Fire Dispatch', '["Fire"]', '', NULL, NULL, NULL, 'call.mp3', 'audio/mpeg',
			decode(repeat('00', 32), 'hex'), NULL, NULL, decode(repeat('00', 600), 'hex')
			FROM generate_series(0::bigint, %d) i`,
			storetest.FillSystems, storetest.FillTalkgroups, storetest.Noon().UnixMilli(),
			storetest.FillStep.Milliseconds(), rows-1),
		`INSERT INTO call_counts
			SELECT 'filled', started_ms / 86400000, system_id, talkgroup_id, count(*), sum(audio_bytes) FROM calls
			GROUP BY 2, 3, 4`,
		`VACUUM ANALYZE calls, call_counts`, // as autovacuum does after a while
	} {
		if _, err := s.pool.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

// No listing scans the table, whatever it selects and however it is sorted: columns that are not in an index are read
// only for the calls of the page.
func TestSearchesUseIndexes(t *testing.T) {
	const rows = 50_000
	s := filled(t, rows)
	for name, q := range storetest.Searches(rows) {
		p, err := listing.New(dialect(), q)
		if err != nil {
			t.Fatal(err)
		}
		total, n := p.Total(), int64(0)
		if err := s.pool.QueryRow(t.Context(), total.SQL, total.Args...).Scan(&n); err != nil {
			t.Fatal(err)
		}
		p.SetTotal(n)
		statements := []listing.Statement{total}
		var key []int64
		if p.HasStart() {
			key = make([]int64, p.Keys())
			statements = append(statements, p.Start())
		}
		for _, st := range append(statements, p.Page(key)) {
			lines, err := s.pool.Query(t.Context(), "EXPLAIN "+st.SQL, st.Args...)
			if err != nil {
				t.Fatal(err)
			}
			plan, err := pgx.CollectRows(lines, pgx.RowTo[string])
			if text := strings.Join(plan, "\n"); err != nil || strings.Contains(text, "Seq Scan on calls") {
				t.Errorf("%s: %v\n%s\n%s", name, err, st.SQL, text)
			}
		}
	}
}

func TestSearchTimes(t *testing.T) {
	rows, err := strconv.ParseInt(os.Getenv(rowsVariable), 10, 64)
	if err != nil {
		t.Skipf("set %s=1000000 to measure", rowsVariable)
	}
	storetest.MeasureSearches(t, filled(t, rows), rows, 100*time.Millisecond)
}
