package transcribe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unicode/utf8"

	"go.uber.org/goleak"

	"rdiostress/internal/server/call"
	"rdiostress/internal/server/sqlite"
	"rdiostress/internal/server/storetest"
	"rdiostress/internal/server/transcribe"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// engine is an engine of the test.
type engine func(ctx context.Context, a transcribe.Audio) (transcribe.Result, error)

func (engine) Name() string { return "test" }

func (e engine) Transcribe(ctx context.Context, a transcribe.Audio) (transcribe.Result, error) {
	return e(ctx, a)
}

// read is an engine that hears the audio's own bytes.
func read(ctx context.Context, a transcribe.Audio) (transcribe.Result, error) {
	r, err := a.Open(ctx)
	if err != nil {
		return transcribe.Result{}, err
	}
	defer r.Close()
	text, err := io.ReadAll(r)
	return transcribe.Result{Text: string(text), Language: "en"}, err
}

// bench is a store with a pool that transcribes its calls.
type bench struct {
	*sqlite.Store
	pool *transcribe.Pool
	log  *strings.Builder
	stop func() // stops the pool, and waits for its end
}

func openStore(t *testing.T, dir string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), sqlite.Options{Dir: dir, Transcribe: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func start(t *testing.T, s *sqlite.Store, e engine, change ...func(o *transcribe.Options)) *bench {
	t.Helper()
	b := &bench{Store: s, log: &strings.Builder{}}
	o := transcribe.Options{
		Jobs: s, Audio: s.Audio, Engine: e, Grace: time.Minute, Log: slog.New(slog.NewTextHandler(b.log, nil)),
	}
	for _, c := range change {
		c(&o)
	}
	b.pool = transcribe.New(o)
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var running sync.WaitGroup
	running.Go(func() { b.pool.Run(ctx) })
	b.stop = sync.OnceFunc(func() {
		cancel()
		running.Wait()
	})
	t.Cleanup(b.stop)
	return b
}

// put stores calls, and returns their ids.
func (b *bench) put(t *testing.T, from, n int64) (ids []int64) {
	t.Helper()
	for i := range n {
		ids = append(ids, storetest.Put(t, b.Store, storetest.UploadOf(from+i)))
	}
	return ids
}

func (b *bench) transcript(t *testing.T, id int64) call.Transcript {
	t.Helper()
	list, err := b.Transcripts(context.WithoutCancel(t.Context()), []int64{id}, false)
	if err != nil || len(list) != 1 {
		t.Fatalf("%d transcripts, %v", len(list), err)
	}
	return list[0]
}

// await polls until ok returns true.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for tick := time.NewTicker(time.Millisecond); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("timed out waiting: %s", what)
		}
	}
}

func (b *bench) awaitState(t *testing.T, id int64, state call.TranscriptState) call.Transcript {
	t.Helper()
	await(t, fmt.Sprintf("call %d is %s", id, state), func() bool { return b.transcript(t, id).State == state })
	return b.transcript(t, id)
}

// Calls that are stored while the pool runs, and those from before, are transcribed.
func TestTranscribes(t *testing.T) {
	s := openStore(t, t.TempDir())
	earlier := storetest.Put(t, s, storetest.UploadOf(0))
	b := start(t, s, read)
	ids := append(b.put(t, 1, 40), earlier)
	for _, id := range ids {
		got := b.awaitState(t, id, call.TranscriptDone)
		if !strings.HasPrefix(got.Text, "call ") || got.Engine != "test" || got.Language != "en" || got.Attempts != 1 ||
			got.Error != "" {
			t.Errorf("call %d: %+v", id, got)
		}
	}
	await(t, "all are counted", func() bool { return b.pool.Stats().Done == int64(len(ids)) })
	await(t, "the queue is counted", func() bool {
		st := b.pool.Stats()
		return st.Absent == "" && st.Queue == call.JobStats{}
	})
	st := b.pool.Stats()
	if st.Engine != "test" || st.Workers != 4 || st.Failed != 0 || st.Dead != 0 || st.Delays.Count != uint64(len(ids)) {
		t.Errorf("stats %+v", st)
	}
}

