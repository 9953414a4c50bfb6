package verification

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rdiostress/internal/delivery"
	"rdiostress/internal/measure"
	"rdiostress/internal/rdio"
)

// speaking is a prober of a server that stores some calls, and has transcribed them all a second after the run began.
type speaking struct {
	storing
	began time.Time
	none  bool
}

func (s *speaking) OpenTranscripts(context.Context) (delivery.TranscriptSource, error) {
	if s.none {
		return delivery.TranscriptSource{}, delivery.ErrNoTranscripts
	}
	return delivery.TranscriptSource{Words: "a test's table"}, nil
}

func (s *speaking) ReadTranscripts(_ context.Context, visit func(*delivery.Row, delivery.Transcript)) error {
	for n := range s.stored.Load() {
		visit(&delivery.Row{Name: name(uint64(n))},
			delivery.Transcript{State: delivery.TranscriptMade, Made: s.began.Add(time.Second), Delay: time.Second})
	}
	return nil
}

// followed verifies a run of three calls, with the server's clock by the dates of its answers.
func followed(t *testing.T, mode Transcripts, none bool) (v *Verification, m *measure.Transcription) {
	t.Helper()
	asked := make(chan struct{}, 10)
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked <- struct{}{} }))
	t.Cleanup(server.Close)
	prober := &speaking{none: none, began: time.Now().Add(-2 * time.Second)}
	prober.stored.Store(3)
	v = With(Plan{
		Timeout: time.Minute, Max: time.Hour, NotCompared: "a test", Transcripts: mode, TranscriptsMax: time.Minute,
	}, prober)
	v.server.URL, v.server.Client = server.URL, server.Client()
	v.Begin(t.Context(), Run{ID: runID, Start: prober.began})
	if mode == TranscriptsAuto { // the first answer is noted before the second is asked for
		<-asked
		<-asked
	}
	for n := range uint64(3) {
		v.Ledger().Record(n, &rdio.Call{AudioName: name(n), Time: dated},
			&measure.Outcome{Class: measure.Accepted, Done: time.Millisecond})
	}
	ended := 2 * time.Second
	if d := v.Finish(t.Context(), ended); *d.Stored != 3 {
		t.Fatalf("%+v", d)
	}
	return v, v.FinishTranscripts(t.Context(), ended, "")
}

// Transcripts are measured where the plan says so and the server has them.
func TestTranscripts(t *testing.T) {
	points := []measure.Point{{TS: 0, WidthS: 1}, {TS: 1, WidthS: 1.5}}
	v, m := followed(t, TranscriptsAuto, false)
	defer v.Close()
	if m == nil || *m.Transcribed != 3 || m.AckToTranscript == nil || m.ClockErrorS == nil || *m.ClockErrorS > 1 {
		t.Fatalf("%+v", m)
	}
	if most := v.FillTranscripts(points); *points[1].Transcribed != 3 || most > 3 {
		t.Errorf("%+v", points)
	}
	if p := v.TranscriptProgress(); p == nil || p.Made != 3 || p.Waiting != 0 {
		t.Errorf("%+v", p)
	}
	v, m = followed(t, TranscriptsRequire, true)
	defer v.Close()
	if m.Method != measure.MethodNone || !strings.Contains(m.Absent, "no transcripts to read") ||
		v.FillTranscripts(points) != 0 {
		t.Errorf("%+v", m)
	}
	v, m = followed(t, TranscriptsOff, false)
	defer v.Close()
	if m != nil || v.TranscriptProgress() != nil || v.FillTranscripts(points) != 0 {
		t.Errorf("not asked for: %+v", m)
	}
}

// Several servers have no clock that is one.
func TestTranscriptsOfSeveralServers(t *testing.T) {
	v := With(Plan{Timeout: time.Minute, Max: time.Hour, NotCompared: "a test", Transcripts: TranscriptsAuto},
		&speaking{began: time.Now()})
	defer v.Close()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	v.server.URL, v.server.Client, v.server.Several = server.URL, server.Client(), true
	v.Begin(t.Context(), Run{ID: runID, Start: time.Now()})
	defer v.watch.Finish(t.Context(), 0)
	defer v.transcripts.Abandon()
	if v.transcripts.Clock != nil || !strings.Contains(v.transcripts.NoClock, "its own clock") {
		t.Errorf("%+v", v.transcripts.TranscriptOptions)
	}
}

// Where it is not known what is stored, no transcripts are awaited, and the report says why.
func TestTranscriptsWithoutStorage(t *testing.T) {
	v := With(Plan{Timeout: time.Minute, Max: time.Hour, Transcripts: TranscriptsAuto}, &speaking{})
	defer v.Close()
	v.Begin(t.Context(), Run{ID: runID, Start: time.Now()})
	v.watch.Finish(t.Context(), 0)
	if m := v.FinishTranscripts(t.Context(), 0, "the database is gone"); m.Method != measure.MethodNone ||
		!strings.HasSuffix(m.Absent, ": the database is gone") {
		t.Errorf("%+v", m)
	}
	var s measure.Scenario
	v.plan.TranscriptsMax = time.Minute
	v.plan.Record(&s)
	if s.Transcripts != "auto" || s.TranscriptsMaxS != 60 {
		t.Errorf("%+v", s)
	}
}
