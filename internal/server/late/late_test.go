package late_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/late"
)

// inner is a store that returns its own error.
type inner struct {
	err    error
	closed atomic.Int64
}

func (s *inner) Put(context.Context, *call.Upload) (int64, error) { return 7, s.err }
func (s *inner) Probe(context.Context) error                      { return s.err }
func (s *inner) Gone() error                                      { return s.err }
func (s *inner) Ping(context.Context) error                       { return s.err }
func (s *inner) Usage(context.Context) (call.Usage, error)        { return call.Usage{Calls: 7}, s.err }

func (s *inner) Stats() call.Stats { return call.Stats{Stored: 7} }

func (s *inner) Calls(context.Context, call.Query) ([]call.Record, int64, error) {
	return nil, 7, s.err
}

func (s *inner) Follow(context.Context, call.Query, string) ([]call.Record, string, error) {
	return nil, "", s.err
}

func (s *inner) Listed(context.Context, int64) (call.Record, error) {
	return call.Record{ID: 7}, s.err
}

func (s *inner) Call(context.Context, int64) (call.Record, error) {
	return call.Record{ID: 7}, s.err
}

func (s *inner) Audio(context.Context, int64) (io.ReadSeekCloser, error) { return nil, s.err }

func (s *inner) Transcripts(context.Context, []int64, bool) ([]call.Transcript, error) {
	return nil, s.err
}

func (s *inner) ClaimJobs(context.Context, int, int, time.Duration) ([]call.Job, error) {
	return nil, s.err
}

func (s *inner) ExtendJobs(context.Context, []call.Job, time.Duration) error { return s.err }

func (s *inner) FinishJobs(context.Context, []call.JobResult) ([]call.JobEffect, error) {
	return nil, s.err
}

func (s *inner) JobStats(context.Context) (call.JobStats, error) { return call.JobStats{}, s.err }

func (s *inner) JobsAdded() <-chan struct{} { return make(chan struct{}) }

func (s *inner) Close() error {
	s.closed.Add(1)
	return nil
}

// asked calls all methods of a store and returns their errors by method.
func asked(t *testing.T, s *late.Store) map[string]error {
	t.Helper()
	_, put := s.Put(t.Context(), nil)
	_, _, calls := s.Calls(t.Context(), call.Query{})
	_, _, follow := s.Follow(t.Context(), call.Query{}, "")
	_, listed := s.Listed(t.Context(), 1)
	_, call := s.Call(t.Context(), 1)
	_, audio := s.Audio(t.Context(), 1)
	_, usage := s.Usage(t.Context())
	_, transcripts := s.Transcripts(t.Context(), nil, true)
	_, claimed := s.ClaimJobs(t.Context(), 1, 1, time.Second)
	_, finished := s.FinishJobs(t.Context(), nil)
	_, jobs := s.JobStats(t.Context())
	return map[string]error{
		"Put": put, "Probe": s.Probe(t.Context()), "Gone": s.Gone(), "Calls": calls, "Listed": listed, "Follow": follow,
		"Call": call, "Audio": audio, "Usage": usage,
		"Ping": s.Ping(t.Context()), "Transcripts": transcripts, "ClaimJobs": claimed, "FinishJobs": finished,
		"JobStats": jobs, "ExtendJobs": s.ExtendJobs(t.Context(), nil, time.Second),
	}
}

// Until the disk has room, the reader serves reads; afterwards the real store serves everything. They are never open at
// the same time.
func TestBecomesTheRealStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		reads, writes := errors.New("read"), errors.New("written")
		reader, final := &inner{err: reads}, &inner{err: writes}
		var room, opens atomic.Bool
		var tried, opened atomic.Int64
		log := &strings.Builder{}
		s := late.Open(t.Context(), late.Options{
			Open: func(context.Context) (late.Real, error) {
				if tried.Add(1); opened.Load() != reader.closed.Load() {
					t.Error("the real store is opened beside the reader")
				}
				if !opens.Load() {
					return nil, call.ErrNoSpace
				}
				return final, nil
			},
			Read: func(context.Context) (late.Inner, error) {
				opened.Add(1)
				return reader, nil
			},
			HasRoom: room.Load, Log: slog.New(slog.NewTextHandler(log, nil)),
		})
		check := func(when string, want map[string]error) {
			t.Helper()
			for name, err := range asked(t, s) {
				if err != want[name] {
					t.Errorf("%s: %s says %v, want %v", when, name, err, want[name])
				}
			}
		}
		full := map[string]error{
			"Put": call.ErrNoSpace, "Probe": call.ErrNoSpace, "Calls": reads, "Listed": reads, "Follow": reads,
			"Call": reads, "Audio": reads, "Usage": reads, "Ping": reads, "Transcripts": reads,
			"FinishJobs": call.ErrNoSpace, "JobStats": call.ErrNoSpace, "ExtendJobs": call.ErrNoSpace,
		}
		check("at first", full)
		time.Sleep(time.Minute) // the bubble's clock
		if tried.Load() != 0 {
			t.Error("tried without room")
		}
		room.Store(true)
		time.Sleep(10 * time.Second)
		if tried.Load() == 0 {
			t.Error("not tried with room")
		}
		check("tried without success", full)
		opens.Store(true)
		time.Sleep(10 * time.Second)
		check("with room", map[string]error{
			"Put": writes, "Probe": writes, "Gone": writes, "Calls": writes, "Listed": writes, "Follow": writes,
			"Call": writes, "Audio": writes, "Usage": writes, "Ping": writes, "Transcripts": writes,
			"ClaimJobs": writes, "FinishJobs": writes, "JobStats": writes, "ExtendJobs": writes,
		})
		if s.Stats().Stored != 7 {
			t.Errorf("stats of another store: %+v", s.Stats())
		}
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		if final.closed.Load() != 1 || reader.closed.Load() != opened.Load() {
			t.Errorf("the real store was closed %d times, the reader %d of %d", final.closed.Load(),
				reader.closed.Load(), opened.Load())
		}
		if text := log.String(); strings.Count(text, "\n") != 1 || !strings.Contains(text, "has room again") {
			t.Errorf("logged:\n%s", text)
		}
	})
}

// If nothing can be read either, the log says so.
func TestWithoutAReader(t *testing.T) {
	for _, read := range []func(context.Context) (late.Inner, error){
		nil, func(context.Context) (late.Inner, error) { return nil, errors.New("no") },
	} {
		s := late.Open(t.Context(), late.Options{
			Open: func(context.Context) (late.Real, error) { return nil, call.ErrNoSpace }, Read: read,
			HasRoom: func() bool { return false }, Log: slog.New(slog.DiscardHandler),
		})
		for name, err := range asked(t, s) {
			isSilent := name == "Gone" || name == "ClaimJobs"
			if !isSilent && !errors.Is(err, call.ErrNoSpace) || isSilent && err != nil {
				t.Errorf("%s says %v", name, err)
			}
		}
		if stats := s.Stats(); stats.Breaker.State != call.BreakerClosed {
			t.Errorf("stats: %+v", stats)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