// Foreign text is stored as one that every database, log and terminal can take.
func TestForeignText(t *testing.T) {
	b := start(t, openStore(t, t.TempDir()), func(_ context.Context, a transcribe.Audio) (transcribe.Result, error) {
		if a.CallID == 1 {
			return transcribe.Result{Text: " a\x00b\xff\n" + strings.Repeat("ü", 40<<10), Language: "e\nn"}, nil
		}
		text := "bad\nline\x1b[31m " + strings.Repeat("x", 999)
		return transcribe.Result{}, &transcribe.PermanentError{Err: errors.New(text)}
	})
	ids := b.put(t, 1, 2)
	got := b.awaitState(t, ids[0], call.TranscriptDone)
	if len(got.Text) > 64<<10 || strings.ContainsAny(got.Text, "\x00\n") || !utf8.ValidString(got.Text) ||
		!strings.HasPrefix(got.Text, "a") || strings.Contains(got.Language, "\n") {
		t.Errorf("stored %d bytes %q…, language %q", len(got.Text), got.Text[:20], got.Language)
	}
	failed := b.awaitState(t, ids[1], call.TranscriptFailed)
	if len(failed.Error) > 300 || strings.ContainsAny(failed.Error, "\n\x1b") ||
		!strings.HasPrefix(failed.Error, "bad line") {
		t.Errorf("error %q", failed.Error)
	}
}

// What an attempt's error means for the call.
func TestErrors(t *testing.T) {
	for _, tt := range []struct {
		name     string
		err      error
		timeout  time.Duration
		attempts int
		want     call.TranscriptState
		tries    int
		text     string
	}{
		{
			"permanent", &transcribe.PermanentError{Err: errors.New("no speech")}, time.Minute, 5,
			call.TranscriptFailed, 1, "no speech",
		},
		{
			"later", &transcribe.RetryError{After: time.Hour, Err: errors.New("busy")}, time.Minute, 5,
			call.TranscriptWaiting, 1, "busy",
		},
		{
			"busy at the last attempt", &transcribe.RetryError{After: time.Millisecond, Err: errors.New("busy")},
			time.Minute, 1, call.TranscriptFailed, 1, "busy",
		},
		{"last attempt", errors.New("refused"), time.Minute, 1, call.TranscriptFailed, 1, "refused"},
		{"too slow", nil, time.Millisecond, 1, call.TranscriptFailed, 1, "no transcript within 1ms"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			b := start(t, s, func(ctx context.Context, _ transcribe.Audio) (transcribe.Result, error) {
				if tt.err != nil {
					return transcribe.Result{}, tt.err
				}
				<-ctx.Done()
				return transcribe.Result{}, ctx.Err()
			}, func(o *transcribe.Options) { o.Timeout, o.Attempts = tt.timeout, tt.attempts })
			id := b.put(t, 1, 1)[0]
			var got call.Transcript
			await(t, "the attempts are over", func() bool {
				got = b.transcript(t, id)
				return got.State == tt.want && got.Error != ""
			})
			if got.Attempts != tt.tries || !strings.Contains(got.Error, tt.text) {
				t.Errorf("after %d attempts: %q", got.Attempts, got.Error)
			}
			b.stop()
			dead := int64(0)
			if tt.want == call.TranscriptFailed {
				dead = 1
			}
			if st := b.pool.Stats(); st.Failed != int64(tt.tries) || st.Dead != dead || st.Done != 0 {
				t.Errorf("counted %+v", st)
			}
			if isLogged := strings.Contains(b.log.String(), "given up"); isLogged != (dead == 1) {
				t.Errorf("logged:\n%s", b.log)
			}
		})
	}
}

// recorder is a queue that shows the results that are stored in it.
type recorder struct {
	call.Jobs
	results chan call.JobResult
}

