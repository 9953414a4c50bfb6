//go:build !windows

package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/testenv"
)

// briefly are the flags of a run of so many seconds against a server that takes every call, and counts them.
func briefly(t *testing.T, uploads *atomic.Int64, seconds string, more ...string) []string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		time.Sleep(5 * time.Millisecond)
		uploads.Add(1)
		fmt.Fprintln(w, "Call imported successfully.")
	}))
	t.Cleanup(server.Close)
	return append([]string{
		"run", "--url", server.URL, "--duration", seconds, "--max-concurrent", "2", "--prime", "off", "--watch", "none",
		"--verify", "none",
	}, more...)
}

// person is somebody who looks at a terminal, which tmux is.
type person struct {
	t    *testing.T
	tmux string
	name string // of the server of tmux
}

// sitDown starts a shell command in a terminal of a size. What it shows stays after its end, and whatever is typed
// then: neither the shell nor what follows the command ends by Ctrl-C, which removes no output either.
func sitDown(t *testing.T, columns, rows int, command string) *person {
	t.Helper()
	p := &person{t, testenv.Program(t, "tmux", "tmux"), filepath.Join(t.TempDir(), "tmux")}
	t.Cleanup(func() { _ = exec.Command(p.tmux, "-S", p.name, "kill-server").Run() }) // it may have ended
	command = "stty noflsh; trap : INT; " + command + "; trap '' INT; exec cat"
	p.do("new-session", "-d", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(rows), command)
	return p
}

// do has tmux do something, and returns what it says.
func (p *person) do(args ...string) string {
	p.t.Helper()
	args = append([]string{"-S", p.name, "-f", "/dev/null", "-u"}, args...)
	out, err := exec.Command(p.tmux, args...).CombinedOutput()
	if err != nil {
		p.t.Fatalf("tmux %q: %v: %s", args, err, out)
	}
	return string(out)
}

// sees returns what the terminal shows, with what has left it at its top if that is wanted.
func (p *person) sees(history bool) string {
	if history {
		return p.do("capture-pane", "-p", "-S", "-")
	}
	return p.do("capture-pane", "-p")
}

var (
	// panelRow begins a row of a panel, each of which is to be seen once.
	panelRow = regexp.MustCompile(
		`(?m)^(sustained|calls |so far |p95 |backlog |in flight |failures |server |alerts ).*$`)
	timeLeft = regexp.MustCompile(`(?m)^sustained.* (\S+) left$`)
)

// resize has the terminal become another size, and waits until it shows one whole panel that was drawn since, and no
// line of another.
func (p *person) resize(columns, rows, want int, history bool) {
	p.t.Helper()
	left := func(seen string) string { return strings.Join(timeLeft.FindStringSubmatch(seen), "") }
	before := left(p.sees(false))
	p.do("resize-window", "-x", fmt.Sprint(columns), "-y", fmt.Sprint(rows))
	var seen string
	defer func() {
		if p.t.Failed() {
			p.t.Logf("the terminal shows\n%s", seen)
		}
	}()
	waitUntil(p.t, fmt.Sprintf("%d rows of one panel in %d columns", want, columns), func() bool {
		seen = p.sees(history)
		now := left(seen)
		return len(panelRow.FindAllString(seen, -1)) == want && now != "" && now != before
	})
	for line := range strings.SplitSeq(seen, "\n") {
		if n := len([]rune(line)); n >= columns && panelRow.MatchString(line) {
			p.t.Errorf("%d columns of %d: %q", n, columns, line)
		}
	}
}

// A run at a terminal shows one panel, however the terminal is resized, and nothing is left of it when the summary
// follows. Where lines become more than a terminal has rows when it breaks them anew, the first of them leave it at its
// top, where no program can remove them.
func TestPanelInATerminal(t *testing.T) {
	const all = 9
	for name, tt := range map[string]struct {
		rooms   [][3]int // columns, rows, and those that the panel has of these
		history bool
	}{
		"resized":    {[][3]int{{40, 24, all}, {120, 40, all}, {80, 24, all}}, true},
		"very small": {[][3]int{{40, 10, all}, {24, 5, 4}, {80, 24, all}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var uploads atomic.Int64
			args := briefly(t, &uploads, "300", "--rate", "40")
			for i := range args {
				args[i] = "'" + args[i] + "'"
			}
			const full = "seq 101 140; " // lines are above the panel
			p := sitDown(t, 80, 24, full+"TERM=screen "+program(t)+" "+strings.Join(args, " ")+"; echo ended with $?")
			waitUntil(t, "the run is under way", func() bool { return timeLeft.MatchString(p.sees(false)) })
			for _, room := range tt.rooms {
				p.resize(room[0], room[1], room[2], tt.history)
			}
			p.do("send-keys", "C-c")
			waitUntil(t, "the run ends", func() bool { return strings.Contains(p.sees(false), "ended with 130") })
			seen := p.sees(tt.history)
			if left := panelRow.FindAllString(seen, -1); len(left) > 0 || !strings.Contains(seen, "INTERRUPTED") {
				t.Errorf("of the panel is left %q in\n%s", left, seen)
			}
			if got := strings.TrimSpace(p.do("display-message", "-p", "#{cursor_flag} #{wrap_flag}")); got != "1 1" {
				t.Errorf("the cursor is seen, and lines are wrapped: %s, want 1 1", got)
			}
		})
	}
}

// A second Ctrl-C ends a run at once, and leaves no panel below what it says.
func TestLeavingATerminalAtOnce(t *testing.T) {
	t.Parallel()
	var uploads atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if uploads.Add(1) > 20 { // those before the run are answered
			<-r.Context().Done()
		}
		fmt.Fprintln(w, "Call imported successfully.")
	}))
	defer server.Close()
	args := " run --url " + server.URL + " --duration 300 --rate 5 --prime off --watch none --verify none"
	p := sitDown(t, 80, 24, "TERM=screen "+program(t)+args+"; echo ended with $?")
	waitUntil(t, "uploads hang", func() bool { return uploads.Load() > 22 && timeLeft.MatchString(p.sees(false)) })
	p.do("send-keys", "C-c")
	waitUntil(t, "it stops", func() bool { return strings.Contains(p.sees(false), "\nstopping: waiting for ") })
	waitUntil(t, "it ends", func() bool {
		if strings.Contains(p.sees(false), "ended with 130") {
			return true
		}
		p.do("send-keys", "C-c") // one that comes soon after the first counts as the same
		return false
	})
	seen := p.sees(true)
	if left := panelRow.FindAllString(seen, -1); len(left) > 0 || !strings.Contains(seen, "left at once") ||
		strings.Contains(seen, "stopping: ") {
		t.Errorf("of the panel is left %q in\n%s", left, seen)
	}
}
