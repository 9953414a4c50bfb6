package trial_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"slices"
	"testing"
	"time"

	"rdiostress/internal/bundled"
	"rdiostress/internal/mischief"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/crash"
)

// serveChild is the bundled server of these tests, in its own process.
func serveChild(listen, dir string) int {
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1)) // until the parent closes it
		cancel()
	}()
	ln, err := net.Listen("tcp", listen)
	if err == nil {
		fmt.Println(bundled.ListeningPrefix + "http://" + ln.Addr().String())
		err = serve(ctx, ln, dir)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, bundled.ErrorPrefix+err.Error())
		return 1
	}
	return 0
}

// program starts that bundled server.
func program(string, []string) (bundled.Program, error) {
	exe, err := os.Executable()
	return bundled.Program{
		Path: exe, Args: func(listen, dir string) []string { return []string{listen, dir} },
		Env: append(os.Environ(), asServer+"=true"),
	}, err
}

// The bundled server is started for a trial, killed in it and stopped after it, with mischief beside the load.
func TestBundledServer(t *testing.T) {
	p := plan("")
	p.Bundled = &trial.BundledServer{}
	p.Crash = crash.Plan{Victim: crash.Bundled, At: 500 * time.Millisecond}
	p.Scenario.Timeout = 2 * time.Second
	var err error
	if p.Mischief, err = mischief.ParseMix("truncated=10"); err != nil {
		t.Fatal(err)
	}
	var h heard
	res, err := trial.Environment{Program: program}.Run(t.Context(), p, &h)
	if err != nil {
		t.Fatal(err)
	}
	if c := res.Delivery.Crash; c == nil || c.AnsweredS == nil || *res.Delivery.Lost > 0 ||
		res.Scenario.CrashTest != crash.Bundled {
		t.Errorf("%+v, %+v", c, res.Delivery)
	}
	if res.Mischief == nil || res.Scenario.Mischief != "truncated=10" {
		t.Errorf("%+v", res.Mischief)
	}
	for _, want := range []string{"ServerKilled", "ServerAnswered"} {
		if !slices.Contains(h.kinds(), want) {
			t.Errorf("not told of %s: %q", want, h.kinds())
		}
	}
	if _, err := trial.Run(t.Context(), p, nil); err == nil {
		t.Error("a server is started by a program that has none")
	}
}
