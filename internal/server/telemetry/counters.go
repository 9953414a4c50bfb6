package telemetry

import (
	"net/http"
	"sync/atomic"
	"time"

	"rdiostress/internal/server/call"
)

// Stats counts uploads by result since the server was created.
type Stats struct {
	Reading       int   `json:"reading"`        // uploads being read now
	Accepted      int64 `json:"accepted"`       // uploads stored
	Duplicates    int64 `json:"duplicates"`     // uploads dropped as duplicates, also with 200
	Refused       int64 `json:"refused"`        // uploads refused because of their content: 4xx
	Busy          int64 `json:"busy"`           // uploads refused for lack of room: 503
	Failed        int64 `json:"failed"`         // uploads that failed in the server: 500 and 507
	DroppedFields int64 `json:"dropped_fields"` // optional call fields that could not be read
	CutFields     int64 `json:"cut_fields"`     // optional call fields that were cut because they were too long
}

// Counters counts uploads. It is safe for concurrent use and takes no lock. Create it with NewCounters.
type Counters struct {
	accepted, duplicates, refused, busy, failed, droppedFields, cutFields atomic.Int64

	tests    atomic.Int64            // connection tests
	unknown  atomic.Int64            // rate limits that could not be looked up
	response atomic.Int64            // total time of the accepted uploads in ns
	causes   [numCauses]atomic.Int64 // refused uploads

	read   *call.Distribution // from the request's header to the form's end, without the wait for a worker
	queue  *call.Distribution // wait for a worker
	commit *call.Distribution // in the store, including its queue
	total  *call.Distribution
}

// stageBounds returns the bucket bounds for the duration of an upload's stage, in seconds.
func stageBounds() []float64 {
	return []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
}

// NewCounters returns counters at zero.
func NewCounters() *Counters {
	bounds := stageBounds()
	return &Counters{
		read: call.NewDistribution(bounds...), queue: call.NewDistribution(bounds...),
		commit: call.NewDistribution(bounds...),
		total:  call.NewDistribution(bounds...),
	}
}

// Times holds how long the stages of an upload took.
type Times struct {
	Received time.Duration // from the request's header to the form's end
	Waited   time.Duration // wait for a worker, part of Received
	Total    time.Duration // until it was stored
}

// Accept counts an upload that was stored.
func (c *Counters) Accept(t Times) {
	c.accepted.Add(1)
	c.response.Add(int64(t.Total))
	c.read.Observe((t.Received - t.Waited).Seconds())
	c.queue.Observe(t.Waited.Seconds())
	c.commit.Observe((t.Total - t.Received).Seconds())
	c.total.Observe(t.Total.Seconds())
}

// Duplicate counts an upload that was dropped as a duplicate.
func (c *Counters) Duplicate() { c.duplicates.Add(1) }

// Test counts a connection test.
func (c *Counters) Test() { c.tests.Add(1) }

// LimitUnknown counts a rate limit of an upload that could not be looked up.
func (c *Counters) LimitUnknown() { c.unknown.Add(1) }

// Drop counts optional fields that could not be read.
func (c *Counters) Drop(fields int) { c.droppedFields.Add(int64(fields)) }

// Cut counts optional fields that were too long.
func (c *Counters) Cut(fields int) { c.cutFields.Add(int64(fields)) }

// Refuse counts an upload that got an HTTP status other than 200.
func (c *Counters) Refuse(cause Cause, status int) {
	c.causes[cause].Add(1)
	switch {
	case status == http.StatusServiceUnavailable:
		c.busy.Add(1)
	case status >= http.StatusInternalServerError:
		c.failed.Add(1)
	default:
		c.refused.Add(1)
	}
}

// Stats returns the current counts, except the uploads that are being read.
func (c *Counters) Stats() Stats {
	return Stats{
		Accepted: c.accepted.Load(), Duplicates: c.duplicates.Load(), Refused: c.refused.Load(), Busy: c.busy.Load(),
		Failed: c.failed.Load(), DroppedFields: c.droppedFields.Load(), CutFields: c.cutFields.Load(),
	}
}

// faults returns the refusals that count as errors. A wrong key, or too many uploads with a valid one, is not a sign of
// trouble.
func (c *Counters) faults() (n int64) {
	for cause := range numCauses {
		if cause != CauseKey && cause != CauseScope && cause != CauseRate {
			n += c.causes[cause].Load()
		}
	}
	return n
}

// Cause is the reason why an upload was refused.
type Cause int

// Causes of refusals.
const (
	CauseMalformed  Cause = iota // the form or a value in it is malformed
	CauseIncomplete              // a required field is missing
	CauseCutOff                  // the connection broke
	CauseSlow                    // below the minimum rate
	CauseTooLarge                // the upload, or a part of its form
	CauseKey                     // unknown, expired, or from another address
	CauseScope                   // the key is for other calls
	CauseRate                    // over the rate limit
	CauseLimiter                 // the rate limit cannot be looked up
	CauseQueue                   // too many uploads wait for a worker or for the store
	CauseMemory                  // no memory for more uploads
	CauseFiles                   // no more files of long audio may be opened
	CauseStopping                // the server is stopping
	CauseDatabase                // the database is unavailable
	CauseAudio                   // the store of long audio is away
	CauseDisk                    // the disk is full
	CauseInternal                // a fault of the server
	numCauses
)

func (c Cause) String() string {
	return [numCauses]string{
		"malformed", "incomplete", "cut_off", "slow", "too_large", "key", "scope", "rate_limit", "rate_limiter",
		"queue_full", "memory", "open_files", "stopping", "database", "audio_store", "disk_full", "internal",
	}[c]
}
