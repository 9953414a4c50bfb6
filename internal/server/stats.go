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
}

// counters are the Stats as they are counted.
type counters struct {
	accepted, duplicates, refused, busy, failed, droppedFields atomic.Int64
}

// count counts an upload that was refused with status.
func (c *counters) count(status int) {
	switch {
	case status == http.StatusServiceUnavailable:
		c.busy.Add(1)
	case status >= 500:
		c.failed.Add(1)
	default:
		c.refused.Add(1)
	}
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
	}
}
