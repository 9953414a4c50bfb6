package load

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
	"rdiostress/internal/scenario"
	"rdiostress/internal/schedule"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// fickle is a server that fails some attempts and remembers the names of the files that it got.
type fickle struct {
	fails func(file, attempt int) (status int, body string) // file is the how manieth to come, from 0; 0 is accepted

	mu    sync.Mutex
	names []string
	sent  map[string][][]byte // all forms of a file
}

func (f *fickle) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	form, _ := io.ReadAll(r.Body)
	_, name, _ := bytes.Cut(form, []byte(`filename="`))
	name, _, _ = bytes.Cut(name, []byte(`"`))
	f.mu.Lock()
	defer f.mu.Unlock()
	file := slices.Index(f.names, string(name))
	if file < 0 {
		file = len(f.names)
		f.names = append(f.names, string(name))
	}
	f.sent[string(name)] = append(f.sent[string(name)], form)
	if status, body := f.fails(file, len(f.sent[string(name)])); status != 0 {
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return
	}
	_, _ = io.WriteString(w, "Call imported successfully.\n")
}

// lastOutcomes is Receipts that keep all outcomes of each call.
type lastOutcomes struct {
	mu  sync.Mutex
	all map[uint64][]measure.Outcome
}

func (l *lastOutcomes) Record(n uint64, _ *rdio.Call, o *measure.Outcome) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all[n] = append(l.all[n], *o)
}

// runFickle sends 300 calls to a server, in a run that cannot be delayed, and returns the result.
func runFickle(t *testing.T, s *scenario.Scenario, f *fickle) (measure.Result, *lastOutcomes) {
	t.Helper()
	f.sent = make(map[string][][]byte)
	server := httptest.NewServer(f)
	defer server.Close()
	s.URL = server.URL
	target, err := NewTarget(s, upload.ConnectOptions{KeepAlive: true})
	if err != nil {
		t.Fatal(err)
	}
	defer target.Close()
	got := &lastOutcomes{all: make(map[uint64][]measure.Outcome)}
	now := time.Now()
	r := &Runner{
		Scenario: s, Traffic: testTraffic(s, now), Recorder: measure.NewRecorder(), Start: now,
		Target: target, Receipts: got,
	}
	res := measure.Result{Scenario: s.Record()}
	r.Fill(&res, r.Run(context.Background()))
	for n, all := range got.all {
		if len(all) != 1 {
			t.Errorf("call %d has %d outcomes", n, len(all))
		}
	}
	if uint64(len(got.all)) != res.Totals.Attempted {
		t.Errorf("%d calls have an outcome, %d were attempted", len(got.all), res.Totals.Attempted)
	}
	return res, got
}

// retryScenario is 300 calls in the first second of six, with retries well within the rest.
func retryScenario(pauses ...time.Duration) *scenario.Scenario {
	s := uploadtest.Scenario()
	s.Stages, s.StageRates = schedule.Shape{{Length: time.Second, From: 300, To: 300}, {Length: 5 * time.Second}}, true
	s.Retries = scenario.Retries{On: true, Custom: pauses}
	s.Talkgroups = nil
	for tg := range int64(300) {
		s.Talkgroups = append(s.Talkgroups, 1001+tg)
	}
	return s
}

