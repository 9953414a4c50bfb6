package cli

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/report"
	"rdiostress/internal/testenv"
)

// What cannot be listened on is an error before anything is sent: of the flags with 2, of the machine with 3.
func TestPrometheusAddresses(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for address, want := range map[string]struct {
		code int
		text string
	}{
		"metrics": {
			exitUsage, "--prometheus must be a port, or an address and a port, such as 127.0.0.1:9100, not \"metrics\"",
		},
		"":              {exitUsage, `--prometheus must be a port`},
		":99999":        {exitUsage, `--prometheus must be a port`},
		"localhost:web": {exitUsage, `--prometheus must be a port`},
		"no-such-host.invalid:0": {
			exitUsage, `--prometheus no-such-host.invalid:0: cannot find the host "no-such-host.invalid"`,
		},
		taken.Addr().String(): {
			exitNoRun, taken.Addr().String() + " is in use by another program\nrdiostress: hint: stop the other " +
				"program, or pass another port: --prometheus " + beside(taken) +
				", or --prometheus 127.0.0.1:0 for any free one\n",
		},
	} {
		for _, command := range []string{"run", "capacity"} {
			ios, out, errs := testStreams()
			code := run(t.Context(), []string{command, "--url", "http://127.0.0.1:1", "--prometheus", address}, ios)
			if code != want.code || !strings.HasPrefix(errs.String(), "rdiostress: error: "+want.text) ||
				strings.Count(errs.String(), "\n") > 2 || out.String() != "" {
				t.Errorf("%s --prometheus %q: exit code %d, %s", command, address, code, errs)
			}
		}
	}
	for value, want := range map[string]string{
		"9100": "127.0.0.1:9100", ":9100": "127.0.0.1:9100", "0.0.0.0:9100": "0.0.0.0:9100", "[::]:0": "[::]:0",
		"localhost:9100": "localhost:9100",
	} {
		if got, err := localAddress("prometheus", value); got != want || err != nil {
			t.Errorf("%s: %q, %v", value, got, err)
		}
	}
}

// beside returns the address after the one of a listener.
func beside(l net.Listener) string {
	at := l.Addr().(*net.TCPAddr)
	return net.JoinHostPort("127.0.0.1", portBeside(strconv.Itoa(at.Port)))
}

// metricsAt waits until a command has said where its metrics are.
func metricsAt(t *testing.T, errs fmt.Stringer) string {
	t.Helper()
	said := regexp.MustCompile(`metrics for Prometheus are at (http://127\.0\.0\.1:\d+/metrics)\n`)
	waitUntil(t, "the command says where its metrics are", func() bool { return said.MatchString(errs.String()) })
	return said.FindStringSubmatch(errs.String())[1]
}

// A search shows the sum of its steps, and its end to whoever scrapes it.
func TestCapacityShowsMetrics(t *testing.T) {
	r := startServe(t, "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--log-level", "error")
	ios, out, errs := testStreams()
	code := make(chan int, 1)
	go func() {
		code <- run(t.Context(), []string{
			"capacity", "--url", r.url, "--start", "20", "--max-rate", "20", "--hold", "2", "--max-time", "1m", "-q",
			"--json", "-", "--prometheus", ":0",
		}, ios)
	}()
	at := metricsAt(t, errs)
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	var last string
	waitFor(t, 3*time.Minute, "the metrics show the end", func() bool { // the search may take one
		resp, err := client.Get(at)
		if err != nil {
			t.Fatalf("%v; it has ended before its end was seen: %s", err, errs)
		}
		defer resp.Body.Close()
		text, err := io.ReadAll(resp.Body)
		last = string(text)
		return err == nil && strings.Contains(last, "rdiostress_run_exit_code ")
	})
	got := <-code
	if got != exitOK && got != exitInconclusive { // on a busy machine, the generator is the limit
		t.Fatalf("exit code %d: %s", got, errs)
	}
	var rep report.Capacity
	if err := json.Unmarshal([]byte(out.String()), &rep); err != nil {
		t.Fatal(err)
	}
	sum, held := uint64(0), 0
	for _, step := range rep.Steps {
		sum += step.Accepted
		if step.OK {
			held++
		}
	}
	for _, want := range []string{
		fmt.Sprintf("rdiostress_run_calls_accepted_total %d\n", sum),
		fmt.Sprintf("rdiostress_run_search_steps_total{result=\"held\"} %d\n", held),
		fmt.Sprintf("rdiostress_run_search_steps_total{result=\"broke\"} %d\n", len(rep.Steps)-held),
		fmt.Sprintf("rdiostress_run_exit_code %d\n", got),
	} {
		if !strings.Contains(last, want) {
			t.Errorf("at the end there is no %s in\n%s", want, last)
		}
	}
	r.stop()
	<-r.code
}

