package trial_test

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"rdiostress/internal/diagnose"
	"rdiostress/internal/measure"
	"rdiostress/internal/server"
	"rdiostress/internal/server/datadir"
	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/server/transcribe"
	"rdiostress/internal/trial"
	"rdiostress/internal/trial/event"
	"rdiostress/internal/trial/verification"
)

// slowEngine takes a fixed time for a call.
type slowEngine time.Duration

func (e slowEngine) Name() string { return "slow" }

func (e slowEngine) Transcribe(ctx context.Context, _ transcribe.Audio) (transcribe.Result, error) {
	select {
	case <-time.After(time.Duration(e)):
		return transcribe.Result{Text: "engine 5 responding"}, nil
	case <-ctx.Done():
		return transcribe.Result{}, ctx.Err()
	}
}

// startTranscribing starts a server that transcribes with workers. If it blocks, it answers an upload once no call
// waits for its transcript.
func startTranscribing(t *testing.T, each time.Duration, workers int, blocks bool) (url string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	dir, log := t.TempDir(), slog.New(slog.DiscardHandler)
	store, err := sqlite.Open(t.Context(), sqlite.Options{
		Dir: dir, Queue: 1000, NoReserve: true, Logger: log, Transcribe: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	o := server.Options{
		Store: store, SpoolDir: datadir.SpoolDir(dir), APIKey: testKey, Logger: log, Version: "test",
		Transcribe: &transcribe.Options{
			Jobs: store, Engine: slowEngine(each), Workers: workers, Timeout: time.Minute, Attempts: 2, Log: log,
		},
	}
	if blocks {
		o.Wrap = func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodPost {
					h.ServeHTTP(w, r)
					return
				}
				reply := httptest.NewRecorder()
				h.ServeHTTP(reply, r)
				for stats, err := store.JobStats(r.Context()); err == nil && stats.Waiting+stats.Running > 0; {
					time.Sleep(time.Millisecond)
					stats, err = store.JobStats(r.Context())
				}
				w.WriteHeader(reply.Code)
				_, _ = w.Write(reply.Body.Bytes())
			})
		}
	}
	srv, err := server.New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- errors.Join(srv.Serve(ctx, ln), store.Close()) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return "http://" + ln.Addr().String()
}

// What the bundled server does with transcripts is measured and found, whichever way it is wrong.
func TestTranscripts(t *testing.T) {
	for _, tt := range []struct {
		name    string
		each    time.Duration
		workers int
		blocks  bool
		want    string
	}{
		{"in the background", 50 * time.Millisecond, 8, false, ""},
		{"too slow", 200 * time.Millisecond, 2, false, "transcription-behind"},
		{"before the reply", 250 * time.Millisecond, 4, true, "transcription-blocks-ingest"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := plan(startTranscribing(t, tt.each, tt.workers, tt.blocks))
			p.Scenario.Rate, p.Scenario.MaxConcurrent, p.Scenario.Duration = 20, 20, 5*time.Second
			if tt.blocks {
				p.Scenario.Rate, p.Scenario.MaxConcurrent = 0, 1
			}
			p.Verification.Transcripts = verification.TranscriptsRequire
			p.Verification.TranscriptsMax = 30 * time.Second
			var h heard
			res, err := trial.Run(t.Context(), p, &h)
			if err != nil {
				t.Fatal(err)
			}
			m := res.Transcription
			if m.Transcribed == nil || *m.Transcribed != *res.Delivery.Stored || m.WaitEnd != measure.TranscriptsDone ||
				m.DrainS == nil || m.Engine != "slow" || m.WaitingMax == nil {
				t.Fatalf("%+v", m)
			}
			if last := res.Series[len(res.Series)-1]; last.Transcribed == nil || last.Untranscribed == nil {
				t.Errorf("the series has %+v", last)
			}
			var found []string
			for _, f := range diagnose.Findings(res, false, nil) {
				found = append(found, f.ID)
			}
			for _, id := range []string{"transcription-behind", "transcription-blocks-ingest"} {
				if slices.Contains(found, id) != (id == tt.want) {
					t.Errorf("found %v of %+v, %+v", found, m, m.AckToTranscript.Figures)
				}
			}
			waited := slices.ContainsFunc(h.list, func(e trial.Event) bool {
				_, is := e.(event.AwaitingTranscripts)
				return is
			})
			if !waited && tt.want == "transcription-behind" {
				t.Error("the wait for transcripts was not told")
			}
		})
	}
}
