package cli

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rdiostress/internal/judge"
	"rdiostress/internal/rdio"
	"rdiostress/internal/report"
)

// queueing is a server that answers as rdio-scanner 7 does: before a call is stored, which one goroutine does.
type queueing struct {
	*httptest.Server
	path string             // of its database
	gap  time.Duration      // between two calls that are stored
	lose func(n int) string // what it logs of the n-th call in place of storing it; empty stores it
	log  func(line string)  // logs elsewhere than in the database; nil does not
	db   *sql.DB

	queue chan *rdio.Form
	done  sync.WaitGroup
}

// startQueueing starts one on a copy of a captured database, which it first may change.
func startQueueing(t *testing.T, change func(q *queueing)) *queueing {
	t.Helper()
	data, err := os.ReadFile("../../internal/delivery/testdata/rdio-scanner-7.0.0.sqlite")
	if err != nil {
		t.Fatal(err)
	}
	q := &queueing{
		path: filepath.Join(t.TempDir(), "rdio-scanner.db"), queue: make(chan *rdio.Form, 8192),
		lose: func(int) string { return "" },
	}
	if err := os.WriteFile(q.path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if q.db, err = sql.Open("sqlite", "file:"+q.path+"?_busy_timeout=10000&_pragma=synchronous(0)"); err != nil {
		t.Fatal(err)
	}
	q.db.SetMaxOpenConns(1)
	if change != nil {
		change(q)
	}
	q.Server = httptest.NewServer(http.HandlerFunc(q.take))
	q.done.Go(func() { q.store(t) })
	t.Cleanup(func() {
		q.Close()
		close(q.queue)
		q.done.Wait()
		q.db.Close()
	})
	return q
}

func (q *queueing) take(w http.ResponseWriter, r *http.Request) {
	boundary, _ := rdio.Boundary(r.Header.Get("Content-Type"))
	form, err := rdio.ReadForm(r.Body, boundary,
		func(_ *rdio.Form, audio io.Reader) (int64, error) { return io.Copy(io.Discard, audio) })
	if err != nil || form.AudioBytes == 0 {
		http.Error(w, "Incomplete call data: no audio\n", http.StatusExpectationFailed)
		return
	}
	q.queue <- form
	_, _ = io.WriteString(w, rdio.PhraseImported+"\n")
}

// store stores the calls of the queue. What comes when the test is over is left.
func (q *queueing) store(t *testing.T) {
	n := 0
	for form := range q.queue {
		call, _, err := form.Call(time.Now())
		if err != nil || t.Context().Err() != nil {
			continue
		}
		if !strings.Contains(call.AudioName, "probe") {
			n++
		}
		line := "success"
		if lost := q.lose(n); lost != "" && n > 0 {
			line = lost
		} else if err := q.insert(&call); err != nil {
			t.Errorf("storing %s: %v", call.AudioName, err)
		}
		line = fmt.Sprintf("newcall: system=%d talkgroup=%d file=%s %s", call.System, call.Talkgroup, call.AudioName,
			line)
		if q.log != nil {
			q.log(line)
		} else if _,
			err := q.db.Exec(`INSERT INTO logs (level, message, timestamp) VALUES ('info', ?, 0)`, line); err != nil {
			t.Error(err)
		}
		<-time.After(q.gap)
	}
}

func (q *queueing) insert(call *rdio.Call) error {
	for _, write := range []struct {
		text string
		args []any
	}{
		{`INSERT INTO systems (label, systemRef) SELECT 'x', ?
			WHERE NOT EXISTS (SELECT 1 FROM systems WHERE systemRef = ?)`, []any{call.System, call.System}},
		{
			`INSERT INTO talkgroups (label, name, systemId, tagId, talkgroupRef)
				SELECT 'x', 'x', systemId, 1, ? FROM systems s WHERE systemRef = ?
				AND NOT EXISTS (SELECT 1 FROM talkgroups t WHERE t.systemId = s.systemId AND t.talkgroupRef = ?)`,
			[]any{call.Talkgroup, call.System, call.Talkgroup},
		},
		{
			`INSERT INTO calls (audio, audioFilename, audioMime, systemId, talkgroupId, timestamp)
				SELECT 'x', ?, 'audio/mp4', t.systemId, t.talkgroupId, ?
				FROM talkgroups t JOIN systems s ON s.systemId = t.systemId
				WHERE s.systemRef = ? AND t.talkgroupRef = ?`,
			[]any{
				strings.TrimSuffix(call.AudioName, filepath.Ext(call.AudioName)) + ".m4a", call.Time.UnixMilli(),
				call.System, call.Talkgroup,
			},
		},
	} {
		if _, err := q.db.Exec(write.text, write.args...); err != nil {
			return err
		}
	}
	return nil
}

// everyNth loses every nth call, and logs something of it.
func everyNth(nth int, words string) func(int) string {
	return func(n int) string {
		if n%nth == 0 {
			return words
		}
		return ""
	}
}

// program is this test under the name by which it is rdiostress.
func program(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "rdiostress")
	if err := os.Symlink(exe, path); err != nil {
		t.Skip(err)
	}
	return path
}

