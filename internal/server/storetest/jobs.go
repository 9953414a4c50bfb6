package storetest

import (
	"slices"
	"sync"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"rdiostress/internal/server/call"
)

// aLease is longer than a test takes.
const aLease = 10 * time.Minute

// RunJobs tests the queue of transcription of a kind of store.
func RunJobs(t *testing.T, b Backend) {
	for name, test := range map[string]func(*testing.T, Backend){
		"OnlyWhenTranscribing":     onlyWhenTranscribing,
		"NewCallsAreQueued":        newCallsAreQueued,
		"OldestFirst":              oldestFirst,
		"Results":                  results,
		"OneTranscriptTakesEffect": oneTranscriptTakesEffect,
		"LeasesEnd":                leasesEnd,
		"LeasesAreExtended":        leasesAreExtended,
		"GivenBack":                givenBack,
		"Retries":                  retries,
		"KilledServer":             killedServer,
		"ExpireJobs":               expireJobs,
		"ConcurrentClaims":         concurrentClaims,
		"Suspects":                 suspects,
		"TwoResultsOfOneCall":      twoResultsOfOneCall,
		"LongAudioIsTranscribed":   longAudioIsTranscribed,
	} {
		t.Run(name, func(t *testing.T) { test(t, b) })
	}
}

// openQueue opens a store that transcribes.
func (b Backend) openQueue(t *testing.T, dir string) Store {
	t.Helper()
	return b.open(t, dir, Options{Transcribe: true, DuplicateWindow: 500 * time.Millisecond})
}

// claim claims jobs, or fails the test.
func claim(t testing.TB, s Store, n int, lease time.Duration) []call.Job {
	t.Helper()
	jobs, err := s.ClaimJobs(t.Context(), n, n, lease)
	if err != nil {
		t.Fatal(err)
	}
	return jobs
}

// finish stores results, and returns the ids of the calls whose results took effect.
func finish(t testing.TB, s Store, results ...call.JobResult) (ids []int64) {
	t.Helper()
	effects, err := s.FinishJobs(t.Context(), results)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range effects {
		if e.Delay < 0 || e.Delay > time.Hour {
			t.Errorf("a delay of %v", e.Delay)
		}
		ids = append(ids, e.CallID)
	}
	slices.Sort(ids)
	return ids
}

func done(j call.Job, text string) call.JobResult {
	return call.JobResult{
		CallID: j.CallID, Attempt: j.Attempt, End: call.JobDone, Engine: "e", Text: text, Language: "en",
	}
}

// wantTranscript checks a call's transcript; times are only checked for being there.
func wantTranscript(t testing.TB, s Store, want call.Transcript) {
	t.Helper()
	for _, brief := range []bool{false, true} {
		list, err := s.Transcripts(t.Context(), []int64{want.CallID, 1 << 40}, brief)
		if err != nil || len(list) != 1 {
			t.Fatalf("%d transcripts, %v", len(list), err)
		}
		if brief {
			want.Text = ""
		}
		got := list[0]
		noTimes := cmpopts.IgnoreFields(call.Transcript{}, "Queued", "Completed", "Read")
		if diff := gocmp.Diff(want, got, noTimes); diff != "" {
			t.Errorf("transcript differs (-want +got):\n%s", diff)
		}
		hasEnded := want.State == call.TranscriptDone || want.State == call.TranscriptFailed
		if got.Queued.IsZero() || got.Completed.IsZero() == hasEnded || hasEnded && got.Completed.Before(got.Queued) ||
			got.Read.Before(got.Queued) || got.Read.Before(got.Completed) {
			t.Errorf("%s: queued %v, completed %v, read %v", got.State, got.Queued, got.Completed, got.Read)
		}
	}
}

func wantStats(t testing.TB, s Store, waiting, running int64) {
	t.Helper()
	st, err := s.JobStats(t.Context())
	if err != nil || st.Waiting != waiting || st.Running != running || (st.Oldest > 0) && waiting == 0 {
		t.Errorf("%+v, %v; want %d waiting and %d running", st, err, waiting, running)
	}
}

func onlyWhenTranscribing(t *testing.T, b Backend) {
	s := b.open(t, t.TempDir(), Options{})
	id := Put(t, s, UploadOf(1))
	if jobs := claim(t, s, 10, aLease); len(jobs) != 0 {
		t.Errorf("jobs %v", jobs)
	}
	if list, err := s.Transcripts(t.Context(), []int64{id}, false); len(list) != 0 || err != nil {
		t.Errorf("transcripts %v, %v", list, err)
	}
	wantStats(t, s, 0, 0)
}

