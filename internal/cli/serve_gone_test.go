package cli

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"rdiostress/internal/testenv"
)

// ownProgram is a path by which this test's binary is the program.
func ownProgram(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "rdiostress")
	if err := os.Symlink(exe, program); err != nil {
		t.Skip(err) // Windows
	}
	return program
}

// loggedServe is a serve command in a process of its own, whose log is kept.
type loggedServe struct {
	*serveProcess
	dir string
	log *testenv.Output
}

func startLoggedServe(t *testing.T, program, dir string, args ...string) *loggedServe {
	t.Helper()
	s := &loggedServe{dir: dir, log: &testenv.Output{}}
	args = append([]string{"serve", "--listen", "127.0.0.1:0", "--data-dir", dir, "--min-free-disk", "1"}, args...)
	s.serveProcess = startServeProcessWith(t, exec.Command(program, args...), s.log)
	return s
}

// get returns the status and the text of a reply.
func (s *loggedServe) get(t *testing.T, path string) (int, string) {
	t.Helper()
	resp, err := http.Get(s.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// upload uploads call n, and notes it if it was acknowledged. Every third is too long for the database.
func (s *loggedServe) upload(t *testing.T, n int, acked *acknowledged) error {
	t.Helper()
	size := 1000
	if n%3 == 2 {
		size = 300 << 10
	}
	audio := []byte(strings.Repeat(string(rune('a'+n%26)), size))
	id, err := uploadOne(t.Context(), http.DefaultClient, s.url, 1, n, audio)
	if err == nil {
		acked.add(id, hexSum(audio))
	}
	return err
}

// hasAlert reports whether an alert is raised.
func (s *loggedServe) hasAlert(t *testing.T, kpi, severity string) bool {
	t.Helper()
	_, text := s.get(t, "/api/alerts")
	var reply struct {
		Alerts []struct{ KPI, Severity string }
	}
	if err := json.Unmarshal([]byte(text), &reply); err != nil {
		t.Fatal(err)
	}
	for _, a := range reply.Alerts {
		if a.KPI == kpi && a.Severity == severity {
			return true
		}
	}
	return false
}

// loss is a way in which the files of a running server go.
type loss struct {
	name     string
	take     func(dir string) error
	giveBack func(dir string) error // nil where there is nothing to give back
}

func move(from, to string) func(dir string) error {
	return func(dir string) error { return os.Rename(filepath.Join(dir, from), filepath.Join(dir, to)) }
}

// away is where a data folder is moved to, beside it.
func away(dir string) string { return dir + ".away" }

func losses() []loss {
	return []loss{
		{"database moved", move("rdiostress.db", "old.db"), move("old.db", "rdiostress.db")},
		{"log moved", move("rdiostress.db-wal", "old"), move("old", "rdiostress.db-wal")},
		{"index moved", move("rdiostress.db-shm", "old"), move("old", "rdiostress.db-shm")},
		{"lock moved", move("lock.db", "old"), move("old", "lock.db")},
		{"audio folder moved", move("audio", "old"), move("old", "audio")},
		{
			"folder moved", func(dir string) error { return os.Rename(dir, away(dir)) },
			func(dir string) error { return os.Rename(away(dir), dir) },
		},
		{
			"another folder in its place",
			func(dir string) error {
				err := errors.Join(os.Rename(dir, away(dir)), os.MkdirAll(filepath.Join(dir, "spool"), 0o700))
				return errors.Join(err, os.CopyFS(dir, os.DirFS(away(dir))))
			},
			func(dir string) error { return errors.Join(os.RemoveAll(dir), os.Rename(away(dir), dir)) },
		},
		{"database removed", func(dir string) error { return os.Remove(filepath.Join(dir, "rdiostress.db")) }, nil},
		{"folder removed", os.RemoveAll, nil},
	}
}

// Once a server's files are not at their paths any more, no upload is acknowledged: what it writes would be lost. When
// they are back, all that it ever acknowledged is there, whatever happened in between.
func TestServeFilesGone(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("Windows keeps open files where they are")
	}
	program := ownProgram(t)
	for _, l := range losses() {
		t.Run(l.name, func(t *testing.T) {
			t.Parallel()
			checkLoss(t, program, filepath.Join(t.TempDir(), "data"), l)
		})
	}
}

func checkLoss(t *testing.T, program, dir string, l loss) {
	s := startLoggedServe(t, program, dir)
	acked := &acknowledged{sums: make(map[string]string)}
	n := 0
	for ; n < 6; n++ {
		if err := s.upload(t, n, acked); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.take(dir); err != nil {
		t.Fatal(err)
	}
	lost := &acknowledged{sums: make(map[string]string)} // in the tenth of a second before it is noticed
	waitUntil(t, "uploads are refused", func() bool {
		n++
		return s.upload(t, n, lost) != nil
	})
	for range 30 {
		n++
		if err := s.upload(t, n, lost); err == nil || !strings.Contains(err.Error(), "503") {
			t.Fatalf("upload into a database that is gone: %v, want 503", err)
		}
	}
	if status, text := s.get(t, "/ready"); status != http.StatusServiceUnavailable ||
		!strings.Contains(text, `"database":"gone"`) {
		t.Errorf("/ready: %d %s", status, text)
	}
	waitUntil(t, "the alert is raised", func() bool { return s.hasAlert(t, "database_unusable", "critical") })
	if log := s.log.String(); strings.Count(log, "level=ERROR") != 1 ||
		!strings.Contains(log, "files of the data folder are gone") {
		t.Errorf("logged, where one error is to be:\n%s", log)
	}
	if l.giveBack == nil {
		return
	}
	if err := l.giveBack(dir); err != nil {
		t.Fatal(err)
	}
	waitUntil(t, "uploads are taken again", func() bool {
		n++
		return s.upload(t, n, acked) == nil
	})
	if status, text := s.get(t, "/ready"); status != http.StatusOK {
		t.Errorf("/ready with everything back: %d %s", status, text)
	}
	for range 6 {
		n++
		if err := s.upload(t, n, acked); err != nil {
			t.Error(err)
		}
	}
	s.kill()
	for id, sum := range lost.sums {
		acked.add(id, sum) // no, it was not
	}
	again := startLoggedServe(t, program, dir)
	checkStored(t, again.url, acked)
}

// A log without its database is not taken for that of a new one: serve says how to recover.
func TestServeRefusesALogAlone(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "rdiostress.db-wal"), []byte("calls"), 0o600); err != nil {
		t.Fatal(err)
	}
	ios, _, errs := testStreams()
	code := run(t.Context(), []string{"serve", "--listen", "127.0.0.1:0", "--data-dir", dir}, ios)
	want := "rdiostress: error: cannot use the data folder " +
		dir + ": the database is missing: rdiostress.db-wal holds calls of a database " +
		"that is not beside it\nrdiostress: hint: move rdiostress.db back beside its -wal; "
	if code != exitNoRun || !strings.HasPrefix(errs.String(), want) {
		t.Errorf("exit code %d, %q", code, errs)
	}
	if entries, err := os.ReadDir(dir); len(entries) != 1 || err != nil {
		t.Errorf("the folder holds %v, %v", entries, err)
	}
}
