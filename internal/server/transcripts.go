package server

import (
	"context"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/transcribe"
)

// transcriptJSON is a call's transcript in the API. Fields that are not known yet are absent.
type transcriptJSON struct {
	State       call.TranscriptState `json:"state"`
	Engine      string               `json:"engine,omitempty"`
	Text        *string              `json:"text,omitempty"` // not in lists
	Language    string               `json:"language,omitempty"`
	Attempts    int                  `json:"attempts"`
	QueuedAt    string               `json:"queued_at"`
	CompletedAt string               `json:"completed_at,omitempty"`
	DelayS      *float64             `json:"delay_s,omitempty"`
	Error       string               `json:"error,omitempty"`
	ReadAt      string               `json:"read_at,omitempty"` // not in lists
}

// transcriptOf returns a transcript for the API, without its text if brief is set.
func transcriptOf(t *call.Transcript, brief bool) *transcriptJSON {
	j := &transcriptJSON{
		State: t.State, Engine: t.Engine, Language: t.Language, Attempts: t.Attempts, Error: t.Error,
		QueuedAt: t.Queued.UTC().Format(timeFormat),
	}
	if !brief {
		j.ReadAt = t.Read.UTC().Format(timeFormat)
	}
	if !t.Completed.IsZero() {
		j.CompletedAt = t.Completed.UTC().Format(timeFormat)
	}
	if t.State == call.TranscriptDone {
		delay := t.Completed.Sub(t.Queued).Seconds()
		j.DelayS = &delay
		if !brief {
			j.Text = &t.Text
		}
	}
	return j
}

// transcripts returns what lists show of the transcription of calls, by their ids.
func transcripts(ctx context.Context, store call.Store, page []call.Record) (map[int64]*transcriptJSON, error) {
	if len(page) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(page))
	for i := range page {
		ids[i] = page[i].ID
	}
	list, err := store.Transcripts(ctx, ids, true)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	byID := make(map[int64]*transcriptJSON, len(list))
	for i := range list {
		byID[list[i].CallID] = transcriptOf(&list[i], true)
	}
	return byID, nil
}

// newPool returns the pool that transcribes stored calls, or nil if the server does not transcribe.
func (s *Server) newPool(o *transcribe.Options) *transcribe.Pool {
	if o == nil {
		return nil
	}
	own := *o
	own.Audio, own.Grace, own.Log = s.store.Audio, s.grace, s.log
	return transcribe.New(own)
}

// transcription returns the statistics of the transcription, or nil if the server does not transcribe.
func (s *Server) transcription() *call.TranscriptionStats {
	if s.pool == nil {
		return nil
	}
	stats := s.pool.Stats()
	return &stats
}

// transcribe transcribes calls until ctx ends.
func (s *Server) transcribe(ctx context.Context) {
	if s.pool == nil {
		return
	}
	began := time.Now()
	s.pool.Run(ctx)
	s.log.Info("stopped transcribing", "done", s.pool.Stats().Done, "had_run", time.Since(began).Round(time.Second))
}