// promtool, where it is, finds nothing wrong with the metrics, and an interrupt ends the wait for the last scrape.
func TestMetricsAreChecked(t *testing.T) {
	promtool := testenv.Program(t, "promtool", "the package prometheus")
	r := startServe(t, "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--log-level", "error")
	cmd := exec.Command(program(t), "run", "--url", r.url, "--total", "20", "--rate", "20", "--prometheus", ":0")
	var errs testenv.Output
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = cmd.Process.Kill() }()
	at := metricsAt(t, &errs)
	_, metrics := testenv.Fetch(t, http.MethodGet, at, func(r *http.Request) {
		r.Header.Set("X-Prometheus-Scrape-Timeout-Seconds", "10")
	})
	check := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	check.Stdin = strings.NewReader(metrics)
	if text, err := check.CombinedOutput(); err != nil || len(text) > 0 {
		t.Errorf("%v: %s", err, text)
	}
	waitUntil(t, "it waits", func() bool {
		return strings.Contains(errs.String(), "for Prometheus to read the final figures; Ctrl-C leaves\n")
	})
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); !wasMade(cmd.ProcessState.ExitCode()) {
		t.Errorf("after an interrupt of the wait: %v\n%s", err, &errs)
	}
	r.stop()
	<-r.code
}

// A real Prometheus follows a whole run, and has the report's counts and percentiles at its end: by classic buckets to
// the edges around the value, and by native ones to their resolution.
func TestPrometheusFollowsARun(t *testing.T) {
	path := testenv.Program(t, "prometheus", "the package prometheus")
	r := startServe(t, "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--log-level", "error")
	for name, flags := range map[string][]string{
		"classic": nil, "native": {"--enable-feature=native-histograms"},
	} {
		p, code, out, errs := followedRun(t, path, r.url, flags)
		if !wasMade(code) {
			t.Fatalf("%s: exit code %d: %s", name, code, errs)
		}
		var rep report.Report
		if err := json.Unmarshal([]byte(out), &rep); err != nil {
			t.Fatal(err)
		}
		// The target is gone by now: what it had is asked for at the time of its last scrape.
		// And it takes a moment to store that.
		var end float64
		waitUntil(t, "Prometheus has the end", func() (ok bool) {
			end, ok = p.find("max_over_time(timestamp(rdiostress_run_exit_code)[1m:10ms])", 0)
			return ok
		})
		for metric, want := range map[string]float64{
			"calls_accepted_total":       float64(rep.Totals.Accepted),
			"calls_due_total":            float64(rep.Totals.Attempted + rep.Totals.Unsent),
			"uploads_started_total":      float64(rep.Totals.Attempted),
			"sent_bytes_total":           float64(rep.Totals.BytesSent),
			"stored_calls":               float64(*rep.Delivery.Stored),
			"exit_code":                  float64(code),
			`stage{stage="ended"}`:       1,
			`info{run_id!="",job=~".+"}`: 1,
		} {
			if got, ok := p.find("rdiostress_run_"+metric, end); got != want {
				t.Errorf("%s: %s is %v (there: %t), the report has %v", name, metric, got, ok, want)
			}
		}
		series, low, high := "response_time_seconds", 0.93, 1.07
		if name == "classic" { // interpolated between edges, each at most 2.5 times the one before
			series, low, high = "response_time_seconds_bucket", 1/2.6, 2.6
		}
		p95, _ := p.find("histogram_quantile(0.95, rdiostress_run_"+series+")", end)
		if want := rep.Latency.P95S; p95 < low*want || p95 > high*want {
			t.Errorf("%s: p95 is %v, the report has %v", name, p95, want)
		}
		p.stop()
	}
	r.stop()
	<-r.code
}

