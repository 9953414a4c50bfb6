package cli

import (
	"net/http"
	"runtime/debug"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// When a command has returned, none of its goroutines is left: not of a server that has taken uploads and shown its
// figures, nor of a run with its progress on a terminal.
func TestCommandsLeaveNothing(t *testing.T) {
	before := goleak.IgnoreCurrent()
	r := startServe(t, "--listen", "127.0.0.1:0", "--data-dir", t.TempDir(), "--log-level", "error")
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	if _, err := uploadOne(t.Context(), client, r.url, 1, 1, make([]byte, 400<<10)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/metrics", "/health", "/api/calls", "/api/alerts"} {
		resp, err := client.Get(r.url + path)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	for name, args := range map[string][]string{
		"a run": {"--total", "20", "--max-concurrent", "2"},
		"a replay of a database": {
			"--replay", "sqlite:../delivery/testdata/rdio-scanner-7.0.0.sqlite", "--speed", "50", "--verify", "none",
		},
		"a run that is not made":   {"--api-key", "wrong"},
		"a run with a wrong flag":  {"--rate", "-1"},
		"a run that is shown":      {"--total", "20", "--prometheus", ":0", "--web", ":0"},
		"a run that watches":       {"--rate", "50", "--duration", "1s", "--verify", "none"},
		"a run with its own sink":  {"--total", "5", "--verify", "sink=127.0.0.1:0", "--verify-timeout", "1s"},
		"a run that cannot verify": {"--total", "5", "--verify", "sqlite:none.db"},
	} {
		ios, _, errs := testStreams()
		ios.ErrTerminal = true
		flags := []string{"run", "--url", r.url, "--prime=off", "--max-concurrent", "2", "--verify-audio=false"}
		if code := run(t.Context(), append(flags, args...), ios); code != exitOK && name == "a run" {
			t.Errorf("%s: exit code %d, %s", name, code, errs)
		}
	}
	r.stop()
	select {
	case <-r.code:
	case <-time.After(time.Minute):
		t.Fatal("serve does not end")
	}
	goleak.VerifyNone(t, before)
}

// Commands that only read the flags of a replay close its recordings too, and set the collection of garbage back.
func TestUnsentReplaysAreClosed(t *testing.T) {
	t.Setenv("GOGC", "")
	percent := debug.SetGCPercent(100)
	t.Cleanup(func() { debug.SetGCPercent(percent) })
	before := goleak.IgnoreCurrent()
	place := "sqlite:../delivery/testdata/rdio-scanner-7.0.0.sqlite"
	for name, args := range map[string][]string{
		"checked":            {"scenario", "check", "--replay", place},
		"shown":              {"scenario", "show", "--replay", place},
		"replay check":       {"replay", "check", place},
		"wrong run":          {"run", "--replay", place, "--rate", "5"},
		"wrong search":       {"capacity", "--replay", place, "--precision", "7"},
		"no such recordings": {"run", "--replay", "sqlite:none.db"},
	} {
		ios, _, _ := testStreams()
		run(t.Context(), args, ios)
		if got := debug.SetGCPercent(100); got != 100 {
			t.Errorf("%s: GOGC is left at %d", name, got)
		}
	}
	goleak.VerifyNone(t, before)
}