// Each new call is queued, and no repeat and no duplicate.
func newCallsAreQueued(t *testing.T, b Backend) {
	s := b.openQueue(t, t.TempDir())
	first := UploadOf(1)
	first.Call.AudioType = "audio/mpeg"
	id := Put(t, s, first)
	select {
	case <-s.JobsAdded():
	default:
		t.Error("no signal of a new job")
	}
	if again := Put(t, s, first); again != id {
		t.Errorf("a repeat got id %d, want %d", again, id)
	}
	duplicate := UploadOf(1)
	duplicate.SHA256[0]++
	if _, err := s.Put(t.Context(), duplicate); err == nil {
		t.Error("a duplicate was stored")
	}
	second := Put(t, s, UploadOf(2))
	wantStats(t, s, 2, 0)
	wantTranscript(t, s, call.Transcript{CallID: id, State: call.TranscriptWaiting})
	got := claim(t, s, 10, aLease)
	slices.SortFunc(got, func(a, b call.Job) int { return int(a.CallID - b.CallID) })
	want := []call.Job{
		{CallID: id, Attempt: 1, AudioName: "call-1.mp3", AudioType: "audio/mpeg", AudioSize: first.Size},
		{CallID: second, Attempt: 1, AudioName: "call-2.mp3", AudioSize: UploadOf(2).Size},
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("jobs differ (-want +got):\n%s", diff)
	}
	wantStats(t, s, 0, 2)
	wantTranscript(t, s, call.Transcript{CallID: id, State: call.TranscriptRunning, Attempts: 1})
	if more := claim(t, s, 10, aLease); len(more) != 0 {
		t.Errorf("leased again: %v", more)
	}
}

func oldestFirst(t *testing.T, b Backend) {
	s := b.openQueue(t, t.TempDir())
	var ids []int64
	for n := range int64(6) {
		ids = append(ids, Put(t, s, UploadOf(n)))
	}
	for i := 0; i < len(ids); i += 2 {
		got := claim(t, s, 2, aLease)
		slices.SortFunc(got, func(a, b call.Job) int { return int(a.CallID - b.CallID) })
		if len(got) != 2 || got[0].CallID != ids[i] || got[1].CallID != ids[i+1] {
			t.Errorf("claimed %v, want %v", got, ids[i:i+2])
		}
	}
}

func results(t *testing.T, b Backend) {
	s := b.openQueue(t, t.TempDir())
	id := Put(t, s, UploadOf(1))
	other := Put(t, s, UploadOf(2))
	jobs := claim(t, s, 2, aLease)
	if len(jobs) != 2 {
		t.Fatalf("jobs %v", jobs)
	}
	byID := map[int64]call.Job{jobs[0].CallID: jobs[0], jobs[1].CallID: jobs[1]}
	failed := call.JobResult{CallID: other, Attempt: 1, End: call.JobFailed, Engine: "e", Error: "no speech"}
	got := finish(t, s, done(byID[id], "Engine 5 responding"), failed)
	if !slices.Equal(got, []int64{id, other}) {
		t.Errorf("took effect: %v", got)
	}
	wantTranscript(t, s, call.Transcript{
		CallID: id, State: call.TranscriptDone, Engine: "e", Text: "Engine 5 responding", Language: "en", Attempts: 1,
	})
	wantTranscript(t, s, call.Transcript{
		CallID: other, State: call.TranscriptFailed, Engine: "e", Error: "no speech", Attempts: 1,
	})
	wantStats(t, s, 0, 0)
	if more := claim(t, s, 10, aLease); len(more) != 0 {
		t.Errorf("ended jobs are leased again: %v", more)
	}
}

// A call has one transcript, however often it was transcribed.
func oneTranscriptTakesEffect(t *testing.T, b Backend) {
	s := b.openQueue(t, t.TempDir())
	id := Put(t, s, UploadOf(1))
	first := claim(t, s, 1, time.Millisecond)
	eventually(t, "the lease has ended", func() bool {
		second := claim(t, s, 1, aLease)
		return len(second) == 1 && second[0].Attempt == 2
	})
	second := call.Job{CallID: id, Attempt: 2}
	late := call.JobResult{CallID: id, Attempt: 1, End: call.JobFailed, Error: "late"}
	if ids := finish(t, s, late); len(ids) != 0 {
		t.Error("a failure after the lease took effect")
	}
	if ids := finish(t, s, done(first[0], "first")); len(ids) != 1 {
		t.Error("the transcript of the first attempt was lost")
	}
	if ids := finish(t, s, done(second, "second")); len(ids) != 0 {
		t.Error("a second transcript took effect")
	}
	failed := call.JobResult{CallID: id, Attempt: 2, End: call.JobFailed, Error: "no"}
	if ids := finish(t, s, failed); len(ids) != 0 {
		t.Error("a failure replaced a transcript")
	}
	wantTranscript(t, s, call.Transcript{
		CallID: id, State: call.TranscriptDone, Engine: "e", Text: "first", Language: "en", Attempts: 2,
	})
}