func TestRetries(t *testing.T) {
	third := func(file int) bool { return file%3 == 0 }
	// A third of the calls fail with a status first, and are called duplicates then.
	thenDuplicate := func(status int) func(file, attempt int) (int, string) {
		return func(file, attempt int) (int, string) {
			switch {
			case third(file) && attempt == 1:
				return status, ""
			case third(file):
				return 200, "duplicate call rejected\n"
			}
			return 0, ""
		}
	}
	for _, tt := range []struct {
		name  string
		fails func(file, attempt int) (int, string)
		want  measure.Retries
		score uint64 // accepted
	}{
		{
			"the first attempt of every third call fails",
			func(file, attempt int) (int, string) {
				if third(file) && attempt == 1 {
					return 503, "busy"
				}
				return 0, ""
			},
			measure.Retries{
				Calls: 100, Recovered: 100, Sent: 100, Tries: []measure.RetryAttempt{{
					Try: 2, Sent: 100,
					Accepted: 100,
				}},
				Errors: measure.Errors{HTTP: map[string]uint64{"503": 100}},
			},
			300,
		},
		{
			"the first two",
			func(file, attempt int) (int, string) {
				if third(file) && attempt <= 2 {
					return 500 + attempt, ""
				}
				return 0, ""
			},
			measure.Retries{
				Calls: 100, Recovered: 100, Sent: 200,
				Tries:  []measure.RetryAttempt{{Try: 2, Sent: 100, Failed: 100}, {Try: 3, Sent: 100, Accepted: 100}},
				Errors: measure.Errors{HTTP: map[string]uint64{"501": 100, "502": 100}},
			},
			300,
		},
		{
			"all of them",
			func(file, _ int) (int, string) {
				if third(file) {
					return 429, ""
				}
				return 0, ""
			},
			measure.Retries{
				Calls: 100, GivenUp: 100, Sent: 200,
				Tries:  []measure.RetryAttempt{{Try: 2, Sent: 100, Failed: 100}, {Try: 3, Sent: 100, Failed: 100}},
				Errors: measure.Errors{HTTP: map[string]uint64{"429": 300}},
			},
			200,
		},
		{
			"the answer to the first is an error, though the call was stored",
			thenDuplicate(500),
			measure.Retries{
				Calls: 100, Recovered: 100, AlreadyThere: 100, Sent: 100, Tries: []measure.RetryAttempt{{
					Try:  2,
					Sent: 100, AlreadyThere: 100,
				}},
				Errors: measure.Errors{HTTP: map[string]uint64{"500": 100}},
			},
			300,
		},
		{
			"what was refused is called a duplicate, though the server cannot have it",
			thenDuplicate(429),
			measure.Retries{
				Calls: 100, GivenUp: 100, Sent: 100, Tries: []measure.RetryAttempt{{Try: 2, Sent: 100, Failed: 100}},
				Errors: measure.Errors{Rejected: 100, HTTP: map[string]uint64{"429": 100}},
			},
			200,
		},
		{
			"a call that was called a duplicate at first is not sent again",
			func(file, _ int) (int, string) {
				if third(file) {
					return 200, "duplicate call rejected\n"
				}
				return 0, ""
			},
			measure.Retries{Tries: []measure.RetryAttempt{}, Errors: measure.Errors{HTTP: map[string]uint64{}}},
			200,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := &fickle{fails: tt.fails}
			res, got := runFickle(t, retryScenario(200*time.Millisecond, 100*time.Millisecond), f)
			if fmt.Sprint(*res.Retries) != fmt.Sprint(tt.want) {
				t.Errorf("retries %v\nwant %v", *res.Retries, tt.want)
			}
			if res.Totals.Attempted != 300 || res.Totals.Accepted != tt.score || res.Totals.Unsent != 0 {
				t.Errorf("%+v, want 300 calls, %d of them accepted", res.Totals, tt.score)
			}
			if len(f.names) != 300 {
				t.Errorf("%d files, want 300", len(f.names))
			}
			for name, forms := range f.sent {
				for _, again := range forms[1:] {
					if !bytes.Equal(again, forms[0]) {
						t.Errorf("%s was sent in another form again", name)
					}
				}
			}
			late := uint64(0)
			for _, o := range got.all {
				if o[0].Response() >= 200*time.Millisecond {
					late++
				}
			}
			if late < tt.want.Recovered {
				t.Errorf("%d calls took as long as until the first repeat; %d were got through by one", late,
					tt.want.Recovered)
			}
		})
	}
}

// Retries that would come after the end are not waited for, and the calls count as failed.
func TestRetriesEnd(t *testing.T) {
	f := &fickle{fails: func(file, _ int) (int, string) { return 503 * min(1, file%2), "" }}
	res, _ := runFickle(t, retryScenario(time.Minute), f)
	r := res.Retries
	if r.Calls != 150 || r.Pending != 150 || r.Sent != 0 || res.Totals.Failed != 150 || res.Errors.HTTP["503"] != 150 {
		t.Errorf("%+v, %+v", *r, res.Errors)
	}
}

// When a signal or the total ends a run early, waiting calls count with the outcome of their last attempt.
func TestRetriesOfAnEarlyEnd(t *testing.T) {
	s := retryScenario(time.Minute)
	s.Stages, s.StageRates, s.Duration, s.Total = nil, false, time.Hour, 100 // closed
	f := &fickle{fails: func(int, int) (int, string) { return 503, "" }}
	res, got := runFickle(t, s, f)
	if r := res.Retries; r.Calls != 100 || r.Pending != 100 || res.Totals.Failed != 100 || len(got.all) != 100 {
		t.Errorf("%+v, %+v", *r, res.Totals)
	}
}

// failing is an Uploader whose every attempt fails at once.
type failing struct{}

func (failing) Upload(context.Context, *upload.Request) upload.Attempt {
	return upload.Attempt{
		Sent: time.Now(), Class: measure.Status, Status: 503, Bytes: 10, Steps: measure.NoSteps(),
		NewConn: true,
	}
}

func (failing) Close() {}

