package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"rdiostress/internal/bundled"
	"rdiostress/internal/report"
	"rdiostress/internal/testenv"
	"rdiostress/internal/testenv/pgtest"
)

// cyclesVariable says how often the crash test kills the server: make crash-test sets 100, CI 10.
const cyclesVariable = "RDIOSTRESS_TEST_CRASH_CYCLES"

// restartable is a serve command that a shell command starts again on the same address and folder.
type restartable struct {
	binary, address, dir, pidFile string
	options                       string // of serve, for the shell
}

// command starts the server and leaves its process id in a file.
func (r *restartable) command() string {
	return fmt.Sprintf("echo $$ > '%s'; exec '%s' serve --listen %s --data-dir '%s' --log-level error %s", r.pidFile,
		r.binary, r.address, r.dir,
		r.options)
}

// pid is the process that was started last.
func (r *restartable) pid(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(r.pidFile)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(text))
}

func (r *restartable) kill() {
	text, _ := os.ReadFile(r.pidFile)
	if pid, err := strconv.Atoi(strings.TrimSpace(string(text))); err == nil {
		if p, err := os.FindProcess(pid); err == nil {
			_ = p.Kill() // it may have ended
		}
	}
}

// answers reports whether somebody listens.
func (r *restartable) answers() bool {
	conn, err := net.Dial("tcp", r.address)
	if err != nil {
		return false
	}
	return conn.Close() == nil
}

// Killed in the middle of a run, again and again on the same folder, the server has every call that it acknowledged,
// once and unaltered, by the word of run --verify.
func TestCrashCycles(t *testing.T) {
	testenv.Slow(t, "builds the program and kills it")
	if runtime.GOOS == "windows" {
		t.Skip("it is killed by a shell's means")
	}
	cycles := 2
	if text := os.Getenv(cyclesVariable); text != "" {
		var err error
		if cycles, err = strconv.Atoi(text); err != nil || cycles < 1 {
			t.Fatalf("%s=%q is not a number of cycles", cyclesVariable, text)
		}
	}
	binary := testenv.Build(t)
	t.Run("unit", func(t *testing.T) { crashUnit(t, binary) })
	t.Run("SQLite", func(t *testing.T) { crashCycles(t, binary, "", cycles) })
	t.Run("PostgreSQL", func(t *testing.T) {
		crashCycles(t, binary, "--database-url '"+pgtest.Open(t).Database(t)+"'", cycles)
	})
}

// startRestartable starts a server on a free port, and kills whatever runs of it after the test.
func startRestartable(t *testing.T, binary, options string) *restartable {
	t.Helper()
	dir := t.TempDir()
	address, err := bundled.LastingAddress()
	if err != nil {
		t.Fatal(err)
	}
	server := &restartable{
		binary: binary, address: address, dir: filepath.Join(dir, "data"),
		pidFile: filepath.Join(dir, "pid"), options: options,
	}
	first := exec.Command("sh", "-c", server.command())
	first.Stderr = os.Stderr
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.kill()
		_ = first.Wait() // it was killed in the first cycle
		waitUntil(t, "the server is gone", func() bool { return !server.answers() })
	})
	waitUntil(t, "the server listens", server.answers)
	return server
}

