package call

import (
	"context"
	"time"
)

// TranscriptState says how far the transcription of a call is.
type TranscriptState string

// States of a transcription, by their names in the API.
const (
	TranscriptWaiting TranscriptState = "waiting" // for a worker, or for another attempt
	TranscriptRunning TranscriptState = "running"
	TranscriptDone    TranscriptState = "done"
	TranscriptFailed  TranscriptState = "failed" // given up
)

// Transcript is what is known of a call's transcription. Unknown fields are zero.
type Transcript struct {
	CallID         int64
	State          TranscriptState
	Engine         string // of the last attempt that has ended
	Text, Language string
	Attempts       int
	Queued         time.Time // when the call was stored
	Completed      time.Time // when the transcription was done or given up
	Error          string    // of the last attempt; one line
	Read           time.Time // when this was read, by the clock that Queued and Completed are by
}

// Job is a call to be transcribed, on a lease.
type Job struct {
	CallID               int64
	Attempt              int // from 1; every lease counts, except those that were given back
	AudioName, AudioType string
	AudioSize            int64

	// Suspect means that servers were killed or cut off while they had the job: at least two leases have ended without
	// a result, or one after other attempts. Perhaps it is what kills them.
	Suspect bool
}

// JobEnd says how an attempt ended.
type JobEnd int

// Ends of an attempt.
const (
	JobDone      JobEnd = iota // Text is the transcript
	JobRetry                   // to be tried again
	JobFailed                  // not to be tried again
	JobGivenBack               // not tried; the attempt does not count
)

// JobResult is the result of an attempt.
type JobResult struct {
	CallID         int64
	Attempt        int // of the Job
	End            JobEnd
	Engine         string
	Text, Language string
	Error          string        // one line
	After          time.Duration // when to try again, from now
}

// JobEffect is a JobResult that took effect.
type JobEffect struct {
	CallID int64
	End    JobEnd
	Delay  time.Duration // since the call was stored
}

// States of a transcription in a database.
const (
	StateWaiting = iota
	StateRunning // on a lease, which may have ended
	StateDone
	StateFailed
)

// TranscriptStateOf returns the state that a database has.
func TranscriptStateOf(state int) TranscriptState {
	switch state {
	case StateRunning:
		return TranscriptRunning
	case StateDone:
		return TranscriptDone
	case StateFailed:
		return TranscriptFailed
	default:
		return TranscriptWaiting
	}
}

// JobStats says how many jobs are in a queue.
type JobStats struct {
	Waiting   int64 // a job whose lease has ended waits
	Running   int64
	Elsewhere int64         // of Waiting: those whose audio only another server has
	Oldest    time.Duration // age of the oldest waiting job that is not elsewhere; 0 if there is none
}

// Jobs is a durable queue of the calls that are to be transcribed. A store that transcribes adds a call to it in the
// transaction that stores the call. Implementations are safe for concurrent use.
//
// A job is leased, to one server at a time. If the server does not extend the lease, because it was killed for example,
// the job is leased again once the lease has ended, or when the server starts again. So a job may be worked on more
// than once, but only one result takes effect: a stored transcript is never replaced.
type Jobs interface {
	// ClaimJobs leases at most n jobs that are due, those that have waited longest first, and at most so many suspects
	// among them. It writes nothing if no job is due.
	ClaimJobs(ctx context.Context, n, suspects int, lease time.Duration) ([]Job, error)
	// ExtendJobs extends the leases of jobs. It skips jobs whose lease was lost.
	ExtendJobs(ctx context.Context, jobs []Job, lease time.Duration) error
	// FinishJobs stores results, and returns those that took effect. A transcript takes effect unless the call has one
	// already; any other result takes effect only while its lease lasts. What took effect survives any crash.
	FinishJobs(ctx context.Context, results []JobResult) ([]JobEffect, error)
	// JobStats counts jobs. That takes longer with more of them.
	JobStats(ctx context.Context) (JobStats, error)
	// JobsAdded returns a channel that has a value after this server has added jobs. Other servers may add jobs, too.
	JobsAdded() <-chan struct{}
}

// TranscriptionStats are statistics of the transcription by this server. The queue may be shared with other servers.
type TranscriptionStats struct {
	Engine  string
	Workers int

	Queue  JobStats
	Absent string // why Queue is not known; empty means that it is

	Done   int64 // transcripts stored
	Failed int64 // attempts that failed
	Dead   int64 // calls given up

	Delays Histogram // seconds from a call being stored to its transcript being stored
}
