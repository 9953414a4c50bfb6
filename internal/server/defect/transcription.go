package defect

import (
	"context"
	"time"

	"rdiostress/internal/clock"
	"rdiostress/internal/server/call"
	"rdiostress/internal/server/transcribe"
)

// transcriptionKinds returns the defects in the transcription of calls.
func transcriptionKinds() map[string]kind {
	return map[string]kind{
		"transcription-behind": {
			"transcribes one call at a time, and slowly, as a model does that is too large for the machine",
			[]arg{{"time", 150 * time.Millisecond}},
			func(v values) Defect {
				turn := make(chan struct{}, 1)
				return Defect{Transcribes: true, engine: func(e transcribe.Engine) transcribe.Engine {
					return &slowEngine{Engine: e, turn: turn, time: v.duration("time")}
				}}
			},
		},
		"transcription-blocks-ingest": {
			"answers an upload only once the call is transcribed, or given up",
			[]arg{{"most", time.Minute}},
			func(v values) Defect {
				return Defect{Transcribes: true, store: func(s call.Store) call.Store {
					return &transcribed{Store: s, most: v.duration("most")}
				}}
			},
		},
	}
}

// slowEngine is an engine that works on one call at a time.
type slowEngine struct {
	transcribe.Engine
	turn chan struct{}
	time time.Duration
}

func (e *slowEngine) Transcribe(ctx context.Context, a transcribe.Audio) (transcribe.Result, error) {
	select {
	case e.turn <- struct{}{}:
	case <-ctx.Done():
		return transcribe.Result{}, ctx.Err()
	}
	defer func() { <-e.turn }()
	if err := clock.Sleep(ctx, e.time); err != nil {
		return transcribe.Result{}, err
	}
	return e.Engine.Transcribe(ctx, a)
}

// transcribed is a store that stores calls, and then waits for their transcripts.
type transcribed struct {
	call.Store
	most time.Duration
}

func (s *transcribed) Put(ctx context.Context, u *call.Upload) (int64, error) {
	id, err := s.Store.Put(ctx, u)
	if err != nil {
		return id, err
	}
	ctx, cancel := context.WithTimeout(ctx, s.most)
	defer cancel()
	const look = 5 * time.Millisecond
	for s.awaits(ctx, id) && clock.Sleep(ctx, look) == nil {
	}
	return id, nil
}

// awaits reports whether a call is still to be transcribed.
func (s *transcribed) awaits(ctx context.Context, id int64) bool {
	known, err := s.Transcripts(ctx, []int64{id}, true)
	return err == nil && len(known) == 1 &&
		(known[0].State == call.TranscriptWaiting || known[0].State == call.TranscriptRunning)
}
