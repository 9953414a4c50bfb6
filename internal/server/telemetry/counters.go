package telemetry

import (
	"net/http"
	"sync/atomic"
	"time"

	"rdiostress/internal/server/call"
)

// Stats count what became of uploads since the server was made.
type Stats struct {
	Reading       int   `json:"reading"`        // uploads being read now
	Accepted      int64 `json:"accepted"`       // uploads stored
	Duplicates    int64 `json:"duplicates"`     // uploads dropped as duplicates: 200 too
	Refused       int64 `json:"refused"`        // uploads refused for what they are: 4xx
	Busy          int64 `json:"busy"`           // uploads refused because there was no room: 503
	Failed        int64 `json:"failed"`         // uploads that failed here: 500 and 507
	DroppedFields int64 `json:"dropped_fields"` // optional fields of calls that could not be read
	CutFields     int64 `json:"cut_fields"`     // optional fields of calls that were too long to be kept whole
}

// Counters count uploads. They may be used concurrently, and take no lock. Make them with NewCounters.
type Counters struct {
	accepted, duplicates, refused, busy, failed, droppedFields, cutFields atomic.Int64

	tests    atomic.Int64            // connection tests
	response atomic.Int64            // ns that the accepted took together
	causes   [numCauses]atomic.Int64 // refused uploads

	read   *call.Distribution // from the request's header to the form's end, without waiting for a worker
	queue  *call.Distribution // waiting for a worker
	commit *call.Distribution // in the store, its own queue included
	total  *call.Distribution
}

// stageBounds are the buckets of how long a stage of an upload took, in seconds.
func stageBounds() []float64 {
	return []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
}

// NewCounters returns counters of nothing yet.
func NewCounters() *Counters {
	bounds := stageBounds()
	return &Counters{
		read: call.NewDistribution(bounds...), queue: call.NewDistribution(bounds...),
		commit: call.NewDistribution(bounds...),
		total:  call.NewDistribution(bounds...),
	}
}

// Times are how long the stages of an upload took.
type Times struct {
	Received time.Duration // from the request's header to the form's end
	Waited   time.Duration // of that, for a worker
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

// Drop counts optional fields that could not be read.
func (c *Counters) Drop(fields int) { c.droppedFields.Add(int64(fields)) }

// Cut counts optional fields that were too long.
func (c *Counters) Cut(fields int) { c.cutFields.Add(int64(fields)) }

// Refuse counts an upload that was answered with an HTTP status other than 200.
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

// Stats returns the counts as they are now, without those being read.
func (c *Counters) Stats() Stats {
	return Stats{
		Accepted: c.accepted.Load(), Duplicates: c.duplicates.Load(), Refused: c.refused.Load(), Busy: c.busy.Load(),
		Failed: c.failed.Load(), DroppedFields: c.droppedFields.Load(), CutFields: c.cutFields.Load(),
	}
}

// faults are the refusals that count as errors. A wrong key, or too many uploads with a good one, is no sign of
// trouble.
func (c *Counters) faults() (n int64) {
	for cause := range numCauses {
		if cause != CauseKey && cause != CauseScope && cause != CauseRate {
			n += c.causes[cause].Load()
		}
	}
	return n
}

// Cause is why an upload was refused.
type Cause int

// The causes.
const (
	CauseMalformed  Cause = iota // the form, or a value in it
	CauseIncomplete              // a required field is missing
	CauseCutOff                  // the connection broke
	CauseSlow                    // below the least rate
	CauseTooLarge                // the upload, or a part of its form
	CauseKey                     // unknown, expired, or from elsewhere
	CauseScope                   // the key is for something else
	CauseRate                    // over the rate
	CauseQueue                   // too many wait for a worker or to be stored
	CauseMemory                  // no memory for more uploads
	CauseFiles                   // no file for long audio may be opened
	CauseStopping                // the server is being stopped
	CauseDatabase                // the database is unavailable
	CauseDisk                    // the disk is full
	CauseInternal                // a fault of the server
	numCauses
)

func (c Cause) String() string {
	return [numCauses]string{
		"malformed", "incomplete", "cut_off", "slow", "too_large", "key", "scope", "rate_limit", "queue_full", "memory",
		"open_files",
		"stopping", "database", "disk_full", "internal",
	}[c]
}