func (r *recorder) FinishJobs(ctx context.Context, results []call.JobResult) ([]call.JobEffect, error) {
	for _, result := range results {
		r.results <- result
	}
	return r.Jobs.FinishJobs(ctx, results)
}

// A failed attempt is repeated after a pause, or when the engine says, if that is later: a busy engine that asks for a
// second each time does not use up the attempts.
func TestPauses(t *testing.T) {
	const jitter = .11
	for _, tt := range []struct {
		name string
		err  error
		want time.Duration
	}{
		{"refused", errors.New("refused"), time.Second},
		{"the engine says sooner", &transcribe.RetryError{After: 1, Err: errors.New("busy")}, time.Second},
		{"the engine says later", &transcribe.RetryError{After: time.Hour, Err: errors.New("busy")}, time.Hour},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			jobs := &recorder{s, make(chan call.JobResult, 10)}
			b := start(t, s, func(context.Context, transcribe.Audio) (transcribe.Result, error) {
				return transcribe.Result{}, tt.err
			}, func(o *transcribe.Options) { o.Jobs = jobs })
			b.put(t, 1, 1)
			got := <-jobs.results
			if got.End != call.JobRetry || math.Abs(got.After.Seconds()/tt.want.Seconds()-1) > jitter {
				t.Errorf("%v after %v, want %v", got.End, got.After, tt.want)
			}
		})
	}
}

// A panic of the engine fails the attempt, not the server.
func TestPanic(t *testing.T) {
	b := start(t, openStore(t, t.TempDir()), func(context.Context, transcribe.Audio) (transcribe.Result, error) {
		panic("oh")
	}, func(o *transcribe.Options) { o.Attempts = 1 })
	got := b.awaitState(t, b.put(t, 1, 1)[0], call.TranscriptFailed)
	if got.Error != "the engine panicked: oh" {
		t.Errorf("error %q", got.Error)
	}
}

// A call that ends its server each time is given up after as many attempts as any other.
func TestKillerIsGivenUp(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	id := storetest.Put(t, s, storetest.UploadOf(1))
	for range 2 { // two runs that were killed
		await(t, "a claim", func() bool {
			jobs, err := s.ClaimJobs(t.Context(), 1, 1, time.Nanosecond)
			return len(jobs) == 1 && err == nil
		})
	}
	b := start(t, s, func(context.Context, transcribe.Audio) (transcribe.Result, error) {
		return transcribe.Result{}, errors.New("it was tried again")
	}, func(o *transcribe.Options) { o.Attempts = 2 })
	if got := b.awaitState(t, id, call.TranscriptFailed); got.Error != "given up: no result after 2 attempts" {
		t.Errorf("error %q", got.Error)
	}
}

// mortal is a queue of a server that may be killed: no result is stored from then on.
type mortal struct {
	call.Jobs
	once   sync.Once
	killed chan struct{}
}

func (m *mortal) kill() { m.once.Do(func() { close(m.killed) }) }

func (m *mortal) FinishJobs(ctx context.Context, results []call.JobResult) ([]call.JobEffect, error) {
	select {
	case <-m.killed:
		return nil, nil
	default:
		return m.Jobs.FinishJobs(ctx, results)
	}
}

// A call that ends its server each time is given up, and not the calls that are transcribed at the same time.
func TestKillerTakesNoOthersWithIt(t *testing.T) {
	dir := t.TempDir()
	s := openStore(t, dir)
	var ids []int64
	for n := range int64(4) {
		ids = append(ids, storetest.Put(t, s, storetest.UploadOf(n)))
	}
	killer := ids[1]
	for range 20 {
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = openStore(t, dir)
		jobs := &mortal{Jobs: s, killed: make(chan struct{})}
		b := start(t, s, func(ctx context.Context, a transcribe.Audio) (transcribe.Result, error) {
			if a.CallID == killer {
				jobs.kill()
			}
			select { // the others take long enough to be killed
			case <-jobs.killed:
				return transcribe.Result{}, errors.New("killed")
			case <-time.After(100 * time.Millisecond):
				return read(ctx, a)
			}
		}, func(o *transcribe.Options) { o.Jobs, o.Attempts = jobs, 4 })
		await(t, "the server is killed, or the call given up", func() bool {
			select {
			case <-jobs.killed:
				return true
			default:
				return b.transcript(t, killer).State == call.TranscriptFailed
			}
		})
		b.stop()
		if b.transcript(t, killer).State == call.TranscriptFailed {
			break
		}
	}
	b := start(t, s, read)
	for _, id := range ids {
		want := call.TranscriptDone
		if id == killer {
			want = call.TranscriptFailed
		}
		if got := b.awaitState(t, id, want); got.Attempts > 5 {
			t.Errorf("call %d: %+v", id, got)
		}
	}
}