// crashUnit kills a systemd unit, by a systemctl that stands in for the real one and does to the unit's process what
// that would do.
func crashUnit(t *testing.T, binary string) {
	server := startRestartable(t, binary, "")
	dir := t.TempDir()
	// The server's process is that of a shell of its own. Where the one that was killed is not gone yet, it cannot
	// start (exit code 3), and is started again: a real systemd waits.
	start := filepath.Join(dir, "start")
	script := "#!/bin/sh\necho \"$@\" >> '" + dir + "/said'\ncase $1 in\nkill) kill -9 $(cat '" +
		server.pidFile + "') ;;\nstart) (while sh '" + start +
		"'; [ $? -eq 3 ]; do sleep 0.05; done) > /dev/null 2>&1 & ;;\nesac\n"
	for path, text := range map[string]string{start: server.command(), filepath.Join(dir, "systemctl"): script} {
		if err := os.WriteFile(path, []byte(text), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	rep := crashRun(t.Context(), t, server, filepath.Join(dir, "report.json"), "--crash-test", "scanner.service")
	if d := rep.Delivery; d.Crash == nil || d.Crash.AnsweredS == nil || d.Crash.Acknowledged == 0 ||
		*d.Acknowledged == d.Crash.Acknowledged || *d.Lost > 0 {
		t.Errorf("%+v, crash %+v", d, d.Crash)
	}
	said, err := os.ReadFile(filepath.Join(dir, "said"))
	if err != nil || string(said) != "kill --signal=SIGKILL -- scanner.service\nstart -- scanner.service\n" {
		t.Errorf("systemctl was asked %q, %v", said, err)
	}
}

// crashCycles kills a server with these options in so many runs.
func crashCycles(t *testing.T, binary, options string, cycles int) {
	server := startRestartable(t, binary, options)
	dir := t.TempDir()
	var calls, before, unanswered uint64
	for cycle := range cycles {
		rep := crashRun(t.Context(), t, server, filepath.Join(dir, "report.json"),
			"--crash-test", server.pid(t), "--restart-command", server.command())
		d := rep.Delivery
		if d.Crash == nil || d.Crash.AnsweredS == nil || d.Crash.Acknowledged == 0 || d.Stored == nil {
			t.Fatalf("cycle %d: %+v, crash %+v", cycle+1, d, d.Crash)
		}
		if *d.Lost+*d.Corrupted+*d.Duplicated+*d.Pending != 0 || *d.Stored != *d.Acknowledged ||
			*d.AudioCompared != *d.Acknowledged {
			t.Fatalf("cycle %d: of %d acknowledged calls %d stored, %d lost, %d corrupted, %d twice, %d pending: %q",
				cycle+1, *d.Acknowledged,
				*d.Stored, *d.Lost, *d.Corrupted, *d.Duplicated, *d.Pending, d.Examples)
		}
		calls, before, unanswered = calls+*d.Acknowledged, before+d.Crash.Acknowledged, unanswered+*d.UnansweredStored
	}
	server.kill()
	waitUntil(t, "the server is gone", func() bool { return !server.answers() })
	audio, spool := filesIn(t, filepath.Join(server.dir, "audio")), filesIn(t, filepath.Join(server.dir, "spool"))
	if len(audio) == 0 || len(spool) > 0 {
		t.Errorf("%d audio files, and in the spool folder %q", len(audio), spool)
	}
	if before == 0 || before == calls {
		t.Errorf("of %d calls %d were acknowledged before a kill: it did not come in the middle", calls, before)
	}
	t.Logf("%d kills: %d calls acknowledged, %d of them before a kill, none lost; %d stored without an answer", cycles,
		calls, before, unanswered)
}

// crashRun makes a run that kills the server in its middle, and returns its report.
func crashRun(ctx context.Context, t *testing.T, server *restartable, file string, args ...string) report.Report {
	t.Helper()
	args = append([]string{
		"run", "--quiet", "--url", "http://" + server.address, "--max-concurrent", "16", "--duration", "1.5s",
		"--audio-size", "1KB-300KB", "--crash-at", "0.5", "--json", file,
	}, args...)
	cmd := exec.CommandContext(ctx, server.binary, args...)
	out, err := cmd.CombinedOutput()
	// On a busy machine the run is inconclusive. What became of its calls is known all the same.
	if code := cmd.ProcessState.ExitCode(); code != exitOK && code != exitMissed && code != exitInconclusive {
		t.Fatalf("run: %v\n%s", err, out)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var rep report.Report
	if err := json.Unmarshal(text, &rep); err != nil {
		t.Fatal(err)
	}
	return rep
}