func leasesEnd(t *testing.T, b Backend) {
	s := b.openQueue(t, t.TempDir())
	Put(t, s, UploadOf(1))
	for attempt := 1; attempt < 4; attempt++ {
		eventually(t, "the job is leased again", func() bool {
			jobs := claim(t, s, 1, time.Millisecond)
			if len(jobs) == 1 && jobs[0].Attempt != attempt {
				t.Errorf("attempt %d, want %d", jobs[0].Attempt, attempt)
			}
			return len(jobs) == 1
		})
	}
}

func leasesAreExtended(t *testing.T, b Backend) {
	s := b.openQueue(t, t.TempDir())
	Put(t, s, UploadOf(1))
	Put(t, s, UploadOf(2))
	const short = 100 * time.Millisecond // a lease that has ended can be extended while nobody else has the job
	jobs := claim(t, s, 2, short)
	if err := s.ExtendJobs(t.Context(), jobs[:1], aLease); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other lease ends", func() bool { return len(claim(t, s, 2, aLease)) == 1 })
	wantStats(t, s, 0, 2)
	if err := s.ExtendJobs(t.Context(), jobs[1:], time.Millisecond); err != nil { // a lease that was lost
		t.Fatal(err)
	}
	if more := claim(t, s, 2, aLease); len(more) != 0 {
		t.Errorf("a lost lease was changed: %v", more)
	}
}

// A job that was given back is where it was in the queue, and its attempt does not count.
func givenBack(t *testing.T, b Backend) {
	s := b.openQueue(t, t.TempDir())
	id := Put(t, s, UploadOf(1))
	jobs := claim(t, s, 1, aLease)
	Put(t, s, UploadOf(2))
	back := call.JobResult{CallID: id, Attempt: jobs[0].Attempt, End: call.JobGivenBack}
	if ids := finish(t, s, back); len(ids) != 1 {
		t.Error("not given back")
	}
	wantTranscript(t, s, call.Transcript{CallID: id, State: call.TranscriptWaiting})
	if again := claim(t, s, 1, aLease); len(again) != 1 || again[0].CallID != id || again[0].Attempt != 1 {
		t.Errorf("claimed %v", again)
	}
}

func retries(t *testing.T, b Backend) {
	s := b.openQueue(t, t.TempDir())
	id := Put(t, s, UploadOf(1))
	claim(t, s, 1, aLease)
	again := call.JobResult{
		CallID: id, Attempt: 1, End: call.JobRetry, Engine: "e", Error: "busy", After: 50 * time.Millisecond,
	}
	if ids := finish(t, s, again); len(ids) != 1 {
		t.Error("no effect")
	}
	wantTranscript(t, s, call.Transcript{
		CallID: id, State: call.TranscriptWaiting, Engine: "e", Error: "busy", Attempts: 1,
	})
	eventually(t, "the job is due", func() bool {
		jobs := claim(t, s, 1, aLease)
		return len(jobs) == 1 && jobs[0].Attempt == 2
	})
	again.Attempt, again.After = 2, time.Hour
	finish(t, s, again)
	if jobs := claim(t, s, 1, aLease); len(jobs) != 0 {
		t.Errorf("claimed an hour early: %v", jobs)
	}
	wantStats(t, s, 1, 0)
}

// What a server was working on when it was killed is due at once when it starts again, after what waits.
func killedServer(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.mustOpen(t, dir, Options{Transcribe: true})
	first, second := Put(t, s, UploadOf(1)), Put(t, s, UploadOf(2))
	if jobs := claim(t, s, 1, aLease); len(jobs) != 1 || jobs[0].CallID != first {
		t.Fatalf("claimed %v", jobs)
	}
	if err := s.Close(); err != nil { // and gives nothing back
		t.Fatal(err)
	}
	s = b.openQueue(t, dir)
	wantStats(t, s, 2, 0)
	for _, want := range []call.Job{{CallID: second, Attempt: 1}, {CallID: first, Attempt: 2}} {
		jobs := claim(t, s, 1, aLease)
		if len(jobs) != 1 || jobs[0].CallID != want.CallID || jobs[0].Attempt != want.Attempt {
			t.Errorf("claimed %v, want %v", jobs, want)
		}
	}
}

// Retention deletes transcripts and jobs with their calls. Results of calls that are gone have no effect.
func expireJobs(t *testing.T, b Backend) {
	s := b.openQueue(t, t.TempDir())
	var ids []int64
	for n := range int64(3) {
		ids = append(ids, Put(t, s, UploadOf(n)))
	}
	jobs := claim(t, s, 2, aLease)
	finish(t, s, done(jobs[0], "text"))
	if n, err := s.Expire(t.Context(), Noon().Add(time.Hour), 10); n != 3 || err != nil {
		t.Fatalf("deleted %d, %v", n, err)
	}
	wantStats(t, s, 0, 0)
	if list, err := s.Transcripts(t.Context(), ids, true); len(list) != 0 || err != nil {
		t.Errorf("left: %v, %v", list, err)
	}
	if ids := finish(t, s, done(jobs[1], "text")); len(ids) != 0 {
		t.Error("a transcript of a deleted call took effect")
	}
}