// readReport reads a run's report.
func readReport(t *testing.T, path string) report.Report {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	rep, err := report.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// few are flags of a run of a few calls, which is over soon.
func few(url string, more ...string) []string {
	return append([]string{
		"run", "--url", url, "--total", "70", "--max-concurrent", "4", "--prime", "off",
		"--systems", "900", "--talkgroups", "1001-1100",
		"--watch", "none", "--verify-audio=false", "--verify-timeout", "2",
	}, more...)
}

// What is known of storage is in the verdict, its box and the exit code.
func TestStorageInTheVerdict(t *testing.T) {
	scenario := filepath.Join(t.TempDir(), "required.yaml")
	if err := os.WriteFile(scenario, []byte("require-storage: true\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	unknown := []string{
		"storage was not checked (not asked for)", "the server is rdio-scanner 7, which answers 200",
		"a 200 from it does not mean stored",
	}
	tests := []struct {
		name    string
		change  func(*queueing)
		flags   []string
		env     string
		exit    []int
		storage judge.Storage
		says    []string
	}{
		{"not looked at", nil, []string{"--verify", "none"}, "", []int{0, 1}, judge.StorageUnknown, unknown},
		{
			"but required", nil,
			[]string{"--verify", "auto", "--require-storage"},
			"",
			[]int{3},
			judge.StorageUnknown,
			[]string{"and --require-storage asks for that", "NOT VERIFIED"},
		},
		{
			"required by a variable", nil,
			[]string{"--verify", "auto"},
			"RDIOSTRESS_REQUIRE_STORAGE=true",
			[]int{3},
			judge.StorageUnknown, nil,
		},
		{
			"required by a scenario", nil,
			[]string{"--verify", "auto", "--scenario", scenario},
			"",
			[]int{3},
			judge.StorageUnknown, nil,
		},
		{
			"looked at", nil,
			[]string{"--verify", "sqlite", "--require-storage"},
			"",
			[]int{0, 1},
			judge.StorageVerified,
			[]string{"70      70"},
		},
		{
			"calls are lost, with a reason", func(q *queueing) {
				q.lose = everyNth(10,
					"no matching system/talkgroup")
			},
			[]string{"--verify", "sqlite"},
			"",
			[]int{4},
			judge.StorageLost,
			[]string{
				"7 missing; the server's log says for all 7: no matching",
				"missing; the server's log says: no matching system/talkgroup",
			},
		},
		{
			"calls are lost, silently", func(q *queueing) { q.lose = everyNth(10, "success") },
			[]string{"--verify", "sqlite"},
			"",
			[]int{4},
			judge.StorageLost,
			[]string{"7 were not stored", "until the server had been idle"},
		},
	}
	rdiostress := program(t)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q := startQueueing(t, tt.change)
			file := filepath.Join(t.TempDir(), "report.json")
			flags := slices.Clone(tt.flags)
			if flags[1] == "sqlite" {
				flags[1] += ":" + q.path
			}
			cmd := exec.Command(rdiostress, few(q.URL, append(flags, "--json", file, "-q", "--full")...)...)
			cmd.Env = append(os.Environ(), tt.env)
			out, err := cmd.CombinedOutput()
			var ended *exec.ExitError
			if err != nil && !errors.As(err, &ended) {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); !slices.Contains(tt.exit, code) {
				t.Errorf("exit code %d, want %v\n%s", code, tt.exit, out)
			}
			if rep := readReport(t, file); rep.Verdict.Storage != tt.storage || !rep.Target.AcknowledgesFirst ||
				rep.Target.Server == "" {
				t.Errorf("storage %q of %+v", rep.Verdict.Storage, rep.Target)
			}
			text := strings.Join(strings.Fields(strings.ReplaceAll(string(out), "│", " ")), " ")
			for _, words := range tt.says {
				if !strings.Contains(text, strings.Join(strings.Fields(words), " ")) {
					t.Errorf("does not say %q:\n%s", words, out)
				}
			}
		})
	}
}

// What a server's text log says of calls that are not stored is told too.
func TestServerLogIsRead(t *testing.T) {
	logFile := filepath.Join(t.TempDir(), "server.log")
	if err := os.WriteFile(logFile, []byte("started\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	q := startQueueing(t, func(q *queueing) {
		q.lose = everyNth(35, "no room left")
		q.log = func(line string) {
			f, err := os.OpenFile(logFile, os.O_APPEND|os.O_WRONLY, 0)
			if err == nil {
				_, err = fmt.Fprintln(f, "2026/11/24 12:00:00", line)
			}
			if err = errors.Join(err, f.Close()); err != nil {
				t.Error(err)
			}
		}
	})
	var out strings.Builder
	root := newRunCmd(&streams{Out: &out, Err: io.Discard}, func(ctx context.Context, o *runOptions) error {
		o.verify.serverLog = logFile
		return runLoad(ctx, o)
	})
	file := filepath.Join(t.TempDir(), "report.json")
	root.SetArgs(few(q.URL, "--verify", "sqlite:"+q.path, "--json", file, "-q")[1:])
	root.SilenceErrors, root.SilenceUsage = true, true
	if err := root.ExecuteContext(t.Context()); exitCode(err) != exitLoss {
		t.Errorf("%v\n%s", err, out.String())
	}
	rep := readReport(t, file)
	if rs := rep.Delivery.Reasons; len(rs) != 1 || rs[0].Reason != "no room left" || rs[0].Count != 2 {
		t.Errorf("reasons %+v\n%s", rs, out.String())
	}
}