func TestRetriesOfClients(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uploadtest.Scenario()
		s.Rate, s.Duration = 1, 10*time.Minute
		s.Retries.On = true
		s.Clients = scenario.Mix{}
		if err := setMix(&s.Clients, "trunk-recorder=50,sdrtrunk=50"); err != nil {
			t.Fatal(err)
		}
		now := time.Now()
		r := &Runner{
			Scenario: s, Traffic: testTraffic(s, now), Recorder: measure.NewRecorder(), Start: now,
			Uploader: func() upload.Uploader { return failing{} },
			sleeper:  func(start time.Time) (sleeper, error) { return newTimerSleeper(start), nil },
		}
		var res measure.Result
		r.Fill(&res, r.Run(t.Context()))
		n := res.Retries
		if n.Calls < 200 || n.Calls > 400 || n.GivenUp+n.Pending != n.Calls || n.Tries[0].Sent < n.Tries[1].Sent ||
			len(n.Tries) != 2 {
			t.Errorf("%+v", *n)
		}
		// Calls due less than 62 s before the end have no retry, those due 71+131 s before it have all.
		if res.Totals.Attempted != 600 || res.Totals.BytesSent != (600+n.Sent)*10 ||
			res.Generator.Connects != 600+n.Sent {
			t.Errorf("%+v, %d connections, %d retries", res.Totals, res.Generator.Connects, n.Sent)
		}
		if share := float64(n.Tries[0].Sent) / float64(n.Calls); share < 0.86 || share > 0.92 { // 600 s less some 66
			t.Errorf("%v of the calls were sent again, want some 0.89", share)
		}
	})
}

// If a server refuses everything, this shows at once, although all calls wait to be sent again.
func TestFailedAttemptsEndARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := uploadtest.Scenario()
		s.Rate, s.Duration = 10, 10*time.Minute
		s.Retries = scenario.Retries{On: true, Custom: []time.Duration{2 * time.Minute}}
		rule, err := scenario.ParseAbortRule("error_rate>0.5 for 5s")
		if err != nil {
			t.Fatal(err)
		}
		s.AbortOn = []scenario.AbortRule{rule}
		now := time.Now()
		r := &Runner{
			Scenario: s, Traffic: testTraffic(s, now), Recorder: measure.NewRecorder(), Start: now,
			Uploader: func() upload.Uploader { return failing{} },
			sleeper:  func(start time.Time) (sleeper, error) { return newTimerSleeper(start), nil },
		}
		var res measure.Result
		r.Fill(&res, r.Run(t.Context()))
		if res.Run.Aborted == "" || res.Run.SendingS < 5 || res.Run.SendingS > 6 ||
			res.Retries.Pending != res.Totals.Failed {
			t.Errorf("aborted %q after %v s, %+v", res.Run.Aborted, res.Run.SendingS, *res.Retries)
		}
		if p := res.Series[2]; p.FailedAttempts < 9 || p.Attempted != 0 {
			t.Errorf("the third second has %+v", p)
		}
	})
}

func TestRetriesAreBounded(t *testing.T) {
	s := uploadtest.Scenario()
	s.Retries = scenario.Retries{On: true, Custom: []time.Duration{time.Hour}}
	run := &sender{Runner: &Runner{Scenario: s, Recorder: measure.NewRecorder(), Start: time.Now()}}
	run.Recorder.AddPhase(measure.Phase{})
	retries := newRetrier(run)
	retries.room = 2
	var taken []bool
	for n := range uint64(4) {
		call := &upload.Request{}
		call.Number = n
		w := &worker{sender: run, shard: run.Recorder.Shard(0), call: *call}
		w.retrier = retries
		before := retries.waitingCalls()
		w.inFlight.Add(1)
		w.record(&upload.Attempt{Class: measure.Timeout}, 0)
		taken = append(taken, retries.waitingCalls() > before)
	}
	run.Recorder.Roll(time.Second, 0, retries.waitingCalls())
	if s := run.Recorder.Snapshot(); s.Attempts != 4 || s.Attempted != 2 || s.Waiting != 2 || s.Last.Attempts != 4 {
		t.Errorf("while two of four calls wait to be sent again: %+v", s)
	}
	retries.close()
	r := retries.wait()
	if !slices.Equal(taken, []bool{true, true, false, false}) || r.NotKept != 2 || r.Pending != 2 ||
		r.Errors.Timeout != 4 {
		t.Errorf("taken %v, %+v", taken, *r)
	}
	run.Recorder.Roll(2*time.Second, 0, 0)
	if s := run.Recorder.Snapshot(); s.Attempts != 4 || s.Attempted != 4 || s.Waiting != 0 || s.Last.Attempts != 0 {
		t.Errorf("when they have waited in vain: %+v", s)
	}
	if n := run.Recorder.Count(0, measure.Timeout); n != 4 {
		t.Errorf("%d of the 4 calls were recorded", n)
	}
}

func setMix(m *scenario.Mix, text string) (err error) {
	*m, err = scenario.ParseMix(text)
	return err
}