// However many claim at the same time, beside calls that are being stored, each call is leased once.
func concurrentClaims(t *testing.T, b Backend) {
	s := b.openQueue(t, t.TempDir())
	const calls = 60
	var mu sync.Mutex
	seen := make(map[int64]int)
	var wg sync.WaitGroup
	wg.Go(func() {
		for n := range int64(calls) {
			if _, err := s.Put(t.Context(), UploadOf(n)); err != nil {
				t.Error(err)
			}
		}
	})
	for range 4 {
		wg.Go(func() {
			for {
				jobs, err := s.ClaimJobs(t.Context(), 3, 3, aLease)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				for _, j := range jobs {
					seen[j.CallID]++
				}
				isComplete := len(seen) == calls
				mu.Unlock()
				for _, j := range jobs {
					effects, err := s.FinishJobs(t.Context(), []call.JobResult{done(j, "text")})
					if len(effects) != 1 || err != nil {
						t.Errorf("%d effects, %v", len(effects), err)
					}
				}
				if isComplete {
					return
				}
			}
		})
	}
	wg.Wait()
	for id, n := range seen {
		if n != 1 {
			t.Errorf("call %d was leased %d times", id, n)
		}
	}
	wantStats(t, s, 0, 0)
}

// What is leased again and again without a result may be what kills servers. A server says how many of those it takes.
func suspects(t *testing.T, b Backend) {
	s := b.openQueue(t, t.TempDir())
	for n := range int64(3) {
		Put(t, s, UploadOf(n))
	}
	lapse := func(attempt int) { // leases all jobs, and lets the leases end
		eventually(t, "all are leased", func() bool {
			jobs := claim(t, s, 3, time.Millisecond)
			for _, j := range jobs {
				if j.Attempt != attempt || j.Suspect {
					t.Errorf("claimed %+v, want attempt %d", j, attempt)
				}
			}
			return len(jobs) == 3
		})
	}
	lapse(1)
	lapse(2)
	fresh := Put(t, s, UploadOf(9))
	eventually(t, "the leases have ended", func() bool {
		st, err := s.JobStats(t.Context())
		return err == nil && st.Waiting == 4 && st.Running == 0
	})
	if jobs, err := s.ClaimJobs(t.Context(), 4, 0, aLease); err != nil || len(jobs) != 1 || jobs[0].CallID != fresh {
		t.Errorf("claimed %+v, %v; want the call that is no suspect", jobs, err)
	}
	jobs, err := s.ClaimJobs(t.Context(), 4, 1, aLease)
	if err != nil || len(jobs) != 1 || !jobs[0].Suspect || jobs[0].Attempt != 3 {
		t.Fatalf("claimed %+v, %v; want one suspect", jobs, err)
	}
	finish(t, s, call.JobResult{CallID: jobs[0].CallID, Attempt: 3, End: call.JobRetry, Error: "busy"})
	again, err := s.ClaimJobs(t.Context(), 4, 0, aLease)
	if err != nil || len(again) != 1 || again[0].CallID != jobs[0].CallID || again[0].Suspect {
		t.Errorf("claimed %+v, %v; want the one that has had a result", again, err)
	}
}

// A batch may have results of two attempts at a call.
func twoResultsOfOneCall(t *testing.T, b Backend) {
	s := b.openQueue(t, t.TempDir())
	id := Put(t, s, UploadOf(1))
	first := claim(t, s, 1, time.Millisecond)
	eventually(t, "the lease has ended", func() bool { return len(claim(t, s, 1, aLease)) == 1 })
	failed := call.JobResult{CallID: id, Attempt: 2, End: call.JobFailed, Error: "no"}
	effects, err := s.FinishJobs(t.Context(), []call.JobResult{done(first[0], "first"), failed})
	if err != nil || len(effects) != 1 || effects[0].End != call.JobDone {
		t.Errorf("%+v, %v; want the transcript's effect alone", effects, err)
	}
}

func longAudioIsTranscribed(t *testing.T, b Backend) {
	dir := t.TempDir()
	s := b.openQueue(t, dir)
	u := Spooled(t, dir, UploadOf(1))
	id := Put(t, s, u)
	if jobs := claim(t, s, 1, aLease); len(jobs) != 1 || jobs[0].CallID != id || jobs[0].AudioSize != u.Size {
		t.Errorf("claimed %v", jobs)
	}
}
