package ab

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rdiostress/internal/report"
)

// serveVariable makes the test binary a server at the port that is its value.
const serveVariable = "AB_TEST_PORT"

func TestMain(m *testing.M) {
	port := os.Getenv(serveVariable)
	if port == "" {
		os.Exit(m.Run())
	}
	fmt.Println("listening")
	_ = os.WriteFile(filepath.Join(os.Getenv("AB_TEST_DIR"), "data"), []byte("x"), 0o600)
	http.HandleFunc("/end", func(http.ResponseWriter, *http.Request) {
		fmt.Println("I was told to end")
		os.Exit(3)
	})
	fmt.Println(http.ListenAndServe("127.0.0.1:"+port, nil))
	os.Exit(1)
}

// command starts the test binary as a server, as a child of the shell.
func command(t *testing.T) string {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("the command is one of sh")
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return serveVariable + "={port} AB_TEST_DIR='{dir}' '" + program + "'; true"
}

// get returns an error if nothing answers.
func get(url string) error {
	resp, err := http.Get(url)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// Each run has a server of its own that answers, with a folder of its own, and none is left.
func TestRun(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	plan := Plan{A: command(t), B: command(t) + " # B", Rounds: 3}
	var turns []string
	var urls []string
	a, b, err := plan.Run(t.Context(), func(_ context.Context, turn Turn) (*report.Report, string, error) {
		turns = append(turns, fmt.Sprint(turn.Side, turn.Round))
		urls = append(urls, turn.URL)
		if err := get(turn.URL); err != nil {
			t.Errorf("%s: %v", turn.Side, err)
		}
		folders, err := filepath.Glob(filepath.Join(os.Getenv("TMPDIR"), "*", "data"))
		if err != nil || len(folders) != 1 {
			t.Errorf("%q, %v: want the data of this server alone", folders, err)
		}
		rep := &report.Report{}
		rep.Run.ID = turns[len(turns)-1]
		return rep, rep.Run.ID + ".json", nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Fields("A1 B1 B2 A2 A3 B3"), turns); diff != "" {
		t.Errorf("turns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(strings.Fields("A1.json A2.json A3.json"), a.Files); diff != "" {
		t.Errorf("files of A (-want +got):\n%s", diff)
	}
	if len(b.Reports) != 3 || b.Reports[1].Run.ID != "B2" || b.Name != plan.B {
		t.Errorf("%+v", b)
	}
	for _, url := range urls {
		if get(url) == nil {
			t.Errorf("the server at %s is still there", url)
		}
	}
	if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestFailures(t *testing.T) {
	good := command(t)
	none := func(context.Context, Turn) (*report.Report, string, error) { return &report.Report{}, "", nil }
	failing := func(context.Context, Turn) (*report.Report, string, error) {
		return nil, "", errors.New("the run failed")
	}
	for name, tt := range map[string]struct {
		a    string
		run  Runner
		want string
	}{
		"ends at once":  {"echo no; echo such port; exit 3 # {port}", none, "answered, exit status 3: such port"},
		"run fails":     {good, failing, "the run failed"},
		"no such thing": {"no-such-program-at-all {port}", none, "no-such-program-at-all"},
		"ends in the run": {good, func(_ context.Context, turn Turn) (*report.Report, string, error) {
			_ = get(turn.URL + "/end") // the answer never comes
			return awaitEnd(turn.URL)
		}, "the server ended during the run: I was told to end"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("TMPDIR", t.TempDir())
			plan := Plan{A: tt.a, B: good, Rounds: 1}
			_, _, err := plan.Run(t.Context(), tt.run)
			if text := fmt.Sprint(err); !strings.HasPrefix(text, "A of round 1: ") || !strings.Contains(text, tt.want) {
				t.Errorf("%v, want %q", err, tt.want)
			}
			if left, err := os.ReadDir(os.Getenv("TMPDIR")); err != nil || len(left) > 0 {
				t.Errorf("left: %v, %v", left, err)
			}
		})
	}
}

// awaitEnd waits until a server is gone.
func awaitEnd(url string) (*report.Report, string, error) {
	for get(url) == nil {
		runtime.Gosched()
	}
	return &report.Report{}, "", nil
}

// When the context ends, so does the server.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	plan := Plan{A: command(t), B: command(t), Rounds: 1}
	var url string
	_, _, err := plan.Run(ctx, func(ctx context.Context, turn Turn) (*report.Report, string, error) {
		url = turn.URL
		cancel()
		return nil, "", ctx.Err()
	})
	if !errors.Is(err, context.Canceled) || get(url) == nil {
		t.Errorf("%v, and the server answers: %v", err, get(url) == nil)
	}
	if _, _, err := plan.Run(ctx, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

func TestCheckCommand(t *testing.T) {
	if err := CheckCommand("server --port {port}"); err != nil {
		t.Error(err)
	}
	if CheckCommand("server --port 80") == nil {
		t.Error("a command without a port is taken")
	}
	if got := Fill("x {port} {dir} {port}", "/tmp/{port}", "80"); got != "x 80 /tmp/{port} 80" {
		t.Errorf("%q", got)
	}
}
