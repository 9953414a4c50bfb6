//go:build unix

package crash

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rdiostress/internal/measure"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// events records a crash's events.
type events struct {
	mu   sync.Mutex
	list []string
}

func (e *events) add(what string) func(time.Duration) {
	return func(time.Duration) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.list = append(e.list, what)
	}
}

// begin starts a crash with a server that answers 404.
func begin(t *testing.T, p Plan, s Server) (*Crash, *events) {
	t.Helper()
	web := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	e := &events{}
	c := Begin(t.Context(), Options{
		Plan: p, Server: s, Client: &http.Client{Transport: &http.Transport{}}, URL: web.URL, Start: time.Now(),
		Killed: e.add("killed"), Answered: e.add("answered"),
	})
	return c, e
}

// await waits until a crash is over.
func await(t *testing.T, e *events, what string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; <-time.After(time.Millisecond) {
		e.mu.Lock()
		told := slices.Contains(e.list, what)
		e.mu.Unlock()
		if told {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not told: %s", what)
		}
	}
}

// A process is killed, and its start command is run again.
func TestProcess(t *testing.T) {
	victim := exec.Command("sleep", "60")
	if err := victim.Start(); err != nil {
		t.Skip(err)
	}
	mark := filepath.Join(t.TempDir(), "restarted")
	c, e := begin(t, Plan{Victim: strconv.Itoa(victim.Process.Pid), Restart: "touch " + mark}, nil)
	await(t, e, "answered")
	if err := victim.Wait(); err == nil {
		t.Error("the process has ended by itself")
	}
	if err := c.End(false); err != nil {
		t.Fatal(err)
	}
	acknowledged, lost := uint64(7), uint64(1)
	d := measure.Delivery{Crash: &measure.Crash{Acknowledged: acknowledged, Lost: &lost}}
	c.Fill(&d)
	if d.Crash.AnsweredS == nil || d.Crash.KilledS > *d.Crash.AnsweredS || d.Crash.Acknowledged != acknowledged ||
		*d.Crash.Lost != lost {
		t.Errorf("%+v", d.Crash)
	}
	for deadline := time.Now().Add(10 * time.Second); ; <-time.After(time.Millisecond) {
		if _, err := os.Stat(mark); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the command that starts it again was not run")
		}
	}
}

// systemctl kills and starts a unit, and its error output is reported.
func TestUnit(t *testing.T) {
	dir := t.TempDir()
	said := filepath.Join(dir, "said")
	script := "#!/bin/sh\necho \"$@\" >> " +
		said + "\nfor last; do :; done\nif [ $last = broken.service ]; then echo " +
		"no such unit; exit 5; fi\n"
	if err := os.WriteFile(filepath.Join(dir, "systemctl"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	c, e := begin(t, Plan{Victim: "scanner.service"}, nil)
	await(t, e, "answered")
	if err := c.End(false); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(said)
	if want := "kill --signal=SIGKILL -- scanner.service\nstart -- scanner.service\n"; string(text) != want ||
		err != nil {
		t.Errorf("systemctl is called with %q, want %q", text, want)
	}
	c, _ = begin(t, Plan{Victim: "broken.service"}, nil)
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); <-time.After(time.Millisecond) {
		if text, _ := os.ReadFile(said); strings.Contains(string(text), "broken.service") {
			break
		}
	}
	var kill *KillError
	if err := c.End(false); !errors.As(err, &kill) ||
		!strings.Contains(err.Error(), "cannot kill broken.service: systemctl kill: ") ||
		!strings.HasSuffix(err.Error(), "no such unit") {
		t.Errorf("%v", err)
	}
	var d measure.Delivery
	if c.Fill(&d); d.Crash != nil {
		t.Errorf("%+v", d.Crash)
	}
}

// bundled is a bundled server that records its calls.
type bundled struct {
	events
	err error
}

func (b *bundled) Kill() { b.add("kill")(0) }

func (b *bundled) Restart(context.Context) error {
	b.add("restart")(0)
	return b.err
}

func TestBundled(t *testing.T) {
	for _, broken := range []error{nil, errors.New("no database")} {
		b := &bundled{err: broken}
		c, _ := begin(t, Plan{Victim: Bundled}, b)
		await(t, &b.events, "restart")
		if err := c.End(false); !errors.Is(err, broken) {
			t.Errorf("%v, want %v", err, broken)
		}
		if got := strings.Join(b.list, " "); got != "kill restart" {
			t.Errorf("does %q", got)
		}
	}
}

// A run that ends before its crash is no crash test, unless it was interrupted.
func TestTooLate(t *testing.T) {
	for _, interrupted := range []bool{false, true} {
		c, e := begin(t, Plan{Victim: Bundled, At: time.Hour}, &bundled{})
		if err := c.End(interrupted); (err == nil) != interrupted || len(e.list) > 0 {
			t.Errorf("interrupted %t: %v, %q", interrupted, err, e.list)
		}
	}
	var none *Crash
	if c := Begin(t.Context(), Options{}); c != nil || none.End(false) != nil {
		t.Error("a crash is made that nobody has asked for")
	}
}
