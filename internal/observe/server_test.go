package observe

import (
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/measure"
)

// If no process can be found, the error says why.
func TestNoProcesses(t *testing.T) {
	if _, err := Processes(t.Context(), Options{URL: "http://203.0.113.7:3000"}); !errors.Is(err, ErrElsewhere) {
		t.Errorf("on another machine: %v", err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	url := "http://" + l.Addr().String()
	for _, who := range []string{"this process", "nobody"} {
		if pids, err := Processes(t.Context(), Options{URL: url}); err == nil ||
			!strings.Contains(err.Error(), "is not seen") {
			t.Errorf("%s listens: %v, %v", who, pids, err)
		}
		l.Close()
	}
}

// tr-engine's pool grows on demand: the connections in use and open are known, but no share of a limit.
func TestTREnginePool(t *testing.T) {
	page := parsePrometheus(
		[]byte("# TYPE tr_engine_db_pool_acquired_conns gauge\ntr_engine_db_pool_acquired_conns 3\n" +
			"tr_engine_db_pool_idle_conns 2\ntr_engine_db_pool_total_conns 5\n"),
	)
	s := &scrape{mappings: knownMetrics(), counters: make(map[measure.Signal]counterReading)}
	want := map[measure.Signal]float64{measure.PoolInUse: 3, measure.PoolOpen: 5}
	if diff := cmp.Diff(want, s.extract(page)); diff != "" {
		t.Error(diff)
	}
}
