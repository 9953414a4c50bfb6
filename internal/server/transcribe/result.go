package transcribe

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"rdiostress/internal/audio"
	"rdiostress/internal/clock"
	"rdiostress/internal/plain"
	"rdiostress/internal/server/call"
)

const (
	maxText   = 64 << 10 // of a transcript, in bytes
	maxError  = 300      // bytes
	maxBuffer = 1 << 20  // of audio that is read into memory, once for all that need it
)

// attempt transcribes one call.
func (p *Pool) attempt(active context.Context, j call.Job) call.JobResult {
	r := call.JobResult{CallID: j.CallID, Attempt: j.Attempt, Engine: p.o.Engine.Name()}
	if j.Attempt > p.o.Attempts { // an attempt whose server was killed has no result
		r.End, r.Error = call.JobFailed, fmt.Sprintf("given up: no result after %d attempts", p.o.Attempts)
		return r
	}
	ctx, cancel := context.WithTimeout(active, p.o.Timeout)
	defer cancel()
	got, err := p.transcribe(ctx, j)
	var permanent *PermanentError
	var retry *RetryError
	switch {
	case err == nil:
		r.End, r.Text, r.Language = call.JobDone, cut(strings.TrimSpace(plain.Text(got.Text)), maxText),
			cut(plain.Line(got.Language, -1), maxError)
		return r
	case active.Err() != nil, errors.Is(err, call.ErrNotFound): // not the call's fault, or the call was deleted
		r.End = call.JobGivenBack
		return r
	case ctx.Err() != nil:
		r.End, r.After = call.JobRetry, backoff(j.Attempt)
		err = fmt.Errorf("no transcript within %v", p.o.Timeout)
	case errors.As(err, &permanent):
		r.End = call.JobFailed
	case errors.As(err, &retry):
		// Not sooner than other failures: a busy engine that says "in a second" to each would have calls given up soon.
		r.End, r.After = call.JobRetry, max(retry.After, backoff(j.Attempt))
	default:
		r.End, r.After = call.JobRetry, backoff(j.Attempt)
	}
	if r.End == call.JobRetry && j.Attempt >= p.o.Attempts {
		r.End = call.JobFailed
	}
	r.Error = cut(plain.Line(err.Error(), '?'), maxError)
	return r
}

// backoff returns the pause after a failed attempt: 1 s, then four times as long each time, with a jitter of a fifth.
// With the default attempts, an engine may be down for an hour and a half. What an engine says can only make a pause
// longer: one that is busy and says "in a second" each time would use up the attempts in seconds.
func backoff(attempt int) time.Duration {
	pause := time.Second << (2 * min(attempt-1, 7))
	return pause*9/10 + rand.N(pause/5)
}

// transcribe calls the engine. A panic of the engine is an error of the attempt.
func (p *Pool) transcribe(ctx context.Context, j call.Job) (r Result, err error) {
	defer func() {
		if v := recover(); v != nil {
			p.o.Log.Error("the transcription engine panicked", "call", j.CallID, "panic", v, "stack",
				string(debug.Stack()))
			err = fmt.Errorf("the engine panicked: %v", v)
		}
	}()
	a, err := p.audio(ctx, j)
	if err != nil {
		return Result{}, err
	}
	return p.o.Engine.Transcribe(ctx, a)
}

// audio returns a call's audio for an engine. Short audio is read now, long audio when the engine opens it.
func (p *Pool) audio(ctx context.Context, j call.Job) (Audio, error) {
	a := Audio{CallID: j.CallID, Name: j.AudioName, Type: j.AudioType, Size: j.AudioSize}
	a.Open = func(ctx context.Context) (io.ReadCloser, error) { return p.o.Audio(ctx, j.CallID) }
	r, err := a.Open(ctx)
	if err != nil {
		return a, err
	}
	defer r.Close()
	file, isFile := r.(io.ReaderAt)
	switch {
	case j.AudioSize <= maxBuffer:
		data, err := io.ReadAll(io.LimitReader(r, maxBuffer))
		if err != nil {
			return a, err
		}
		file = bytes.NewReader(data)
		a.Open = func(context.Context) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(data)), nil }
	case !isFile:
		return a, nil // how long it plays remains unknown
	}
	if length, err := audio.Length(j.AudioName, file, j.AudioSize); err == nil { // else the engine decides
		a.Duration = length
	}
	return a, nil
}

// cut returns at most n bytes of a text, in whole characters.
func cut(text string, n int) string {
	if len(text) <= n {
		return text
	}
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return text[:n]
}

// store stores results. While the store is down, it tries again, for a limited time if the server stops. What the store
// refuses it tries again in halves, since one result may be at fault. The calls of results that cannot be stored are
// transcribed again once their leases end.
func (p *Pool) store(results []call.JobResult) {
	for try := 1; ; try++ {
		effects, err := p.o.Jobs.FinishJobs(context.Background(), results)
		p.troubles.report("transcripts cannot be stored", err)
		isDown := errors.As(err, new(*call.UnavailableError)) || errors.Is(err, call.ErrNoSpace)
		switch {
		case err == nil:
			p.release(results)
			p.countEffects(results, effects)
			return
		case isDown && !(p.stopped.Load() && try >= finishTries):
			_ = clock.Sleep(context.Background(), retryEvery) // it never ends early
		case !isDown && len(results) > 1:
			p.store(results[:len(results)/2])
			p.store(results[len(results)/2:])
			return
		default:
			p.release(results)
			return
		}
	}
}

// release forgets the leases of jobs.
func (p *Pool) release(results []call.JobResult) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range results {
		if p.held[r.CallID].Attempt == r.Attempt {
			delete(p.held, r.CallID)
		}
	}
}

func (p *Pool) countEffects(results []call.JobResult, effects []call.JobEffect) {
	for _, e := range effects {
		switch e.End {
		case call.JobDone:
			p.done.Add(1)
			p.delays.Observe(e.Delay.Seconds())
		case call.JobRetry:
			p.failed.Add(1)
		case call.JobFailed:
			p.failed.Add(1)
			p.dead.Add(1)
			p.logDead(results, e.CallID)
		}
	}
}

func (p *Pool) logDead(results []call.JobResult, id int64) {
	for _, r := range results {
		if r.CallID == id {
			p.o.Log.Warn("a call is not transcribed: given up", "call", id, "attempts", r.Attempt, "error", r.Error)
		}
	}
}

// troubles logs when something begins to fail, and when it works again.
type troubles struct {
	log *slog.Logger

	mu  sync.Mutex
	now map[string]bool
}

func (t *troubles) report(what string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if isFailing := err != nil; isFailing == t.now[what] {
		return
	}
	if t.now == nil {
		t.now = make(map[string]bool)
	}
	t.now[what] = err != nil
	if err != nil {
		t.log.Warn(what, "error", err)
	} else {
		t.log.Info("no longer: " + what)
	}
}
