package load

import (
	"context"
	"testing"
	"time"

	"rdiostress/internal/audio"
	"rdiostress/internal/measure"
	"rdiostress/internal/scenario"
	"rdiostress/internal/traffic"
	"rdiostress/internal/upload"
	"rdiostress/internal/upload/uploadtest"
)

// instant is a server that replies at once.
type instant struct{}

func (instant) Upload(context.Context, *upload.Request) upload.Attempt {
	return upload.Attempt{Sent: time.Now(), Status: 200, Steps: measure.NoSteps()}
}

func (instant) Close() {}

// Apart from sending it, an upload does not allocate: neither the call, nor the phase, nor the record.
func TestWorkerAllocatesNothing(t *testing.T) {
	clips, err := audio.NewMP3(0)
	if err != nil {
		t.Fatal(err)
	}
	asked := uploadtest.Scenario()
	asked.Talkgroups, _ = scenario.ParseIDs("1-10000")
	now := time.Now()
	r := &Runner{
		Scenario: asked, Traffic: traffic.New(asked,
			traffic.Options{RunID: "abcdefgh", Start: now, Clips: &traffic.Sources{clips}}),
		Recorder: measure.NewRecorder(), Start: now,
	}
	s := &sender{Runner: r, phases: asked.Phases(), end: time.Hour, uploads: t.Context()}
	s.shape = scenario.ShapeOf(s.phases)
	for _, p := range s.phases {
		r.Recorder.AddPhase(measure.Phase{Name: p.Name, Scored: p.Scored})
	}
	w := &worker{sender: s, shard: r.Recorder.Shard(0), up: instant{}}
	w.enterPhases()
	if allocs := testing.AllocsPerRun(1000, func() {
		n, _ := w.claimNumber()
		w.send(n, w.elapsed(), measure.NoLag)
	}); allocs != 0 {
		t.Errorf("%v allocations for an upload", allocs)
	}
}
