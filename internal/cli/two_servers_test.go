package cli

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/testenv/pgtest"
)

// Two servers on one PostgreSQL hand out ids of blocks of their own, so that those of one lie below the other's. Runs
// against both at the same time are counted right, whether the database is looked at or a server's list of calls.
func TestTwoServersOnOneDatabase(t *testing.T) {
	database := pgtest.Open(t).Database(t)
	systems := [2]string{"900", "901"} // so that no call is a duplicate of the other run's
	var servers [2]*running
	for i := range servers {
		servers[i] = startServe(t, "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--database-url", database,
			"--api-key", "k")
		if d := uploadTo(t, servers[i], systems[i], "none"); d.Absent == "" {
			t.Fatalf("with none to look: %+v", d)
		}
	}
	for _, places := range [][2]string{{database, "api"}, {"api", database}} {
		var work sync.WaitGroup
		for i, place := range places {
			work.Go(func() {
				began := time.Now()
				d := uploadTo(t, servers[i], systems[i], place)
				kind, _, _ := strings.Cut(place, ":")
				switch {
				case d.Failed || d.Stored == nil:
					t.Errorf("server %d by %s: %+v", i, kind, d)
				// A busy machine may not send all fifty when they are due.
				case *d.Acknowledged < 20 || *d.Stored != *d.Acknowledged || *d.Missing != 0 || *d.Duplicated != 0 ||
					*d.AudioCompared != *d.Acknowledged:
					t.Errorf("server %d by %s: %d of %d stored, %d missing, %d twice, %d compared", i, kind, *d.Stored,
						*d.Acknowledged, *d.Missing, *d.Duplicated, *d.AudioCompared)
				case time.Since(began) > 30*time.Second: // waited until it was idle
					t.Errorf("server %d by %s: it took %v", i, kind, time.Since(began))
				}
			})
		}
		work.Wait()
	}
	for _, r := range servers {
		r.stop()
		if code := <-r.code; code != exitOK {
			t.Errorf("exit code %d: %s", code, r.errs)
		}
	}
}

// uploadTo makes a run of fifty calls, and returns what became of them.
func uploadTo(t *testing.T, r *running, system, place string) measure.Delivery {
	ios, out, errs := testStreams()
	code := run(t.Context(), []string{
		"run", "--url", r.url, "--api-key", "k", "--total", "50", "--rate", "100", "--json", "-", "--watch", "none",
		"--systems", system, "--verify", place,
	}, ios)
	var report struct {
		Delivery measure.Delivery `json:"delivery"`
	}
	if err := json.Unmarshal([]byte(out.String()), &report); err != nil {
		t.Errorf("exit code %d, %v\n%s\n%s", code, err, errs, out)
	}
	return report.Delivery
}
