package server

import (
	"net/http"
	"sync/atomic"
)

// Stats count what became of uploads and requests since the server was made.
type Stats struct {
	Reading       int   `json:"reading"`        // uploads in hand now
	Accepted      int64 `json:"accepted"`       // uploads stored
	Duplicates    int64 `json:"duplicates"`     // uploads dropped as duplicates: 200 too
	Refused       int64 `json:"refused"`        // uploads refused for what they are: 4xx
	Busy          int64 `json:"busy"`           // uploads refused for want of room: 503
	Failed        int64 `json:"failed"`         // uploads that failed here: 500 and 507
	DroppedFields int64 `json:"dropped_fields"` // optional fields of calls that could not be read
	CutFields     int64 `json:"cut_fields"`     // optional fields of calls that were too long to be kept whole
}

// counters are the Stats as they are counted.
type counters struct {
	accepted, duplicates, refused, busy, failed, droppedFields, cutFields atomic.Int64

	tests    atomic.Int64             // connection tests
	response atomic.Int64             // ns that the accepted took together
	refusals [numReasons]atomic.Int64 // by why
}

// count counts an upload that was refused.
func (c *counters) count(re *refusal) {
	c.refusals[reasonOf(re)].Add(1)
	switch status := re.status; {
	case status == http.StatusServiceUnavailable:
		c.busy.Add(1)
	case status >= 500:
		c.failed.Add(1)
	default:
		c.refused.Add(1)
	}
}

// faults are the refusals that count as errors. A wrong key, or too many uploads with a good one, is no sign of trouble.
func (c *counters) faults() (n int64) {
	for why := range numReasons {
		if why != reasonKey && why != reasonScope && why != reasonRate {
			n += c.refusals[why].Load()
		}
	}
	return n
}

// reason is why an upload was refused.
type reason int

// The reasons.
const (
	reasonMalformed  reason = iota // the form, or a value in it
	reasonIncomplete               // a required field is missing
	reasonCutOff                   // the connection broke
	reasonSlow                     // below the least rate
	reasonTooLarge                 // the upload, or a part of its form
	reasonKey                      // unknown, expired, or from elsewhere
	reasonScope                    // a good key for something else
	reasonRate                     // over the rate
	reasonQueue                    // too many wait for a worker or to be stored
	reasonMemory                   // no memory for more uploads
	reasonFiles                    // no file for long audio may be opened
	reasonStopping                 // the server is being stopped
	reasonDatabase                 // the database is unavailable
	reasonDisk                     // the disk is full
	reasonInternal                 // a fault of the server
	numReasons
)

func (r reason) String() string {
	return [numReasons]string{
		"malformed", "incomplete", "cut_off", "slow", "too_large", "key", "scope", "rate_limit", "queue_full", "memory", "open_files", "stopping",
		"database", "disk_full", "internal",
	}[r]
}

// reasonOf tells the refusals of uploads apart.
func reasonOf(re *refusal) reason {
	switch re {
	case errCutOff:
		return reasonCutOff
	case errBusy:
		return reasonQueue
	case errNoMemory:
		return reasonMemory
	case errNoFiles:
		return reasonFiles
	case errStopping:
		return reasonStopping
	}
	why, ok := map[int]reason{
		http.StatusExpectationFailed:     reasonIncomplete,
		http.StatusRequestTimeout:        reasonSlow,
		http.StatusRequestEntityTooLarge: reasonTooLarge,
		http.StatusUnauthorized:          reasonKey,
		http.StatusForbidden:             reasonScope,
		http.StatusTooManyRequests:       reasonRate,
		http.StatusServiceUnavailable:    reasonDatabase,
		http.StatusInsufficientStorage:   reasonDisk,
		http.StatusInternalServerError:   reasonInternal,
	}[re.status]
	if !ok {
		return reasonMalformed
	}
	return why
}

// Stats returns the counts as they are now.
func (s *Server) Stats() Stats {
	return Stats{
		Reading:       int(s.admission.uploads.Load()),
		Accepted:      s.stats.accepted.Load(),
		Duplicates:    s.stats.duplicates.Load(),
		Refused:       s.stats.refused.Load(),
		Busy:          s.stats.busy.Load(),
		Failed:        s.stats.failed.Load(),
		DroppedFields: s.stats.droppedFields.Load(),
		CutFields:     s.stats.cutFields.Load(),
	}
}