// wasMade reports whether a run with an exit code was made: on a busy machine, few processors may miss the limits or
// not be enough to know.
func wasMade(code int) bool { return code == exitOK || code == exitMissed || code == exitInconclusive }

// addressTries is how often an address is chosen at most: somebody else may have taken its port meanwhile.
const addressTries = 5

// followedRun makes a run that a Prometheus follows, and returns what it has written.
func followedRun(t *testing.T, path, url string, flags []string) (p *prometheus, code int, out, errs string) {
	t.Helper()
	for range addressTries {
		at := freeAddress(t)
		p = startPrometheus(t, path, at, flags...)
		ios, stdout, stderr := testStreams()
		code = run(t.Context(), []string{
			"run", "--url", url, "--rate", "50", "--duration", "5", "--json", "-", "--prometheus", at,
		}, ios)
		out, errs = stdout.String(), stderr.String()
		if code != exitNoRun || !strings.Contains(errs, at+" is in use") {
			break
		}
		p.stop()
	}
	return p, code, out, errs
}

// prometheus is a running Prometheus.
type prometheus struct {
	t     *testing.T
	cmd   *exec.Cmd
	url   string
	ended chan struct{} // closed when it has ended
}

// startPrometheus starts a Prometheus that scrapes a target every second.
func startPrometheus(t *testing.T, path, target string, flags ...string) *prometheus {
	t.Helper()
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 1s}\nscrape_configs:\n"+
		"  - {job_name: run, static_configs: [{targets: [%q]}]}\n", target)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for try := range addressTries {
		address := freeAddress(t) // it does not say which it has chosen itself
		cmd := exec.Command(path, append([]string{
			"--config.file=" + config, "--storage.tsdb.path=" + filepath.Join(dir, fmt.Sprint("data", try)),
			"--web.listen-address=" + address, "--log.level=error",
		}, flags...)...)
		cmd.Stderr = os.Stderr
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		p := &prometheus{t, cmd, "http://" + address, make(chan struct{})}
		go func() {
			_ = cmd.Wait()
			close(p.ended)
		}()
		t.Cleanup(p.stop)
		over, up := false, false
		waitFor(t, time.Minute, "Prometheus has tried to scrape the target, or has ended", func() bool {
			select {
			case <-p.ended:
				over = true
			default: // it begins seconds after it answers
				_, up = p.find("up", 0)
			}
			return over || up
		})
		if !over {
			return p
		}
	}
	t.Fatal("Prometheus does not start")
	return nil
}

// freeAddress returns an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// stop ends it; it does no harm twice.
func (p *prometheus) stop() {
	_ = p.cmd.Process.Kill()
	<-p.ended
}

// find returns the value of an expression at a time in Unix seconds, or now if that is 0. It reports false unless there
// is exactly one.
func (p *prometheus) find(expression string, at float64) (float64, bool) {
	p.t.Helper()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	query := url.Values{"query": {expression}}
	if at > 0 {
		query.Set("time", strconv.FormatFloat(at, 'f', 3, 64))
	}
	resp, err := client.Get(p.url + "/api/v1/query?" + query.Encode())
	if err != nil {
		return 0, false // it is not there yet
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusServiceUnavailable {
		return 0, false
	}
	var reply struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
		Error string
	}
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		p.t.Fatal(err)
	}
	if reply.Error != "" {
		p.t.Fatalf("%s: %s", expression, reply.Error)
	}
	if len(reply.Data.Result) != 1 {
		return 0, false
	}
	v, err := strconv.ParseFloat(fmt.Sprint(reply.Data.Result[0].Value[1]), 64)
	if err != nil {
		p.t.Fatal(err)
	}
	return v, true
}
