//go:build unix

package load

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
	"rdiostress/internal/upload/wire"
)

// generatorVariable makes the test binary a generator, in place of running tests. Its value is the address of a server
// and the rate of an open model, 0 in the closed one.
const generatorVariable = "RDIOSTRESS_TEST_GENERATOR"

const (
	generatedFor  = 4 * time.Second
	closedWorkers = 4
)

// generate makes a run once it may begin, and writes its result.
func generate(what string) {
	_, _ = io.ReadFull(os.Stdin, make([]byte, 1))
	s := uploadtest.Scenario()
	if _, err := fmt.Sscan(what, &s.URL, &s.Rate); err != nil {
		panic(err)
	}
	s.MaxConcurrent, s.Duration = closedWorkers, generatedFor
	if s.Rate > 0 {
		s.MaxConcurrent = 100
	}
	target, err := wire.NewTarget(s, upload.ConnectOptions{KeepAlive: true})
	if err != nil {
		panic(err)
	}
	defer target.Close()
	now := time.Now()
	r := &Runner{
		Scenario: s, Traffic: testTraffic(s, now), Recorder: measure.NewRecorder(), Start: now, Target: target,
	}
	res := measure.Result{Scenario: s.Record()}
	r.Fill(&res, r.Run(context.Background()))
	_ = json.NewEncoder(os.Stdout).Encode(&res)
}

// generatorChild is a run in a process of its own.
type generatorChild struct {
	*exec.Cmd
	begin   io.Closer
	out     strings.Builder
	uploads atomic.Int64 // that the server has answered
}

// startGenerator starts a generator whose run begins when begin is closed, against a server that answers after a while.
func startGenerator(t *testing.T, rate float64, takes time.Duration) *generatorChild {
	t.Helper()
	g := &generatorChild{Cmd: exec.Command(os.Args[0])}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-time.After(takes)
		g.uploads.Add(1)
		_, _ = io.WriteString(w, rdio.PhraseImported)
	}))
	t.Cleanup(server.Close)
	g.Env = append(os.Environ(), fmt.Sprintf("%s=%s %v", generatorVariable, server.URL, rate))
	g.Stdout, g.Stderr = &g.out, os.Stderr
	in, err := g.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	g.begin = in
	if err := g.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Process.Kill(); _ = g.Wait() })
	return g
}

// result waits for the end of the run.
func (g *generatorChild) result(t *testing.T) (res measure.Result) {
	t.Helper()
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(g.out.String()), &res); err != nil {
		t.Fatalf("%v: %q", err, g.out.String())
	}
	if n := uint64(g.uploads.Load()); n != res.Totals.Accepted {
		t.Errorf("%d uploads, of which the server answered %d", res.Totals.Accepted, n)
	}
	return res
}

// The times of uploads around a stop of the generator itself are not the server's, in either model.
func TestStoppedGenerator(t *testing.T) {
	const length, takes = 1500 * time.Millisecond, 20 * time.Millisecond
	for name, rate := range map[string]float64{"closed": 0, "open": 100} {
		t.Run(name, func(t *testing.T) {
			g := startGenerator(t, rate, takes)
			_ = g.begin.Close()
			for g.uploads.Load() < 50 {
				<-time.After(time.Millisecond)
			}
			stopped := stopFor(t, g.Process, 0, length)
			res := g.result(t)
			from, until := stopped()
			s := res.Generator.Stops
			if s == nil || s.Count == 0 || s.LongestS < until.Sub(from).Seconds() {
				t.Fatalf("stopped for %v: %+v", until.Sub(from), s)
			}
			if res.Latency.MaxS >= length.Seconds()/2 || res.ServiceTime.MaxS >= length.Seconds()/2 {
				t.Errorf("response times up to %v s, service times up to %v s", res.Latency.MaxS, res.ServiceTime.MaxS)
			}
			least, most := uint64(closedWorkers), uint64(10*closedWorkers)
			if rate > 0 { // all that were due in the stop, and in some time around it
				least, most = uint64(0.95*rate*length.Seconds()), uint64(3*rate*length.Seconds())
				if *res.Generator.LagP99S >= length.Seconds()/2 {
					t.Errorf("a lag of %v s", *res.Generator.LagP99S)
				}
			}
			if s.Accepted < least || s.Accepted > most || res.Latency.LeftOut != s.Accepted {
				t.Errorf("%d uploads are left out, %+v", res.Latency.LeftOut, s)
			}
			if s.P95BoundS == nil || s.MeanBoundS == nil || *s.MeanBoundS <= res.Latency.MeanS {
				t.Errorf("bounds %v, %v", s.MeanBoundS, s.P95BoundS)
			}
			says := strings.Contains(strings.Join(res.Generator.Reasons, "; "), "the generator itself was stopped")
			if many := res.Latency.LeavesTooMuchOut(); says != many || rate > 0 && !many {
				t.Errorf("many are left out: %v; reasons: %q", many, res.Generator.Reasons)
			}
		})
	}
}