// A pool that is told to stop lets active attempts end, and gives back what it has only claimed.
func TestStopsWithinTheGrace(t *testing.T) {
	var active atomic.Int64
	end := make(chan struct{})
	b := start(t, openStore(t, t.TempDir()), func(ctx context.Context, a transcribe.Audio) (transcribe.Result, error) {
		active.Add(1)
		<-end
		return read(ctx, a)
	}, func(o *transcribe.Options) { o.Workers = 2 })
	ids := b.put(t, 1, 5)
	await(t, "both workers are busy", func() bool { return active.Load() == 2 })
	go close(end)
	b.stop()
	done, waiting := 0, 0
	for _, id := range ids {
		switch got := b.transcript(t, id); {
		case got.State == call.TranscriptDone:
			done++
		case got.State == call.TranscriptWaiting && got.Attempts == 0:
			waiting++
		default:
			t.Errorf("call %d: %+v", id, got)
		}
	}
	if done < 2 || done+waiting != 5 {
		t.Errorf("%d done, %d waiting", done, waiting)
	}
}

// After the grace, active attempts are cut off and given back: they do not count.
func TestGivesBackAfterTheGrace(t *testing.T) {
	var active atomic.Int64
	b := start(t, openStore(t, t.TempDir()), func(ctx context.Context, _ transcribe.Audio) (transcribe.Result, error) {
		active.Add(1)
		<-ctx.Done()
		return transcribe.Result{}, ctx.Err()
	}, func(o *transcribe.Options) { o.Grace = time.Millisecond })
	id := b.put(t, 1, 1)[0]
	await(t, "the worker is busy", func() bool { return active.Load() == 1 })
	if got := b.transcript(t, id); got.State != call.TranscriptRunning || got.Attempts != 1 {
		t.Errorf("while it runs: %+v", got)
	}
	b.stop()
	if got := b.transcript(t, id); got.State != call.TranscriptWaiting || got.Attempts != 0 || got.Error != "" {
		t.Errorf("afterwards: %+v", got)
	}
	if st := b.pool.Stats(); st.Failed != 0 {
		t.Errorf("counted %+v", st)
	}
}

// A call that retention deletes while it is transcribed is no failure.
func TestDeletedMeanwhile(t *testing.T) {
	deleted := make(chan struct{})
	b := start(t, openStore(t, t.TempDir()), func(ctx context.Context, a transcribe.Audio) (transcribe.Result, error) {
		if a.CallID == 1 {
			<-deleted
		}
		return read(ctx, a)
	})
	id := b.put(t, 1, 1)[0]
	b.awaitState(t, id, call.TranscriptRunning)
	if n, err := b.Expire(t.Context(), time.Now(), 10); n != 1 || err != nil {
		t.Fatalf("deleted %d, %v", n, err)
	}
	close(deleted)
	b.awaitState(t, b.put(t, 2, 1)[0], call.TranscriptDone)
	b.stop()
	if st := b.pool.Stats(); st.Failed != 0 || st.Dead != 0 || st.Done != 1 {
		t.Errorf("counted %+v", st)
	}
}

