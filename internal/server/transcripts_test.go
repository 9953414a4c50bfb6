package server_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"rdiostress/internal/server"
	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/server/transcribe"
)

// ear is an engine that hears the audio's first bytes, and gives up on audio that begins with an X.
type ear struct{}

func (ear) Name() string { return "ear" }

func (ear) Transcribe(ctx context.Context, a transcribe.Audio) (transcribe.Result, error) {
	r, err := a.Open(ctx)
	if err != nil {
		return transcribe.Result{}, err
	}
	defer r.Close()
	text := make([]byte, 4)
	if _, err := io.ReadFull(r, text); err != nil {
		return transcribe.Result{}, err
	}
	if text[0] == 'X' {
		return transcribe.Result{}, &transcribe.PermanentError{Err: errors.New("no speech")}
	}
	return transcribe.Result{Text: string(text), Language: "en"}, nil
}

// transcribingRig returns a rig that transcribes what is uploaded once it serves.
func transcribingRig(t *testing.T) *rig {
	t.Helper()
	var store *sqlite.Store
	r := newRigOn(t, sqlite.Options{Transcribe: true}, func(o *server.Options) {
		store = o.Store.(*sqlite.Store)
		o.Now = nil
		o.Transcribe = &transcribe.Options{Jobs: store, Engine: ear{}}
	})
	return r
}

// transcript is a transcript as clients see it.
type transcript map[string]any

// take removes fields that differ each time, and checks that they are there.
func (tr transcript) take(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		if tr[name] == nil {
			t.Errorf("no %s in %v", name, tr)
		}
		delete(tr, name)
	}
}

func (r *rig) transcriptOf(t *testing.T, id int) transcript {
	t.Helper()
	var c struct{ Transcript transcript }
	_, body := r.get(t, fmt.Sprintf("/api/calls/%d", id))
	if err := json.Unmarshal([]byte(body), &c); err != nil {
		t.Fatal(err)
	}
	return c.Transcript
}

// Transcripts are in calls, and without their text in lists, as the description says.
func TestTranscripts(t *testing.T) {
	r := transcribingRig(t)
	for _, audio := range []string{"abcd", "Xbcd", "efgh"} {
		r.upload(t, field{"audio", strings.Repeat(audio, 20)})
	}
	d := openDescription(t)
	check := func() {
		t.Helper()
		for _, path := range []string{"/api/calls/1", "/api/calls/2", "/api/calls", "/api/calls?cursor=start"} {
			resp, body := r.get(t, path)
			d.check(t, http.MethodGet, path, resp.StatusCode, resp.Header, body)
		}
		resp, body := r.get(t, "/metrics", "Accept", "application/json")
		d.check(t, http.MethodGet, "/metrics", resp.StatusCode, resp.Header, body)
	}
	waiting := r.transcriptOf(t, 1)
	waiting.take(t, "queued_at", "read_at")
	if diff := cmp.Diff(transcript{"state": "waiting", "attempts": 0.0}, waiting); diff != "" {
		t.Errorf("before the server runs, the transcript differs (-want +got):\n%s", diff)
	}
	check()
	serve(t, r)
	for id := 1; id <= 3; id++ {
		eventually(t, "the calls are transcribed", func() bool {
			state := r.transcriptOf(t, id)["state"]
			return state == "done" || state == "failed"
		})
	}
	check()
	got := r.transcriptOf(t, 1)
	got.take(t, "queued_at", "completed_at", "delay_s", "read_at")
	done := transcript{"state": "done", "engine": "ear", "text": "abcd", "language": "en", "attempts": 1.0}
	if diff := cmp.Diff(done, got); diff != "" {
		t.Errorf("transcript differs (-want +got):\n%s", diff)
	}
	got = r.transcriptOf(t, 2)
	got.take(t, "queued_at", "completed_at", "read_at")
	failed := transcript{"state": "failed", "engine": "ear", "attempts": 1.0, "error": "no speech"}
	if diff := cmp.Diff(failed, got); diff != "" {
		t.Errorf("transcript differs (-want +got):\n%s", diff)
	}
	var page struct {
		Calls []struct{ Transcript transcript }
	}
	_, body := r.get(t, "/api/calls?sort_by=id&sort_order=asc")
	if err := json.Unmarshal([]byte(body), &page); err != nil || len(page.Calls) != 3 {
		t.Fatalf("%s: %v", body, err)
	}
	delete(done, "text")
	for i, want := range []transcript{done, failed, done} {
		got := page.Calls[i].Transcript
		delete(got, "delay_s")
		got.take(t, "queued_at", "completed_at")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("listed transcript differs (-want +got):\n%s", diff)
		}
	}
}

// A call of a server that does not transcribe has no transcript.
func TestNoTranscript(t *testing.T) {
	r := newRig(t)
	r.upload(t)
	for _, path := range []string{"/api/calls/1", "/api/calls"} {
		if _, body := r.get(t, path); strings.Contains(body, "transcript") {
			t.Errorf("%s: %s", path, body)
		}
	}
	if _, ok := r.metricsOf(t)["transcription"]; ok {
		t.Error("there is a transcription")
	}
}

// The queue is in the metrics, and calls that were given up raise an alert.
func TestTranscriptionMetrics(t *testing.T) {
	r := transcribingRig(t)
	for _, audio := range []string{"abcd", "Xbcd", "efgh"} {
		r.upload(t, field{"audio", strings.Repeat(audio, 20)})
	}
	serve(t, r)
	counts := func() (st struct {
		Engine                               string
		Workers, Running, Done, Failed, Dead int
		Depth                                *int     `json:"queue_depth"`
		Oldest                               *float64 `json:"oldest_s"`
		Rate                                 *float64 `json:"rate_per_s"`
	},
	) {
		text, err := json.Marshal(r.metricsOf(t)["transcription"])
		if err == nil {
			err = json.Unmarshal(text, &st)
		}
		if err != nil {
			t.Fatal(err)
		}
		return st
	}
	eventually(t, "all is counted", func() bool {
		st := counts()
		return st.Done == 2 && st.Depth != nil && *st.Depth == 0 && st.Running == 0 && st.Rate != nil
	})
	if st := counts(); st.Engine != "ear" || st.Workers != 4 || st.Failed != 1 || st.Dead != 1 || st.Oldest != nil {
		t.Errorf("counted %+v", st)
	}
	if depth := r.metricsOf(t)["transcription_queue_depth"]; depth != 0.0 {
		t.Errorf("transcription_queue_depth is %v", depth)
	}
	_, body := r.get(t, "/metrics", "Accept", "text/plain")
	problems, err := promlint.New(strings.NewReader(body)).Lint()
	for _, p := range problems {
		if strings.Contains(p.Metric, "transcription") {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
	if err != nil {
		t.Error(err)
	}
	for _, want := range []string{
		"transcription_queue_depth 0", "rdiostress_transcription_queue_depth 0", "rdiostress_transcription_running 0",
		"rdiostress_transcription_oldest_seconds 0", "rdiostress_transcription_done_total 2",
		"rdiostress_transcription_failed_total 1", "rdiostress_transcription_dead_total 1",
		"rdiostress_transcription_delay_seconds_count 2", `rdiostress_transcription_workers{engine="ear"} 4`,
	} {
		if !strings.Contains(body, "\n"+want+"\n") {
			t.Errorf("no %s", want)
		}
	}
}
