package cli

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"rdiostress/internal/measure"
	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/pgtest"
)

// severalServers is what a report says of a run against several servers.
type severalServers struct {
	Totals   measure.Totals
	Target   measure.Target
	Servers  []measure.ServerTotals
	Delivery measure.Delivery
}

// runSeveral makes a run against several servers, and returns its report and what it said.
func runSeveral(t *testing.T, urls []string, args ...string) (r severalServers, code int, said string) {
	t.Helper()
	all := []string{"run", "--api-key", "k", "--json", "-"}
	for _, u := range urls {
		all = append(all, "--url", u)
	}
	ios, out, errs := testStreams()
	code = run(t.Context(), append(all, args...), ios)
	if err := json.Unmarshal([]byte(out.String()), &r); err != nil {
		t.Fatalf("exit code %d, %v\n%s", code, err, errs)
	}
	return r, code, errs.String()
}

// checkStoredOnce fails the test unless each acknowledged call is stored once.
func checkStoredOnce(t *testing.T, d *measure.Delivery) {
	t.Helper()
	switch {
	case d.Failed || d.Stored == nil:
		t.Errorf("storage was not seen: %s", d.Absent)
	case *d.Stored != *d.Acknowledged || *d.Missing != 0 || *d.Duplicated != 0:
		t.Errorf("%d of %d stored, %d missing, %d twice", *d.Stored, *d.Acknowledged, *d.Missing, *d.Duplicated)
	}
}

// startSharing starts serve commands in processes of their own, which share a database.
func startSharing(t *testing.T, n int, database string) (all []*serveProcess) {
	t.Helper()
	binary := testenv.Build(t)
	all = make([]*serveProcess, n)
	for i := range all { // one after the other, as the first makes the tables
		all[i] = startServeProcessWith(t, exec.Command(binary, "serve", "--listen", "127.0.0.1:0", "--data-dir",
			t.TempDir(), "--database-url", database, "--api-key", "k", "--log-level", "error"), t.Output())
	}
	return all
}

func urlsOf(servers []*serveProcess) (urls []string) {
	for _, s := range servers {
		urls = append(urls, s.url)
	}
	return urls
}

// Two servers on one database get a call each in turn, or the calls of a system each, and all are seen.
func TestRunDrivesTwoServers(t *testing.T) {
	database := pgtest.Open(t).Database(t)
	servers := []*running{}
	for range 2 {
		servers = append(servers, startServe(t, "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--database-url",
			database, "--api-key", "k"))
	}
	urls := []string{servers[0].url, servers[1].url}
	for name, args := range map[string][]string{
		"round robin":     {"--rate", "100", "--total", "100"},
		"closed":          {"--max-concurrent", "5", "--total", "100", "--duration", "20"},
		"sticky":          {"--rate", "100", "--total", "100", "--balance", "sticky", "--systems", "900,902"},
		"few connections": {"--rate", "100", "--total", "100", "--connections", "3"},
		"real clients":    {"--rate", "100", "--total", "100", "--real-clients", "--client", "trunk-recorder"},
		"by database":     {"--rate", "100", "--total", "100", "--verify", database},
	} {
		r, code, said := runSeveral(t, urls, append(args, "--watch", "none")...)
		t.Logf("%s: %+v", name, r.Servers)
		if len(r.Servers) != 2 || !slices.Equal(r.Target.URLs, urls) {
			t.Fatalf("%s: exit code %d, %+v\n%s", name, code, r, said)
		}
		a, b := &r.Servers[0], &r.Servers[1]
		if a.URL != urls[0] || b.URL != urls[1] || a.Server == "" || a.Attempted+b.Attempted != r.Totals.Attempted ||
			a.Accepted+b.Accepted != r.Totals.Accepted || a.Latency.Count+a.Latency.LeftOut != a.Accepted {
			t.Errorf("%s: %+v of %+v", name, r.Servers, r.Totals)
		}
		// A busy machine may not send all that are due.
		if a.Accepted < 20 || b.Accepted < 20 || name == "round robin" && a.Attempted > b.Attempted+5 {
			t.Errorf("%s: %d and %d accepted", name, a.Accepted, b.Accepted)
		}
		checkStoredOnce(t, &r.Delivery)
	}
}

