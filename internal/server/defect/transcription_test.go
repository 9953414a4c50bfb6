package defect

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/server/transcribe"
)

// countingEngine counts how many calls it works on at once.
type countingEngine struct{ now, most atomic.Int32 }

func (e *countingEngine) Name() string { return "counting" }

func (e *countingEngine) Transcribe(context.Context, transcribe.Audio) (transcribe.Result, error) {
	e.most.Store(max(e.most.Load(), e.now.Add(1)))
	defer e.now.Add(-1)
	return transcribe.Result{Text: "text"}, nil
}

// However many workers there are, calls are transcribed one after the other.
func TestTranscriptionBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, err := Parse("transcription-behind=time:100ms", t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		counting := &countingEngine{}
		e := Set{d}.Engine(counting)
		begun := time.Now()
		var workers sync.WaitGroup
		for range 10 {
			workers.Go(func() {
				if r, err := e.Transcribe(t.Context(), transcribe.Audio{}); err != nil || r.Text != "text" {
					t.Error(r, err)
				}
			})
		}
		workers.Wait()
		if took := time.Since(begun); took != time.Second || counting.most.Load() != 1 {
			t.Errorf("%v, %d at once", took, counting.most.Load())
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := e.Transcribe(ctx, transcribe.Audio{}); err == nil {
			t.Error("it works on after its end")
		}
	})
}

// An upload waits for its transcript, and for nothing where nothing is transcribed.
func TestTranscriptionBlocksIngest(t *testing.T) {
	store, err := sqlite.Open(t.Context(), sqlite.Options{Dir: t.TempDir(), NoReserve: true, Transcribe: true})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	}()
	d, err := Parse("transcription-blocks-ingest", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var ended atomic.Bool
	answered := make(chan bool, 1)
	go func() {
		_, err := Set{d}.Store(store).Put(t.Context(), upload(1))
		answered <- err == nil && ended.Load()
	}()
	job := claim(t, store)
	ended.Store(true)
	_, err = store.FinishJobs(t.Context(), []call.JobResult{
		{CallID: job.CallID, Attempt: job.Attempt, End: call.JobDone, Engine: "test", Text: "text"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if !<-answered {
		t.Error("the upload was answered before its transcript")
	}
	plain, _ := broken(t, "transcription-blocks-ingest")
	if _, err := plain.Put(t.Context(), upload(1)); err != nil {
		t.Error(err)
	}
}

// claim waits for a job and returns it.
func claim(t *testing.T, jobs call.Jobs) call.Job {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; <-time.After(time.Millisecond) {
		list, err := jobs.ClaimJobs(t.Context(), 1, 1, time.Minute)
		if err != nil || time.Now().After(deadline) {
			t.Fatal(err)
		}
		if len(list) == 1 {
			return list[0]
		}
	}
}
