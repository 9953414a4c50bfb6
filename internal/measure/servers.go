package measure

import "time"

// MaxServers is how many servers a run can drive at once.
const MaxServers = 16

// ServerTotals are the uploads to one of several servers in the scored phases of a run. A call counts once, with the
// server that got its last attempt.
type ServerTotals struct {
	URL         string   `json:"url"`
	Server      string   `json:"server,omitempty"` // the recognised server; absent if not recognised
	Attempted   uint64   `json:"attempted"`
	Accepted    uint64   `json:"accepted"`
	Failed      uint64   `json:"failed"`
	SuccessRate *float64 `json:"success_rate,omitempty"` // absent where nothing was attempted
	UploadsPerS float64  `json:"uploads_per_s"`          // attempted per second
	// FailedAttempts counts the attempts after which calls were sent again, often to another server.
	FailedAttempts uint64        `json:"failed_attempts,omitempty"`
	Errors         Errors        `json:"errors"`
	ErrorDetails   []ErrorDetail `json:"error_details"`
	Latency        Distribution  `json:"latency"`         // response time of accepted uploads, from when they were due
	Watch          *ServerWatch  `json:"watch,omitempty"` // absent if one server was named to be watched, or none
}

// ServerWatch is what was seen of one of several servers during the run.
type ServerWatch struct {
	Process    string       `json:"process,omitempty"`
	PID        int          `json:"pid,omitempty"`
	CPUSPerS   *float64     `json:"cpu_s_per_s,omitempty"` // processors kept busy, in the mean
	RSSBytes   *float64     `json:"rss_bytes,omitempty"`   // the most memory
	MemoryKind string       `json:"memory_kind,omitempty"` // as in Watch
	QueueCalls *float64     `json:"queue_calls,omitempty"` // the longest queue of uploads, by its own figures
	Events     []WatchEvent `json:"events,omitempty"`      // for example that it ended
	// Why signals are absent, by their names.
	Absent map[string]string `json:"absent,omitempty"`
}

// serverTally is what was recorded of one server. It lasts for the whole run, so that its memory does not grow.
type serverTally struct {
	attempted, accepted, leftOut uint64
	retried                      uint64
	last                         time.Duration // when the last upload was done
	failures                     failureKinds
	response                     *Histogram // of accepted uploads
}

// CountServers makes the recorder count the uploads of each of n servers. It is called before the first outcome.
func (r *Recorder) CountServers(n int) {
	for i := range r.shards {
		r.shards[i].servers = make([]*serverTally, n)
	}
}

// serverOf returns the tally of the server of an outcome; nil if servers are not told apart, or if the phase of the
// outcome is not scored. The shard must be locked.
func (s *Shard) serverOf(o *Outcome) *serverTally {
	if len(s.servers) == 0 || s.scored&(1<<o.Phase) == 0 {
		return nil
	}
	t := s.servers[o.Server]
	if t == nil {
		t = &serverTally{response: NewHistogram()}
		s.servers[o.Server] = t
	}
	return t
}

func (t *serverTally) add(o *Outcome) {
	t.attempted++
	t.last = max(t.last, o.Done)
	switch {
	case o.Class != Accepted:
		t.failures.add(o)
		return
	case o.HeldUp:
		t.leftOut++
	default:
		t.response.Record(o.Response())
	}
	t.accepted++
}

func (t *serverTally) merge(o *serverTally) {
	t.attempted += o.attempted
	t.accepted += o.accepted
	t.leftOut += o.leftOut
	t.retried += o.retried
	t.last = max(t.last, o.last)
	t.failures.merge(o.failures)
	t.response.Merge(o.response)
}

// serverTotals sums up each server, after the last outcome; nil if servers are not told apart. Rates are per second of
// sending, which ended at a time, and of waiting for the last reply.
func (r *Recorder) serverTotals(sending, end time.Duration) (all []ServerTotals) {
	for i := range r.shards[0].servers {
		sum := serverTally{response: NewHistogram()}
		for j := range r.shards {
			s := &r.shards[j]
			s.mu.Lock()
			if t := s.servers[i]; t != nil {
				sum.merge(t)
			}
			s.mu.Unlock()
		}
		all = append(all, sum.report(sending, end))
	}
	return all
}

func (t *serverTally) report(sending, end time.Duration) ServerTotals {
	counts := tally{last: t.last}
	counts.attempted, counts.accepted = t.attempted, t.accepted
	totals := counts.totals(sending, end)
	out := ServerTotals{
		Attempted: t.attempted, Accepted: t.accepted, Failed: totals.Failed, SuccessRate: totals.SuccessRate,
		UploadsPerS: totals.UploadsPerS, FailedAttempts: t.retried,
	}
	out.Errors, out.ErrorDetails = ReportFailures(t.failures)
	out.Latency = t.response.Distribution(noAccepted(t.leftOut))
	out.Latency.LeftOut = t.leftOut
	return out
}