// Servers that keep their calls apart are not said to have lost those of each other.
func TestServersWithStorageOfTheirOwn(t *testing.T) {
	var urls []string
	for range 2 {
		urls = append(urls, startServe(t, "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--api-key", "k").url)
	}
	r, code, said := runSeveral(t, urls, "--total", "20", "--rate", "50", "--watch", "none")
	if code != exitOK || r.Delivery.Stored != nil || !strings.Contains(said, "only 1 of 2 calls show") {
		t.Errorf("exit code %d, %+v\n%s", code, r.Delivery, said)
	}
}

// Of four servers on one database, one is killed in mid-load, the first, whose list of calls is looked at, and one
// stands still for a while. The others go on, and no acknowledged call is lost or stored twice.
func TestServersGoAwayInMidLoad(t *testing.T) {
	servers := startSharing(t, 4, pgtest.Open(t).Database(t))
	killed, stopped, well := servers[0], servers[2], servers[3]
	var faults sync.WaitGroup
	defer faults.Wait()
	faults.Go(func() {
		waitUntil(t, "the load has begun", func() bool { return storedBy(t, well.url) > 100 })
		killed.kill()
		_ = stopped.cmd.Process.Signal(syscall.SIGSTOP)
		defer func() { _ = stopped.cmd.Process.Signal(syscall.SIGCONT) }()
		now := storedBy(t, well.url)
		waitUntil(t, "the others go on", func() bool { return storedBy(t, well.url) > now+100 })
	})
	r, code, said := runSeveral(t, urlsOf(servers), "--rate", "150", "--total", "1500", "--max-concurrent", "400",
		"--timeout", "40")
	t.Logf("exit code %d\n%s", code, said)
	for i, s := range r.Servers {
		t.Logf("%s: %d of %d accepted, %+v", s.URL, s.Accepted, s.Attempted, s.ErrorDetails)
		failed := float64(s.Failed) / float64(max(s.Attempted, 1)) // a busy machine may fail a few
		if gone := i == 0; gone != (failed > 0.1) || s.Accepted < 20 || s.Attempted*6 < r.Totals.Attempted {
			t.Errorf("server %d: %d of %d accepted", i, s.Accepted, s.Attempted)
		}
		if w := s.Watch; w == nil || w.PID != servers[i].cmd.Process.Pid || w.RSSBytes == nil ||
			(i == 0) != (len(w.Events) > 0) {
			t.Errorf("seen of server %d: %+v", i, w)
		}
	}
	if code != exitMissed {
		t.Errorf("exit code %d", code)
	}
	checkStoredOnce(t, &r.Delivery)
}

// A call of which a server does not say that it is stored is sent again to the next one, as through a load balancer. It
// is stored once, even if the server that was killed had it.
func TestRepeatsGoToAnotherServer(t *testing.T) {
	servers := startSharing(t, 2, pgtest.Open(t).Database(t))
	var fault sync.WaitGroup
	defer fault.Wait()
	fault.Go(func() {
		waitUntil(t, "the load has begun", func() bool { return storedBy(t, servers[1].url) > 60 })
		servers[0].kill()
	})
	r, code, said := runSeveral(t, urlsOf(servers), "--rate", "100", "--total", "700", "--client-retries=0.1s,0.1s",
		"--watch", "none")
	if pending := uint64(20); code != exitOK || r.Totals.Failed > pending || r.Servers[0].FailedAttempts < 20 {
		t.Errorf("exit code %d, %+v of %+v\n%s", code, r.Servers, r.Totals, said)
	}
	checkStoredOnce(t, &r.Delivery)
}

// storedBy returns how many calls a server lists; 0 if it does not answer.
func storedBy(t *testing.T, url string) int {
	resp, err := http.Get(url + "/api/calls?per_page=1")
	if err != nil {
		return 0
	}
	defer resp.Body.Close()
	var page struct{ Total int }
	if err := json.NewDecoder(resp.Body).Decode(&page); err != nil {
		t.Errorf("list of calls: %v", err)
	}
	return page.Total
}