// Results are stored once a store that is down is there again.
func TestStoreRefusesResults(t *testing.T) {
	s := openStore(t, t.TempDir())
	jobs := &refusing{Jobs: s, refused: 1}
	b := start(t, s, read, func(o *transcribe.Options) { o.Jobs = jobs })
	b.awaitState(t, b.put(t, 1, 1)[0], call.TranscriptDone)
	b.stop()
	if text := b.log.String(); strings.Count(text, "transcripts cannot be stored") != 2 {
		t.Errorf("logged, where failure and success are to be:\n%s", text)
	}
}

// When an attempt is repeated: not before the engine says, and not at once either, so that an engine which has all come
// again in a moment does not use up their attempts.
func TestWhenToTryAgain(t *testing.T) {
	for after, want := range map[time.Duration]time.Duration{
		0: 900 * time.Millisecond, time.Millisecond: 900 * time.Millisecond, time.Hour: time.Hour,
	} {
		s := openStore(t, t.TempDir())
		jobs := &noting{Jobs: s, noted: make(chan call.JobResult, 1)}
		b := start(t, s, func(context.Context, transcribe.Audio) (transcribe.Result, error) {
			return transcribe.Result{}, &transcribe.RetryError{After: after, Err: errors.New("busy")}
		}, func(o *transcribe.Options) { o.Jobs = jobs })
		b.put(t, 1, 1)
		if r := <-jobs.noted; r.End != call.JobRetry || r.After < want || r.After > want*4/3 {
			t.Errorf("in %v: %v, after %v", after, r.End, r.After)
		}
		b.stop()
	}
}

// noting is a queue that notes the first result.
type noting struct {
	call.Jobs
	noted chan call.JobResult
}

func (n *noting) FinishJobs(ctx context.Context, results []call.JobResult) ([]call.JobEffect, error) {
	select {
	case n.noted <- results[0]:
	default:
	}
	return n.Jobs.FinishJobs(ctx, results)
}

// poisoned is a queue that refuses every batch with a result of one call, and holds the first batch until it is told.
type poisoned struct {
	call.Jobs
	id    int64
	hold  chan struct{}
	tries atomic.Int64
}

func (p *poisoned) FinishJobs(ctx context.Context, results []call.JobResult) ([]call.JobEffect, error) {
	p.tries.Add(1)
	<-p.hold
	if slices.ContainsFunc(results, func(r call.JobResult) bool { return r.CallID == p.id }) {
		return nil, errors.New("refused")
	}
	return p.Jobs.FinishJobs(ctx, results)
}

// What a store refuses is left to the end of its lease. It holds up nothing, and fails no other result.
func TestOneResultIsRefused(t *testing.T) {
	s := openStore(t, t.TempDir())
	var ids []int64
	for n := range int64(8) {
		ids = append(ids, storetest.Put(t, s, storetest.UploadOf(n)))
	}
	jobs := &poisoned{Jobs: s, id: ids[3], hold: make(chan struct{})}
	var heard atomic.Int64
	b := start(t, s, func(ctx context.Context, a transcribe.Audio) (transcribe.Result, error) {
		heard.Add(1)
		return read(ctx, a)
	}, func(o *transcribe.Options) { o.Jobs, o.Workers = jobs, 8 })
	await(t, "all are heard", func() bool { return heard.Load() == 8 })
	began := time.Now()
	close(jobs.hold)
	for _, id := range ids {
		if id != jobs.id {
			b.awaitState(t, id, call.TranscriptDone)
		}
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("the others took %v", took)
	}
	b.stop()
	if got := b.transcript(t, jobs.id); got.State != call.TranscriptRunning || jobs.tries.Load() > 2*8 {
		t.Errorf("%+v after %d tries", got, jobs.tries.Load())
	}
}

// refusing is a queue that refuses results a number of times.
type refusing struct {
	call.Jobs
	refused int
}

func (r *refusing) FinishJobs(ctx context.Context, results []call.JobResult) ([]call.JobEffect, error) {
	if r.refused--; r.refused >= 0 {
		return nil, &call.UnavailableError{RetryAfter: time.Second, Err: errors.New("down")}
	}
	return r.Jobs.FinishJobs(ctx, results)
}
